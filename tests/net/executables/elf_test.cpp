#include "net/executables/elf.hpp"

#include "dataflow/error.hpp"
#include "tests/net/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <elf.h>
#include <fstream>
#include <string_view>
#include <vector>

namespace crema::net {

namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The beginning of this test program, which runs here.
std::vector<std::byte> own_head() {
  std::vector<std::byte> head(16 << 10);
  std::ifstream{"/proc/self/exe", std::ios::binary}.read(reinterpret_cast<char*>(head.data()),
                                                         static_cast<std::streamsize>(head.size()));
  return head;
}

std::string refusal(std::span<const std::byte> executable) {
  try {
    require_runnable(executable, own_head());
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::unsupported);
    return e.text();
  }
  return "none";
}

} // namespace

TEST(Elf, TakesAnExecutableOfThisMachine) {
  EXPECT_EQ(refusal(own_head()), "none");
  EXPECT_NO_THROW(require_runnable("/proc/self/exe"));
}

TEST(Elf, NamesWhatIsNoExecutable) {
  const std::string_view script = "#!/bin/sh\nexit 0\n";
  EXPECT_THAT(refusal(std::as_bytes(std::span{script})), HasSubstr("is no ELF file"));
  EXPECT_THAT(refusal({}), HasSubstr("is no ELF file"));
  temporary_directory folder;
  EXPECT_THROW(require_runnable(folder.path("none")), error);
}

TEST(Elf, NamesBothProcessorsWhereTheyDiffer) {
  auto head = own_head();
  const std::uint16_t other = EM_S390;
  std::memcpy(head.data() + offsetof(Elf64_Ehdr, e_machine), &other, sizeof other);
  EXPECT_THAT(refusal(head), AllOf(HasSubstr("another processor (s390, 64 bits)"), HasSubstr("this machine's (")));
  const std::uint16_t unknown = 4711;
  std::memcpy(head.data() + offsetof(Elf64_Ehdr, e_machine), &unknown, sizeof unknown);
  EXPECT_THAT(refusal(head), HasSubstr("machine 4711"));
  head = own_head();
  head[EI_CLASS] = std::byte{ELFCLASS32};
  EXPECT_THAT(refusal(head), HasSubstr("32 bits"));
}

TEST(Elf, NamesTheLoaderThatIsNotHere) {
  auto head = own_head();
  const std::string_view text{reinterpret_cast<const char*>(head.data()), head.size()};
  const auto loader = text.find("/lib");
  ASSERT_NE(loader, std::string_view::npos);
  head[loader + 1] = std::byte{'L'};
  EXPECT_THAT(refusal(head), AllOf(HasSubstr("'/Lib"), HasSubstr("another C library")));
}

TEST(Elf, ReadsNothingBeyondWhatIsThere) {
  const auto head = own_head();
  for (std::size_t length = 0; length < 1024; ++length) // a header that announces segments which are cut off
    refusal(std::vector<std::byte>{head.begin(), head.begin() + static_cast<std::ptrdiff_t>(length)});
}

} // namespace crema::net
