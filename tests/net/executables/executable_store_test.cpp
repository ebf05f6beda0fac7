#include "net/executables/executable_store.hpp"

#include "dataflow/error.hpp"
#include "tests/net/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace crema::net {

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t much = 1 << 20;

std::span<const std::byte> bytes_of(const std::string& content) {
  return std::as_bytes(std::span{content});
}

executable_id id_of(const std::string& content) {
  sha256 hash;
  hash.add(bytes_of(content));
  return {hash.finish(), content.size()};
}

stored_executable put(const executable_store& store, const std::string& content) {
  auto transfer = store.receive(id_of(content));
  transfer.add(bytes_of(content));
  return std::move(transfer).finish();
}

std::string failure(errc expected, const std::function<void()>& call) {
  try {
    call();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), expected) << e.what();
    return e.text();
  }
  ADD_FAILURE() << "no error";
  return {};
}

class ExecutableStore : public testing::Test {
protected:
  executable_store open(std::uint64_t limit = much) const { return {path, limit}; }

  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& each : std::filesystem::directory_iterator{path})
      found.push_back(each.path().filename());
    return found;
  }

  /// As if it had last been used so long ago.
  void age(const std::string& content, std::chrono::hours by) const {
    const auto then = std::filesystem::file_time_type::clock::now() - by;
    std::filesystem::last_write_time(path + '/' + id_of(content).sha256, then);
  }

  temporary_directory root;
  std::string path = root.path("executables");
};

/// Mounts need a namespace of their own, and so a process; its exit status says what came of it.
constexpr int no_rights = 77;

int in_own_mount_namespace(const std::function<bool()>& check) {
  const auto child = ::fork();
  if (child == 0) {
    const bool may = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    ::_exit(!may ? no_rights : check() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string text_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const error& e) {
    return e.what();
  }
  return {};
}

} // namespace

