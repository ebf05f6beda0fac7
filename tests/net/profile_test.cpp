#include "net/profile.hpp"

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
using testing::IsEmpty;
using testing::StartsWith;

const std::vector<address> here{{"127.0.0.1", 7123}};

/// Profiles in a place of the test's own.
class Profile : public testing::Test {
protected:
  void SetUp() override { ::setenv("XDG_CONFIG_HOME", root.path("config").c_str(), 1); }
  void TearDown() override { ::unsetenv("XDG_CONFIG_HOME"); }

  std::string file(const std::string& name) const { return root.path("config/crema/mars/" + name); }

  template <class Call>
  static std::string failure(errc expected, Call call) {
    try {
      call();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), expected) << e.what();
      return e.text();
    }
    return "no error";
  }

  temporary_directory root;
};

} // namespace

TEST_F(Profile, HoldsAnAuthorityKeysAndThePlaceOfTheController) {
  const auto made = profile::create("mars", here);
  EXPECT_EQ(made.path(), root.path("config/crema/mars"));
  EXPECT_EQ(made.where(), (connection{made.cluster(), 0, here}));
  for (const auto is : {role::controller, role::node, role::driver}) {
    const auto keys = profile::open("mars").keys(is);
    EXPECT_EQ(facts_of(keys.own.certificate).is, is);
    EXPECT_EQ(fingerprint(keys.authority), made.cluster());
    EXPECT_THAT(keys.own.key, HasSubstr("BEGIN PRIVATE KEY"));
  }
}

TEST_F(Profile, CanBeReadByItsUserAlone) {
  const auto loose = ::umask(0);
  const auto made = profile::create("mars", here);
  ::umask(loose);
  struct stat status {};
  for (const auto& name : private_directory::open(made.path()).names()) {
    ASSERT_EQ(::lstat(file(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode, S_IFREG | 0600U) << name;
  }
  ASSERT_EQ(::lstat(root.path("config/crema").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, S_IFDIR | 0700U);
}

TEST_F(Profile, IsListedAndRemoved) {
  EXPECT_THAT(profile::list(), IsEmpty());
  profile::create("venus", here);
  profile::create("mars", here);
  write_file(root.path("config/crema/config.toml"), "");
  EXPECT_THAT(profile::list(), ElementsAre("mars", "venus"));
  profile::remove("mars");
  EXPECT_THAT(profile::list(), ElementsAre("venus"));
  EXPECT_THAT(failure(errc::not_found, [] { profile::open("vemus"); }),
              AllOf(HasSubstr("did you mean \"venus\"?"), HasSubstr("crema profile create vemus")));
}

TEST_F(Profile, IsNeverMadeOverAnotherAndNeverInHalf) {
  const auto first = profile::create("mars", here).cluster();
  EXPECT_THAT(failure(errc::already_exists, [] { profile::create("mars", here); }), HasSubstr("\"mars\" already"));
  EXPECT_EQ(profile::open("mars").cluster(), first);
  EXPECT_THAT(private_directory::open(root.path("config/crema")).names(), ElementsAre("mars"));
}

TEST_F(Profile, HasAPlainName) {
  for (const auto* name : {"", "..", "a/b", "../mars", "-rf", ".mars", "mars.tmp", "m\xc3\xa4rs"})
    failure(errc::invalid_argument, [&] { profile::create(name, here); });
  failure(errc::invalid_argument, [] { profile::create(std::string(65, 'x'), here); });
}

TEST_F(Profile, DoesNotRemoveWhatIsNotItsOwn) {
  profile::create("mars", here);
  write_file(file("thesis.txt"), "years of work");
  EXPECT_THAT(failure(errc::io_failure, [] { profile::remove("mars"); }), HasSubstr("not empty"));
  EXPECT_EQ(read_file(file("thesis.txt")), "years of work");
}

TEST_F(Profile, WorksOnAMachineThatHasTheKeysOfNodesAlone) {
  const auto made = profile::create("mars", here);
  for (const auto* name : {"authority.key", "controller.pem", "driver.pem"})
    ASSERT_EQ(::unlink(file(name).c_str()), 0);
  EXPECT_NO_THROW(profile::open("mars").keys(role::node));
  EXPECT_THAT(failure(errc::not_found, [] { profile::open("mars").keys(role::driver); }), HasSubstr("driver.pem"));
}

TEST_F(Profile, RefusesAConnectionFileThatIsNotToBeBelieved) {
  const auto mars = profile::create("mars", here);
  const auto refusal = [&](errc expected) { return failure(expected, [&] { mars.where(); }); };

  ::chmod(file("connection.toml").c_str(), 0644);
  EXPECT_THAT(refusal(errc::untrusted), HasSubstr("can be used by others"));
  ::chmod(file("connection.toml").c_str(), 0600);

  const auto good = read_file(file("connection.toml"));
  write_file(file("connection.toml"), good.substr(0, good.size() / 2));
  EXPECT_THAT(refusal(errc::corrupt_data), StartsWith("'" + file("connection.toml") + "'"));

  ASSERT_EQ(::truncate(file("connection.toml").c_str(), off_t{1} << 30), 0);
  EXPECT_THAT(refusal(errc::untrusted), HasSubstr("more than 16384 bytes"));

  const auto venus = profile::create("venus", here);
  mars.set_where(venus.where());
  EXPECT_THAT(refusal(errc::untrusted), AllOf(HasSubstr("stale"), HasSubstr(venus.cluster().substr(0, 16)),
                                              HasSubstr(mars.cluster().substr(0, 16))));

  ASSERT_EQ(::unlink(file("connection.toml").c_str()), 0);
  ASSERT_EQ(::symlink(root.path("canary").c_str(), file("connection.toml").c_str()), 0);
  EXPECT_THAT(refusal(errc::untrusted), HasSubstr("symbolic link"));
  mars.set_where({mars.cluster(), 4, here});
  EXPECT_EQ(mars.where().epoch, 4U);
  EXPECT_EQ(::access(root.path("canary").c_str(), F_OK), -1);
}

TEST_F(Profile, RefusesADirectoryInWhichOthersCouldPutProfiles) {
  profile::create("mars", here);
  ::chmod(root.path("config/crema").c_str(), 0770);
  EXPECT_THAT(failure(errc::untrusted, [] { profile::create("venus", here); }), HasSubstr("chmod 700"));
}

TEST_F(Profile, IsFoundWhereTheUserKeepsConfiguration) {
  EXPECT_EQ(config_directory(), root.path("config/crema"));
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  const std::string home = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  ::setenv("HOME", "/home/marvin", 1);
  EXPECT_EQ(config_directory(), "/home/marvin/.config/crema");
  ::setenv("HOME", home.c_str(), 1);
}

} // namespace crema::net
