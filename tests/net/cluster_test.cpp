#include "net/controller.hpp"
#include "net/node.hpp"

#include "dataflow/error.hpp"
#include "tests/net/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

/// Lines that somebody writes, to be waited for.
class lines {
public:
  void add(const std::string& line) {
    std::lock_guard lock{mutex_};
    all_.push_back(line);
    changed_.notify_all();
  }

  /// The first line that contains `part`; that and all before it are forgotten.
  std::string next(const std::string& part) {
    std::unique_lock lock{mutex_};
    std::string found;
    EXPECT_TRUE(changed_.wait_for(lock, 60s,
                                  [&] {
                                    for (; found.empty() && !all_.empty(); all_.pop_front())
                                      if (all_.front().find(part) != std::string::npos)
                                        found = all_.front();
                                    return !found.empty();
                                  }))
      << "there was no " << part;
    return found;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> all_;
};

/// A driver that follows the nodes.
class follower final : public cluster_peer {
public:
  using cluster_peer::cluster_peer;
  void received(message from_peer) override {
    deliver<introduce, dial_back, nodes_known, node_changed, drain_passed>(from_peer, *this);
  }
  using cluster_peer::on;
  void on(const nodes_known& said) { note(view.snapshot(said.epoch, said.nodes)); }
  void on(const node_changed& said) { note(view.apply(said.change)); }
  void on(const drain_passed& said) { heard.add("passed to generation " + std::to_string(said.is)); }

  lines heard;
  node_view view;
  std::vector<generation> given_up; ///< what it says of earlier controllers

private:
  void introduced() override { send(follow_nodes{given_up}); }
  void gone(const link_end& how) override { heard.add("the controller is gone: " + how.reason); }

  void note(const node_changes& changes) {
    static constexpr std::array<const char*, 5> words{"joined ", "suspected ", "trusted ", "lost ", "draining "};
    for (const auto& each : changes)
      heard.add(words[static_cast<std::size_t>(each.what)] + each.node.facts.name);
  }
};

/// A controller, nodes and a driver of one profile, in one process.
class Cluster : public testing::Test {
protected:
  Cluster() {
    ::setenv("XDG_CONFIG_HOME", root.path().c_str(), 1);
    mars.emplace(profile::create("mars", {{"127.0.0.1", 1}}));
  }
  ~Cluster() override { ::unsetenv("XDG_CONFIG_HOME"); }

  void start_controller() {
    head.emplace(loop, *mars, controller_options{.listen = {"127.0.0.1", 0}, .links = quick},
                 [this](const std::string& line) { controller_log.add(line); });
  }

  std::unique_ptr<node> start_node(const std::string& name, node_options options = {}) {
    options.name = name;
    options.links = quick;
    options.work_directory = root.path("work");
    return std::make_unique<node>(loop, *mars, options,
                                  node_events{[this](const node_facts& facts, generation is) {
                                                node_log.add(facts.name + " is generation " + std::to_string(is));
                                              },
                                              [this](const std::string& reason) { node_log.add("refused: " + reason); },
                                              [this](const std::string& line) { node_log.add(line); },
                                              [this, name](std::chrono::milliseconds within) {
                                                node_log.add(name + " is asked to drain within "
                                                             + std::to_string(within.count()) + " ms");
                                              },
                                              [this, name] { node_log.add(name + " is drained"); }});
  }

  std::shared_ptr<follower> follow(std::vector<generation> given_up = {}) {
    const tls_context tls{mars->keys(role::driver)};
    const auto made =
      std::make_shared<follower>(std::make_shared<const cluster_context>(cluster_context{loop, tls, "driver", quick}));
    made->given_up = std::move(given_up);
    made->open(dial(loop, tls, head->where(), {role::controller}).connection);
    return made;
  }

  const link_options quick{.liveness = {100ms, 20s, 60s}};
  temporary_directory root;
  lines controller_log;
  lines node_log;
  std::optional<profile> mars;
  io_loop loop;
  std::optional<controller> head;
};

} // namespace

TEST_F(Cluster, ShowsItsNodesToDriversAsTheyComeAndGo) {
  start_controller();
  const auto a = start_node("a");
  controller_log.next("node a at 127.0.0.1:");
  const auto driver = follow();
  driver->heard.next("joined a");
  auto b = start_node("b");
  driver->heard.next("joined b");
  b.reset();
  driver->heard.next("lost b");
  EXPECT_THAT(controller_log.next("node b at"), HasSubstr("has joined"));
  EXPECT_THAT(controller_log.next("node b at"), HasSubstr("is lost: it has left"));
  loop.run([&] { driver->finish(); });
  driver->heard.next("the controller is gone");
}

TEST_F(Cluster, TakesNodesThatStartBeforeTheController) {
  const auto a = start_node("a");
  EXPECT_THAT(node_log.next("trying again"), HasSubstr("127.0.0.1:1"));
  start_controller();
  EXPECT_EQ(node_log.next("a is generation"), "a is generation " + std::to_string(generation{1} << 32 | 1));
}

TEST_F(Cluster, LetsNodesBeWhatTheyAreWhenTheControllerIsNew) {
  start_controller();
  const auto a = start_node("a");
  const auto first = node_log.next("a is generation");
  head.reset();
  node_log.next("the controller is gone");
  start_controller();
  EXPECT_EQ(node_log.next("a is generation"), first);
  EXPECT_EQ(head->epoch(), 2U);
}

