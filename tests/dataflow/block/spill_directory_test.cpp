#include "dataflow/block/spill_directory.hpp"

#include "dataflow/error.hpp"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace crema::internal;
namespace fs = std::filesystem;

namespace {

/// An empty base; its verbs make what a crashed or hostile process would leave.
class spill_base : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "crema-base-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base = pattern;
  }

  void TearDown() override { fs::remove_all(base); }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator{base})
      found.push_back(entry.path().filename());
    return found;
  }

  /// The pid of a process that is dead and reaped.
  static int dead_pid() {
    const auto child = ::fork();
    if (child == 0)
      ::_exit(0);
    ::waitpid(child, nullptr, 0);
    return child;
  }

  static std::string left_by(int pid, std::string uid = std::to_string(::geteuid())) {
    return "crema-spill-" + uid + "-" + std::to_string(pid) + "-12345-00000000deadbeef";
  }

  std::string make(const std::string& name) const {
    fs::create_directory(base + "/" + name);
    return base + "/" + name;
  }

  static void touch(const std::string& path) { std::ofstream{path} << "canary"; }

  std::string base;
};

crema::errc code_of(spill_directory& directory) {
  try {
    ::close(directory.create_file());
  } catch (const crema::error& e) {
    return e.code();
  }
  return {};
}

} // namespace

