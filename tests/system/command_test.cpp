#include "tests/net/temporary_directory.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace crema {

namespace {

using net::temporary_directory;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A run of the crema command.
class run : public child_program {
public:
  explicit run(std::vector<std::string> words) : child_program{CREMA_COMMAND, with_name(std::move(words))} {}

private:
  static std::vector<std::string> with_name(std::vector<std::string> words) {
    words.insert(words.begin(), "crema");
    return words;
  }
};

/// The crema command with a place for profiles of its own.
class Command : public testing::Test {
protected:
  void SetUp() override {
    ::setenv("XDG_CONFIG_HOME", root.path().c_str(), 1);
    ::setenv("XDG_STATE_HOME", root.path("state").c_str(), 1);
  }
  void TearDown() override {
    run{{"cluster", "stop"}}.all(); // what a test that failed has left
    ::unsetenv("XDG_CONFIG_HOME");
    ::unsetenv("XDG_STATE_HOME");
  }

  /// Runs it to its end; what it prints.
  static std::string output(std::vector<std::string> words, int expected = 0) {
    run one{std::move(words)};
    const auto text = one.all();
    EXPECT_EQ(one.status(), expected) << text;
    return text;
  }

  temporary_directory root;
};

} // namespace

TEST_F(Command, MakesListsShowsAndRemovesProfiles) {
  EXPECT_EQ(output({"profile", "create", "mars", "--host", "10.0.0.5:7123"}), root.path("crema/mars\n"));
  EXPECT_THAT(output({"profile", "create", "mars"}, 4), HasSubstr("crema: there is a profile \"mars\" already"));
  EXPECT_EQ(output({"profile", "list"}), "mars\n");
  EXPECT_THAT(output({"profile", "show", "mars"}),
              AllOf(HasSubstr("10.0.0.5:7123"), HasSubstr("valid until"), testing::Not(HasSubstr("PRIVATE"))));
  EXPECT_EQ(output({"profile", "remove", "mars"}), "");
  EXPECT_THAT(output({"profile", "show", "mars"}, 3), HasSubstr("there is no profile \"mars\""));
  EXPECT_THAT(output({"profile", "create", "../mars"}, 2), HasSubstr("is no name of a profile"));
}

TEST_F(Command, ShowsSettingsWithWhereTheyComeFrom) {
  output({"profile", "create", "default"});
  net::write_file(root.path("crema/config.toml"), "[node]\nio_slots = 7\n");
  net::write_file(root.path("crema/default/config.toml"), "[node]\ncpu_slots = 5\n");
  ::setenv("CREMA_HEARTBEAT__DEAD", "7s", 1);
  const auto shown = output({"config", "--show", "--set", "node.name=a"});
  ::unsetenv("CREMA_HEARTBEAT__DEAD");
  EXPECT_THAT(shown, testing::ContainsRegex("io_slots = '7' +# " + root.path("crema/config.toml:2")));
  EXPECT_THAT(shown, testing::ContainsRegex("cpu_slots = '5' +# " + root.path("crema/default/config.toml:2")));
  EXPECT_THAT(shown, testing::ContainsRegex("dead = '7000ms' +# CREMA_HEARTBEAT__DEAD"));
  EXPECT_THAT(shown, testing::ContainsRegex("name = 'a' +# --set node.name"));
  EXPECT_THAT(output({"config", "--show", "--set", "node.nam=a"}, 2), HasSubstr("did you mean \"node.name\"?"));
}

TEST_F(Command, EndsWithAStatusThatSaysWhy) {
  EXPECT_THAT(output({"frobnicate"}, 2), HasSubstr("frobnicate"));
  EXPECT_THAT(output({"--help"}), AllOf(HasSubstr("Exit status:"), HasSubstr("CREMA_A__B")));
  EXPECT_THAT(output({"doctor", "127.0.0.1:1", "--profile", "none"}, 3), HasSubstr("keys     FAILED"));
  EXPECT_THAT(output({"controller", "--liste", "127.0.0.1:0"}, 2), HasSubstr("did you mean \"--listen\"?"));
  EXPECT_THAT(output({"controler"}, 2), HasSubstr("did you mean \"controller\"?"));
  output({"profile", "create", "mars"});
  EXPECT_THAT(output({"doctor", "127.0.0.1:1", "--profile", "mars"}, 5),
              AllOf(HasSubstr("keys     ok"), HasSubstr("connect  FAILED  127.0.0.1:1: Connection refused")));
  EXPECT_THAT(output({"doctor", "nowhere", "--profile", "mars"}, 2), HasSubstr("it has no port"));
}

TEST_F(Command, UsesNoKeysThatOthersCanRead) {
  output({"profile", "create", "mars"});
  std::filesystem::permissions(root.path("crema/mars/node.pem"), std::filesystem::perms{0644});
  EXPECT_THAT(output({"node", "--profile", "mars"}, 6), AllOf(HasSubstr("node.pem"), HasSubstr("chmod")));
  std::filesystem::permissions(root.path("crema/mars"), std::filesystem::perms{0755});
  EXPECT_THAT(output({"controller", "--profile", "mars"}, 6), AllOf(HasSubstr("crema/mars"), HasSubstr("chmod")));
}

