#include "net/private_directory.hpp"

#include "dataflow/error.hpp"
#include "tests/net/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace crema::net {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class PrivateDirectory : public testing::Test {
protected:
  std::string file(const std::string& name) const { return keys.path() + '/' + name; }

  template <class Call>
  std::string failure(errc expected, Call call) {
    try {
      call();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), expected) << e.what();
      return e.text();
    }
    return "no error";
  }

  std::string refusal(const std::string& name) {
    return failure(errc::untrusted, [&] { keys.read(name, 1000); });
  }

  static mode_t mode(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  temporary_directory root;
  private_directory keys = private_directory::create(root.path("keys"));
};

} // namespace

TEST_F(PrivateDirectory, KeepsWhatIsWrittenForItsOwnerAlone) {
  const auto loose = ::umask(0);
  keys.write("key", "secret");
  ::umask(loose);
  EXPECT_EQ(keys.read("key", 6), "secret");
  EXPECT_EQ(mode(keys.path()), 0700U);
  EXPECT_EQ(mode(file("key")), 0600U);
  EXPECT_THAT(keys.names(), ElementsAre("key"));
  keys.write("key", "newer");
  EXPECT_EQ(keys.read("key", 6), "newer");
  keys.remove("key");
  keys.remove("key");
  EXPECT_THAT(keys.names(), ElementsAre());
}

TEST_F(PrivateDirectory, IsMadeOnceOnly) {
  EXPECT_THAT(failure(errc::already_exists, [&] { private_directory::create(keys.path()); }), HasSubstr(keys.path()));
}

TEST_F(PrivateDirectory, SaysWhatIsNotThere) {
  EXPECT_THAT(failure(errc::not_found, [&] { keys.read("key", 10); }), HasSubstr(file("key")));
  failure(errc::not_found, [&] { private_directory::open(root.path("none")); });
}

TEST_F(PrivateDirectory, RefusesAFileThatOthersCanUse) {
  keys.write("key", "secret");
  for (const mode_t loose : {0640U, 0604U, 0620U, 0601U}) {
    ::chmod(file("key").c_str(), loose);
    EXPECT_THAT(refusal("key"), AllOf(HasSubstr(file("key")), HasSubstr("chmod 600"))) << std::oct << loose;
  }
}

TEST_F(PrivateDirectory, RefusesToBeOneThatOthersCanEnter) {
  ::chmod(keys.path().c_str(), 0750);
  EXPECT_THAT(failure(errc::untrusted, [&] { private_directory::open(keys.path()); }), HasSubstr("chmod 700"));
}

TEST_F(PrivateDirectory, RefusesWhatAnotherUserOwns) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give files away";
  keys.write("key", "secret");
  ASSERT_EQ(::chown(file("key").c_str(), 12345, 12345), 0);
  EXPECT_THAT(refusal("key"), HasSubstr("belongs to user 12345"));
}

TEST_F(PrivateDirectory, FollowsNoSymbolicLinkAndNeverTouchesWhatItPointsTo) {
  write_file(root.path("canary"), "alive");
  ::chmod(root.path("canary").c_str(), 0600);
  ASSERT_EQ(::symlink(root.path("canary").c_str(), file("key").c_str()), 0);
  EXPECT_THAT(refusal("key"), HasSubstr("symbolic link"));
  keys.write("key", "secret");
  EXPECT_EQ(keys.read("key", 10), "secret");
  EXPECT_EQ(read_file(root.path("canary")), "alive");

  ASSERT_EQ(::symlink(keys.path().c_str(), root.path("way_in").c_str()), 0);
  EXPECT_THAT(failure(errc::untrusted, [&] { private_directory::open(root.path("way_in")); }),
              HasSubstr("symbolic link"));
}

TEST_F(PrivateDirectory, RefusesWhatIsNoPlainFile) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  EXPECT_THAT(refusal("pipe"), HasSubstr("no plain file")); // and does not wait for a writer
  ASSERT_EQ(::mkdir(file("directory").c_str(), 0700), 0);
  EXPECT_THAT(refusal("directory"), HasSubstr("no plain file"));
}

TEST_F(PrivateDirectory, RefusesAHugeFileUnread) {
  keys.write("key", "");
  ASSERT_EQ(::truncate(file("key").c_str(), off_t{1} << 30), 0);
  EXPECT_THAT(refusal("key"), HasSubstr("more than 1000 bytes"));
}

TEST_F(PrivateDirectory, LeavesTheOldContentWhereItCannotWriteTheNew) {
  keys.write("key", "old");
  ASSERT_EQ(::mkdir(file("directory").c_str(), 0700), 0);
  EXPECT_THAT(failure(errc::io_failure, [&] { keys.write("directory", "new"); }), HasSubstr(file("directory")));
  EXPECT_THAT(keys.names(), ElementsAre("directory", "key"));
}

} // namespace crema::net