TEST(Sha256, IsTheStandardsOne) {
  sha256 hash;
  hash.add(bytes_of("a"));
  hash.add(bytes_of("bc"));
  EXPECT_EQ(hash.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(is_sha256(std::string(64, 'a')));
  EXPECT_FALSE(is_sha256(std::string(64, 'A')));
  EXPECT_FALSE(is_sha256("../" + std::string(61, 'a')));
  EXPECT_FALSE(is_sha256(std::string(63, 'a')));
}

TEST_F(ExecutableStore, KeepsWhatCameByItsContent) {
  const auto store = open();
  EXPECT_FALSE(store.find(id_of("program")));
  EXPECT_EQ(read_file(put(store, "program").path()), "program");
  const auto again = open().find(id_of("program"));
  ASSERT_TRUE(again);
  struct stat status {};
  ASSERT_EQ(::stat(again->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0500U);
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(ExecutableStore, ShowsNothingOfATransferThatIsNotWhole) {
  const auto store = open();
  {
    auto transfer = store.receive(id_of("program"));
    transfer.add(bytes_of("prog"));
    EXPECT_FALSE(transfer.complete());
    EXPECT_FALSE(store.find(id_of("program")));
    EXPECT_THAT(failure(errc::corrupt_data, [&] { std::move(transfer).finish(); }),
                HasSubstr("only 4 bytes came of the 7"));
  }
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ExecutableStore, SweepsWhatACrashLeftAndNotWhatIsOnItsWay) {
  const auto store = open();
  auto transfer = store.receive(id_of("program"));
  write_file(path + "/.part-crashd", "prog");
  const auto other = open(); // as another node of this machine does
  EXPECT_THAT(files(), SizeIs(1));
  transfer.add(bytes_of("program"));
  EXPECT_EQ(read_file(std::move(transfer).finish().path()), "program");
}

TEST_F(ExecutableStore, RefusesOtherBytesThanWereAnnounced) {
  const auto store = open();
  EXPECT_THAT(failure(errc::corrupt_data,
                      [&] {
                        auto transfer = store.receive(id_of("program"));
                        transfer.add(bytes_of("problem"));
                        std::move(transfer).finish();
                      }),
              AllOf(HasSubstr(id_of("program").sha256), HasSubstr(id_of("problem").sha256)));
  EXPECT_THAT(failure(errc::corrupt_data,
                      [&] {
                        auto transfer = store.receive(id_of("program"));
                        transfer.add(bytes_of("programs"));
                      }),
              HasSubstr("more bytes"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ExecutableStore, RefusesWhatIsTooLargeBeforeAnyByteCame) {
  const auto store = open(10);
  EXPECT_THAT(failure(errc::invalid_argument,
                      [&] {
                        store.receive({std::string(64, '0'), 11});
                      }),
              AllOf(HasSubstr("11 bytes"), HasSubstr("10"), HasSubstr("max_executables")));
}

TEST_F(ExecutableStore, MakesRoomByWhatWasNotUsedForLongest) {
  const auto store = open(10);
  put(store, "aaaa");
  put(store, "bbbb");
  age("aaaa", std::chrono::hours{1});
  age("bbbb", std::chrono::hours{2});
  EXPECT_TRUE(store.find(id_of("bbbb"))); // so it is used now
  put(store, "cccc");
  EXPECT_FALSE(store.find(id_of("aaaa")));
  EXPECT_TRUE(store.find(id_of("bbbb")));
  EXPECT_TRUE(store.find(id_of("cccc")));
}

TEST_F(ExecutableStore, RemovesNothingThatIsUsed) {
  const auto store = open(10);
  {
    const auto used = put(store, "aaaaaa");
    age("aaaaaa", std::chrono::hours{24 * 365});
    EXPECT_THAT(failure(errc::disk_full, [&] { put(store, "bbbbbb"); }), HasSubstr("in use take 6 of 10"));
    open(10);
    EXPECT_EQ(read_file(used.path()), "aaaaaa");
  }
  put(store, "bbbbbb");
  EXPECT_FALSE(store.find(id_of("aaaaaa")));
}

TEST_F(ExecutableStore, ForgetsWhatNobodyUsedForAMonth) {
  const auto store = open();
  put(store, "old");
  put(store, "new");
  age("old", std::chrono::hours{24 * 31});
  age("new", std::chrono::hours{24 * 29});
  open();
  EXPECT_FALSE(store.find(id_of("old")));
  EXPECT_TRUE(store.find(id_of("new")));
}

TEST_F(ExecutableStore, TakesTheSameFromManyAtOnce) {
  for (int round = 0; round != 50; ++round) { // each opens the store, and so sweeps it, while others begin
    const std::string content(1000 + round, 'x');
    std::vector<std::thread> drivers;
    for (int i = 0; i != 4; ++i)
      drivers.emplace_back([&] {
        const auto store = open();
        const auto there = put(store, content);
        EXPECT_EQ(read_file(there.path()), content);
      });
    for (auto& each : drivers)
      each.join();
    EXPECT_THAT(files(), SizeIs(round + 1));
  }
}

TEST_F(ExecutableStore, DoesWithoutAFileThatSomebodyCut) {
  const auto store = open();
  const auto cut = put(store, "program").path();
  std::filesystem::permissions(cut, std::filesystem::perms{0700});
  std::filesystem::resize_file(cut, 3);
  EXPECT_FALSE(store.find(id_of("program")));
  EXPECT_EQ(read_file(put(store, "program").path()), "program");
}

TEST_F(ExecutableStore, IsNoDirectoryThatOthersCanUse) {
  open();
  std::filesystem::permissions(path, std::filesystem::perms{0755});
  EXPECT_THAT(failure(errc::untrusted, [&] { open(); }), AllOf(HasSubstr(path), HasSubstr("chmod 700")));
}

TEST_F(ExecutableStore, SaysThatNothingRunsWhereTheMountForbidsIt) {
  const auto status = in_own_mount_namespace([&] {
    return ::mount("none", root.path().c_str(), "tmpfs", MS_NOEXEC, nullptr) == 0
           && text_of([&] { open(); }).find("mounted noexec") != std::string::npos;
  });
  if (status == no_rights)
    GTEST_SKIP() << "mounts need root";
  EXPECT_EQ(status, 0);
}

TEST_F(ExecutableStore, SaysThatTheDiskIsFullBeforeAnyByteCame) {
  const auto status = in_own_mount_namespace([&] {
    if (::mount("none", root.path().c_str(), "tmpfs", 0, "size=64k") != 0)
      return false;
    const auto text = text_of([&] { open().receive({std::string(64, '0'), 100'000}); });
    return text.find("disk_full") != std::string::npos && text.find("needed are 100000 bytes") != std::string::npos
           && files().empty();
  });
  if (status == no_rights)
    GTEST_SKIP() << "mounts need root";
  EXPECT_EQ(status, 0);
}

} // namespace crema::net