TEST_F(Command, ListensNowhereWithoutKeys) {
  for (const auto* what : {"controller", "node"})
    EXPECT_THAT(output({what, "--listen", "0.0.0.0:0", "--advertise", "10.0.0.5:7123"}, 3),
                HasSubstr("there is no profile \"default\""));
}

TEST_F(Command, JoinsANodeToAControllerAndExaminesThem) {
  output({"profile", "create", "mars"});
  run controller{{"controller", "--profile", "mars", "--listen", "127.0.0.1:0", "--ready-file", root.path("ready")}};
  controller.until("\"ready\":");
  const auto ready = nlohmann::json::parse(net::read_file(root.path("ready")));
  EXPECT_EQ(ready.at("ready"), "controller");
  run node{{"node", "--profile", "mars", "--name", "a", "--cpu-slots", "3"}};
  node.until("\"ready\":\"node\"");
  EXPECT_THAT(controller.until("has joined"), HasSubstr("node a at 127.0.0.1:"));

  const auto where = ready.at("address").get<std::string>();
  EXPECT_THAT(output({"doctor", where, "--profile", "mars"}),
              AllOf(HasSubstr("connect  ok      a controller answers"), HasSubstr("version  ok"),
                    HasSubstr("clock    ok"), HasSubstr("back     ok")));
  output({"profile", "create", "venus"});
  EXPECT_THAT(output({"doctor", where, "--profile", "venus"}, 6), HasSubstr("another cluster's authority"));

  node.signal(SIGTERM);
  EXPECT_EQ(node.status(), 0);
  EXPECT_THAT(controller.until("is lost"), HasSubstr("is lost: it has left"));
  controller.signal(SIGTERM);
  EXPECT_EQ(controller.status(), 0);
}

TEST_F(Command, GivesAPidFileToOneProcessAtATime) {
  output({"profile", "create", "mars"});
  const auto file = root.path("pid");
  net::write_file(file, "1\n"); // left by one that was killed
  net::write_file(root.path("ready"), "an old line\n");
  const std::vector<std::string> words{"controller", "--profile", "mars",         "--listen",        "127.0.0.1:0",
                                       "--pid-file", file,        "--ready-file", root.path("ready")};
  run controller{words};
  controller.until("\"ready\":");
  const auto ready = nlohmann::json::parse(net::read_file(root.path("ready")));
  EXPECT_EQ(net::read_file(file), std::to_string(ready.at("pid").get<long>()) + '\n');
  EXPECT_THAT(output(words, 4), HasSubstr("'" + file + "' is that of a process which runs"));
  controller.signal(SIGTERM);
  EXPECT_EQ(controller.status(), 0);
  EXPECT_EQ(net::read_file(file), "");
}

TEST_F(Command, StartsShowsAndStopsAClusterOfThisMachine) {
  EXPECT_THAT(output({"cluster", "stop"}, 3), HasSubstr("nothing of cluster default runs"));
  const auto started = output({"cluster", "start", "--n=2"});
  EXPECT_THAT(started, AllOf(HasSubstr("made profile default"), HasSubstr("controller"), HasSubstr("node-2"),
                             HasSubstr("--crema-master=profile:default")));
  std::vector<watched_process> processes;
  for (auto at = started.find(" pid "); at != std::string::npos; at = started.find(" pid ", at + 1))
    processes.emplace_back(std::stoi(started.substr(at + 5)));
  ASSERT_EQ(processes.size(), 3U);
  EXPECT_THAT(output({"cluster", "start"}, 4), HasSubstr("cluster default runs already"));
  EXPECT_THAT(output({"cluster", "status"}),
              AllOf(HasSubstr("2 nodes"), HasSubstr("node-1"), testing::ContainsRegex("node-2 .* up ")));
  EXPECT_THAT(output({"cluster", "list"}), testing::ContainsRegex("default +127.0.0.1:[0-9]+ +2 nodes"));
  EXPECT_THAT(output({"cluster", "logs"}), HasSubstr("node-2 at 127.0.0.1"));
  EXPECT_THAT(output({"cluster", "logs", "node-3"}, 3), HasSubstr("has no node-3"));
  EXPECT_EQ(output({"cluster", "stop"}), "stopped 3 processes\n");
  for (const auto& each : processes)
    EXPECT_TRUE(each.ends());
  EXPECT_THAT(output({"cluster", "list"}), HasSubstr("not running"));
  EXPECT_THAT(output({"cluster", "status"}, 5), HasSubstr("Connection refused"));
}

TEST_F(Command, SaysWhichPartOfAClusterHasEnded) {
  const auto started = output({"cluster", "start"});
  const auto pid = std::stoi(started.substr(started.rfind(" pid ") + 5));
  const watched_process node{pid};
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(node.ends());
  EXPECT_THAT(output({"cluster", "status"}, 1), HasSubstr("node-1 has ended by itself"));
  EXPECT_EQ(output({"cluster", "stop"}), "stopped 1 process\n");
}

TEST_F(Command, LeavesNothingWhereAClusterCannotStart) {
  EXPECT_THAT(output({"cluster", "start", "--listen", "192.0.2.1:7123"}, 5),
              AllOf(HasSubstr("controller ended before it was ready"), HasSubstr("192.0.2.1:7123")));
  EXPECT_THAT(output({"cluster", "stop"}, 3), HasSubstr("nothing of cluster default runs"));
}

} // namespace crema