TEST_F(Cluster, GivesANodeThatAnEarlierControllerGaveUpAnotherGeneration) {
  start_controller();
  const auto a = start_node("a");
  const auto first = node_log.next("a is generation");
  head.reset();
  start_controller();
  EXPECT_EQ(node_log.next("a is generation"), first);
  const auto driver = follow({generation{1} << 32 | 1}); // it has seen a lost meanwhile
  driver->heard.next("joined a");
  EXPECT_THAT(node_log.next("trying again"), HasSubstr("the controller is gone"));
  EXPECT_EQ(node_log.next("a is generation"), "a is generation " + std::to_string(generation{2} << 32 | 1));
}

TEST_F(Cluster, TriesAgainWhereANodeIsRefusedThatWasGoodEnoughBefore) {
  const auto open = [this](const address& where) {
    const tls_context tls{mars->keys(role::node)};
    const auto here = std::make_shared<const cluster_context>(cluster_context{loop, tls, "the port", quick});
    return std::make_unique<listener>(
      loop, tls, listen_at(where), listener_options{.expected = {role::controller}},
      [here](listener::accepted peer) { std::make_shared<visitor>(here)->open(std::move(peer.connection)); }, nullptr);
  };
  auto port = open({"127.0.0.1", 0});
  const auto where = port->where();
  start_controller();
  const auto a = start_node("a", {.advertise = where});
  const auto first = node_log.next("a is generation");
  port.reset(); // for a moment, in which the controller changes
  head.reset();
  start_controller();
  EXPECT_THAT(node_log.next("refuses this node"),
              AllOf(HasSubstr("its own port cannot be reached from the controller"), HasSubstr("trying again")));
  port = open(where);
  EXPECT_EQ(node_log.next("a is generation"), first);
}

TEST_F(Cluster, GivesANodeThatComesBackAnotherGeneration) {
  start_controller();
  auto a = start_node("a");
  const auto first = node_log.next("a is generation");
  a.reset();
  controller_log.next("is lost");
  a = start_node("a");
  EXPECT_NE(node_log.next("a is generation"), first);
}

TEST_F(Cluster, ShowsThatANodeDrainsAlsoToAControllerThatIsNew) {
  start_controller();
  const auto driver = follow();
  const auto a = start_node("a");
  node_log.next("a is generation");
  driver->heard.next("joined a");
  a->drain();
  a->drain();
  driver->heard.next("draining a");
  node_log.next("a is drained");
  EXPECT_THAT(controller_log.next("takes no new work"), HasSubstr("node a at"));
  head.reset();
  driver->heard.next("the controller is gone");
  start_controller();
  controller_log.next("takes no new work");
}

TEST_F(Cluster, AsksTheNodeOfANameToDrain) {
  start_controller();
  const auto a = start_node("a");
  const auto b = start_node("b");
  node_log.next("is generation");
  node_log.next("is generation");
  const auto driver = follow();
  driver->heard.next("joined");
  loop.run([&] {
    driver->send(drain_node{"c", 5000});
    driver->send(drain_node{"b", 5000});
  });
  EXPECT_EQ(driver->heard.next("passed to"), "passed to generation 0");
  EXPECT_NE(driver->heard.next("passed to"), "passed to generation 0");
  EXPECT_EQ(node_log.next("is asked"), "b is asked to drain within 5000 ms");
}

TEST_F(Cluster, RefusesANodeWhosePortCannotBeReached) {
  start_controller();
  const auto gone = listen_at({"127.0.0.1", 0}).where; // and closed again
  const auto a = start_node("a", {.advertise = gone});
  EXPECT_THAT(node_log.next("refused"), AllOf(HasSubstr("its own port cannot be reached from the controller"),
                                              HasSubstr(to_string(gone)), HasSubstr("Connection refused")));
  EXPECT_THAT(controller_log.next("refused node a"), HasSubstr(to_string(gone)));
}

TEST_F(Cluster, RefusesADriverThatPretendsToBeANode) {
  class pretender final : public cluster_peer {
  public:
    using cluster_peer::cluster_peer;
    void received(message from_peer) override { deliver<introduce>(from_peer, *this); }
    lines ends;

  private:
    void introduced() override { send(register_node{{"evil", {"127.0.0.1", 1}, 1, 1, 1}, 0}); }
    void gone(const link_end& how) override { ends.add("ended: " + how.reason); }
  };
  start_controller();
  const tls_context tls{mars->keys(role::driver)};
  const auto evil =
    std::make_shared<pretender>(std::make_shared<const cluster_context>(cluster_context{loop, tls, "evil", quick}));
  evil->open(dial(loop, tls, head->where(), {role::controller}).connection);
  evil->ends.next("ended");
}

TEST_F(Cluster, WritesWhereTheControllerIsAndHowOftenItHasStarted) {
  start_controller();
  EXPECT_EQ(mars->where(), (connection{mars->cluster(), 1, {head->where()}}));
  head.reset();
  start_controller();
  EXPECT_EQ(mars->where().epoch, 2U);
}

} // namespace crema::net
