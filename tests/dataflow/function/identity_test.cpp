#include "dataflow/function/identity.hpp"

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/error.hpp"

#include <cstdio>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <time.h>

namespace crema::internal {
namespace {

int twice(int x) {
  return 2 * x;
}
const int constant = 42;

const void* address_of(int (*f)(int)) {
  return reinterpret_cast<const void*>(f);
}

template <class Call>
error failure_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e;
  }
  return {errc::internal, "nothing was thrown"};
}

TEST(Identity, NamesAFunctionOfThisExecutableByItsOffset) {
  const auto place = locate(address_of(&twice));
  EXPECT_EQ(place.object, "");
  EXPECT_EQ(place.build_id, "");
  EXPECT_EQ(resolve(place, segment::code, 1), address_of(&twice));
}

TEST(Identity, NamesAFunctionOfALibraryByLibraryAndOffset) {
  const auto* function = reinterpret_cast<const void*>(&::timegm);
  const auto place = locate(function);
  EXPECT_THAT(place.object, testing::HasSubstr("libc.so"));
  EXPECT_EQ(resolve(place, segment::code, 1), function);
}

TEST(Identity, SurvivesARoundTripThroughBytes) {
  for (const auto* address : {address_of(&twice), reinterpret_cast<const void*>(&::timegm)}) {
    byte_writer out;
    encode_address(address, out);
    byte_reader in{out.bytes()};
    EXPECT_EQ(decode_address(in, segment::code, 1), address);
    EXPECT_EQ(in.remaining(), 0U);
  }
}

TEST(Identity, RefusesAddressesOutsideOfLoadedObjects) {
  int local = 0;
  const auto e = failure_of([&] { locate(&local); });
  EXPECT_EQ(e.code(), errc::not_portable);
  EXPECT_THAT(e.text(), testing::HasSubstr("neither in this program"));
}

TEST(Identity, RefusesALibraryOfAnotherBuildAndNamesBoth) {
  auto place = locate(reinterpret_cast<const void*>(&::timegm));
  const auto ours = place.build_id;
  place.build_id = "0badc0de";
  const auto e = failure_of([&] { resolve(place, segment::code, 1); });
  EXPECT_EQ(e.code(), errc::not_portable);
  EXPECT_THAT(e.text(), testing::AllOf(testing::HasSubstr("'0badc0de'"), testing::HasSubstr("'" + ours + "'")));
}

TEST(Identity, RefusesALibraryThatIsNotLoaded) {
  const auto e = failure_of([] { resolve({"libabsent.so.1", "", 16}, segment::code, 1); });
  EXPECT_EQ(e.code(), errc::not_portable);
  EXPECT_THAT(e.text(), testing::HasSubstr("libabsent.so.1"));
}

TEST(Identity, RefusesOffsetsThatLeaveTheImage) {
  for (const std::uint64_t offset : {std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{0} / 2}) {
    const auto e = failure_of([&] { resolve({"", "", offset}, segment::data, 8); });
    EXPECT_EQ(e.code(), errc::corrupt_data) << offset;
  }
}

TEST(Identity, RefusesToTakeDataForCode) {
  const auto place = locate(&constant);
  EXPECT_EQ(resolve(place, segment::data, sizeof constant), &constant);
  EXPECT_EQ(failure_of([&] { resolve(place, segment::code, 1); }).code(), errc::corrupt_data);
}

TEST(Identity, ReadsTheBuildIdThatIsInTheFile) {
  if (build_id().starts_with("xxh3:")) {
    EXPECT_EQ(build_id(), file_hash("/proc/self/exe"));
    return;
  }
  std::string id;
  for (std::size_t i = 0; i + 1 < build_id().size(); i += 2)
    id += static_cast<char>(std::stoi(build_id().substr(i, 2), nullptr, 16));
  // The note itself: name size 4, content size, type 3, "GNU\0", content.
  const std::string note =
    std::string{"\4\0\0\0", 4} + static_cast<char>(id.size()) + std::string{"\0\0\0\3\0\0\0GNU\0", 11} + id;
  std::string file;
  auto* self = std::fopen("/proc/self/exe", "rb");
  ASSERT_NE(self, nullptr);
  char chunk[4096];
  while (const auto n = std::fread(chunk, 1, sizeof chunk, self))
    file.append(chunk, n);
  std::fclose(self);
  EXPECT_NE(file.find(note), std::string::npos);
}

TEST(Identity, HashesAFileWithoutABuildId) {
  const auto path = testing::TempDir() + "crema_identity_test";
  auto* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  std::fclose(file);
  // XXH3-128 of nothing, as its documentation gives it.
  EXPECT_EQ(file_hash(path.c_str()), "xxh3:99aa06d3014798d86001c324468d497f");
  std::remove(path.c_str());
  EXPECT_EQ(failure_of([&] { file_hash(path.c_str()); }).code(), errc::io_failure);
}

TEST(Identity, ReportsAMismatchWithBothBuildIds) {
  EXPECT_NO_THROW(require_build_id(build_id(), "worker 1"));
  const auto e = failure_of([] { require_build_id("feedface", "worker 1"); });
  EXPECT_EQ(e.code(), errc::not_portable);
  EXPECT_THAT(e.text(), testing::AllOf(testing::HasSubstr("worker 1 runs build feedface"),
                                       testing::HasSubstr("this process runs build " + build_id())));
}

} // namespace
} // namespace crema::internal