TEST_F(spill_base, GetsAPrivateDirectoryWithTheFirstFileAndLosesItAtTheEnd) {
  {
    const auto directory = open_spill_directory(base);
    EXPECT_TRUE(fs::is_empty(base));
    EXPECT_EQ(directory->path(), "");
    const int file = directory->create_file();
    struct stat status;
    ASSERT_EQ(::stat(directory->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
    ASSERT_EQ(::fstat(file, &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_EQ(status.st_nlink, 0u);
    EXPECT_THAT(names(), testing::ElementsAre(testing::StartsWith("crema-spill-" + std::to_string(::geteuid()) + "-"
                                                                  + std::to_string(::getpid()) + "-")));
    EXPECT_TRUE(fs::is_empty(directory->path()));
    ::close(file);
    ::close(directory->create_file());
    EXPECT_EQ(directory->files(), 2u);
    EXPECT_EQ(names().size(), 1u);
  }
  EXPECT_TRUE(fs::is_empty(base));
}

TEST_F(spill_base, ThatIsMissingIsAClearError) {
  spill_directory directory{base + "/missing"};
  try {
    directory.create_file();
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), crema::errc::io_failure);
    EXPECT_THAT(e.text(), testing::HasSubstr(base + "/missing"));
    EXPECT_THAT(e.text(), testing::HasSubstr("No such file"));
  }
  fs::create_directory(base + "/missing");
  EXPECT_EQ(code_of(directory), crema::errc{}); // usable once the base is there
}

TEST_F(spill_base, OfTheDefaultsIsTheFirstThatWorks) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", base.c_str(), 1);
  {
    spill_directory directory{""};
    ::close(directory.create_file());
    EXPECT_EQ(directory.path().rfind(base + "/crema-spill-", 0), 0u);
    ::setenv("TMPDIR", (base + "/missing").c_str(), 1);
    spill_directory second{""};
    ::close(second.create_file());
    EXPECT_THAT(second.path(), testing::AnyOf(testing::StartsWith("/var/tmp/"), testing::StartsWith("/tmp/")));
  }
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

TEST_F(spill_base, GetsANewDirectoryWhenACleanerTookTheFirst) {
  spill_directory directory{base};
  ::close(directory.create_file());
  const auto first = directory.path();
  fs::remove(first);
  EXPECT_EQ(code_of(directory), crema::errc{});
  EXPECT_NE(directory.path(), first);
  EXPECT_TRUE(fs::is_directory(directory.path()));
}

TEST_F(spill_base, IsNeverWrittenOrRemovedThroughASymbolicLink) {
  const auto target = make("target");
  {
    spill_directory directory{base};
    ::close(directory.create_file());
    const auto link = directory.path();
    fs::remove(link);
    fs::create_directory_symlink(target, link);
    const int file = directory.create_file(); // in a new directory, not behind the link
    EXPECT_NE(directory.path(), link);
    EXPECT_FALSE(fs::is_symlink(directory.path()));
    ::close(file);
  }
  EXPECT_TRUE(fs::is_directory(target));
  EXPECT_TRUE(fs::is_empty(target));
}

TEST_F(spill_base, KeepsTheDirectoryOfItsOwnerWhenAForkedChildEnds) {
  spill_directory directory{base};
  ::close(directory.create_file());
  const auto child = ::fork();
  if (child == 0) {
    directory.~spill_directory();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::is_directory(directory.path()));
}

TEST_F(spill_base, IsSweptOfWhatTheDeadLeft) {
  const auto left = make(left_by(dead_pid()));
  touch(left + "/f0");
  // This process lives, but has another start time: the number was used again.
  make(left_by(::getpid()));
  EXPECT_EQ(spill_directory::sweep(base), 2u);
  EXPECT_TRUE(fs::is_empty(base));
}

TEST_F(spill_base, IsSweptByTheFirstToOpenIt) {
  make(left_by(dead_pid()));
  const auto directory = open_spill_directory(base);
  EXPECT_TRUE(fs::is_empty(base));
}

TEST_F(spill_base, KeepsWhatASweepMustNotTouch) {
  spill_directory alive{base};
  ::close(alive.create_file());
  const int dead = dead_pid();
  make(left_by(dead, std::to_string(::geteuid() + 1)));
  make(alive.path().substr(base.size() + 1, alive.path().rfind('-') - base.size()) + "00ff"); // without a lock
  make("crema-spill-");
  make("crema-spill-" + std::to_string(::geteuid()) + "-" + std::to_string(dead));
  make("crema-spill-" + std::to_string(::geteuid()) + "-0-1-00");
  make("another");
  touch(base + "/" + left_by(dead));
  const auto before = names();
  EXPECT_EQ(spill_directory::sweep(base), 0u);
  EXPECT_THAT(names(), testing::UnorderedElementsAreArray(before));
}

TEST_F(spill_base, IsSweptOfLinksButNeverThroughThem) {
  const auto canary = make("target") + "/canary";
  touch(canary);
  const auto left = make(left_by(dead_pid()));
  fs::create_symlink(canary, left + "/link");
  fs::create_directory_symlink(base + "/target", left + "/folder");
  const auto hostile = base + "/" + left_by(dead_pid());
  fs::create_directory_symlink(base + "/target", hostile);
  EXPECT_EQ(spill_directory::sweep(base), 1u);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::is_symlink(hostile));
  EXPECT_TRUE(fs::exists(canary));
}

TEST_F(spill_base, KeepsADirectoryWhoseOwnerHoldsItsLockInAnotherContainer) {
  const auto left = make(left_by(dead_pid()));
  const int fd = ::open(left.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(fd, LOCK_SH | LOCK_NB), 0);
  EXPECT_EQ(spill_directory::sweep(base), 0u);
  ::close(fd);
  EXPECT_EQ(spill_directory::sweep(base), 1u);
}

TEST_F(spill_base, OfALivingProcessIsLocked) {
  spill_directory directory{base};
  ::close(directory.create_file());
  const int fd = ::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY);
  EXPECT_NE(::flock(fd, LOCK_EX | LOCK_NB), 0);
  ::close(fd);
}

TEST_F(spill_base, OfAnotherUserIsKept) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can make another user's directory";
  const auto left = make(left_by(dead_pid()));
  ASSERT_EQ(::chown(left.c_str(), 12345, 12345), 0);
  EXPECT_EQ(spill_directory::sweep(base), 0u);
  EXPECT_TRUE(fs::exists(left));
}

TEST_F(spill_base, ThatIsMissingIsSweptWithoutAComplaint) {
  EXPECT_EQ(spill_directory::sweep(base + "/missing"), 0u);
}
