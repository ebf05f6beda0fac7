#include "net/jobs/worker_entrance.hpp"

#include "dataflow/error.hpp"
#include "net/dial.hpp"
#include "net/jobs/worker_roster.hpp"
#include "net/listener.hpp"
#include "tests/net/mars.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Workers of a cluster, but for being processes: each behind the port of a node, which passes on what is meant for it.

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

constexpr auto patience = 60s;

/// The driver's side of a worker, and how its link ended.
class observed_worker final : public listed_worker {
public:
  using listed_worker::listed_worker;
  void ended(const link_end& how) override { end_.set_value(how); }

  link_end end() {
    auto future = end_.get_future();
    return future.wait_for(patience) == std::future_status::ready ? future.get() : link_end{};
  }

private:
  std::promise<link_end> end_;
};

class WorkerEntrance : public testing::Test {
protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }
  static void TearDownTestSuite() { std::signal(SIGPIPE, SIG_DFL); }

  struct behind_the_node {
    std::string token = new_worker_token();
    descriptor control; ///< the launcher's end
    std::unique_ptr<worker> runs;
    std::unique_ptr<worker_entrance> entrance;
  };

  void SetUp() override {
    node.emplace(
      loop, keys_of_node, listen_at(parse_address("127.0.0.1:0", true)),
      listener_options{.expected = {role::driver},
                       .route =
                         [this](std::string_view name, descriptor& socket) {
                           const auto call = parse_worker_call(name);
                           for (const auto& [number, each] : workers)
                             if (call && call->token == each.token) {
                               send_connection(each.control, call->caller, true, socket);
                               socket.close();
                               return true;
                             }
                           return false;
                         }},
      [](listener::accepted) {}, nullptr);
  }

  void TearDown() override {
    node.reset();
    workers.clear();
    for (const auto& each : connections)
      each->reset("the test is over");
  }

  worker_peer as_peer(int number) const { return {number, node->where(), workers.at(number).token}; }

  /// Where the route looks, too.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop.run([&] { work(), done.set_value(); });
    done.get_future().get();
  }

  /// A new worker that dials these.
  behind_the_node& start(int number, std::vector<worker_peer> peers, const cluster& of = mars()) {
    auto [launcher, control] = packet_sockets();
    send_setup(launcher,
               {{number, 1, 256, std::size_t{1} << 24, {}}, std::move(peers), of.keys(role::node), {}, "here:1"});
    auto setup = receive_setup(control);
    behind_the_node made;
    made.control = std::move(launcher);
    made.runs = std::make_unique<worker>(setup.options, loop);
    made.entrance = std::make_unique<worker_entrance>(loop, *made.runs, std::move(control), std::move(setup));
    on_loop([&] { workers.emplace(number, std::move(made)); });
    return workers.at(number);
  }

  /// The driver dials it.
  std::shared_ptr<observed_worker> drive(int number) {
    const auto call = to_server_name({workers.at(number).token, from_driver});
    return drive(number, dial(loop, keys_of_driver, node->where(), {role::node}, 60s, call).connection);
  }
  std::shared_ptr<observed_worker> drive(int number, std::unique_ptr<stream> to_worker) {
    auto made = std::make_shared<observed_worker>(number, roster);
    roster->add(made);
    made->use(link::open(loop, std::move(to_worker), made));
    connections.push_back(made);
    return made;
  }

  io_loop loop;
  const tls_context keys_of_node{mars().keys(role::node)};
  const tls_context keys_of_driver{mars().keys(role::driver)};
  std::shared_ptr<worker_roster> roster = std::make_shared<worker_roster>(loop, 3);
  std::vector<std::shared_ptr<observed_worker>> connections;
  std::map<int, behind_the_node> workers;
  std::optional<listener> node;
};

} // namespace

TEST_F(WorkerEntrance, JoinsWorkersThatComeOneAfterTheOther) {
  start(0, {});
  drive(0);
  start(1, {as_peer(0)});
  start(2, {as_peer(0), as_peer(1)});
  drive(2);
  drive(1);
  ASSERT_TRUE(roster->await(patience));
  EXPECT_THAT(roster->members(), SizeIs(3));
  roster->lose(1, "it was killed");
  EXPECT_THAT(roster->members(), SizeIs(2));
  start(3, {as_peer(0), as_peer(2)});
  drive(3);
  ASSERT_TRUE(roster->await(patience));
  std::vector<int> numbers;
  for (const auto& each : roster->members())
    numbers.push_back(each->number());
  EXPECT_THAT(numbers, testing::UnorderedElementsAre(0, 2, 3));
}

TEST_F(WorkerEntrance, TellsWhomItsWorkerCannotReach) {
  start(0, {});
  drive(0);
  const auto& foreign = start(1, {as_peer(0)}, cluster{});
  auto [here, there] = connected_sockets();
  send_connection(foreign.control, from_driver, false, there);
  const auto end = drive(1, make_socket_stream(std::move(here)))->end(); // sent away: they do not come together
  EXPECT_THAT(end.reason, AllOf(HasSubstr("worker 1 at here:1 cannot reach worker 0 at " + to_string(node->where())),
                                HasSubstr("its certificate is of another cluster's authority")));
  EXPECT_THAT(roster->members(), SizeIs(1));
}

TEST_F(WorkerEntrance, RefusesWhoIsNotWhatTheCallSays) {
  start(0, {});
  const auto call = to_server_name({workers.at(0).token, 7});
  EXPECT_THROW(dial(loop, keys_of_driver, node->where(), {role::node}, 60s, call), error); // a driver calls as a worker
  EXPECT_TRUE(drive(0));
}

TEST_F(WorkerEntrance, LetsItsWorkerLeaveWithTheLauncher) {
  auto& one = start(0, {});
  drive(0);
  on_loop([&] { one.control.close(); });
  EXPECT_TRUE(one.runs->wait(60s));
}

TEST_F(WorkerEntrance, LetsItsWorkerLeaveWhereTheLauncherMakesNoSense) {
  auto& one = start(0, {});
  send_packet(one.control, std::as_bytes(std::span{"nonsense", 8}));
  EXPECT_TRUE(one.runs->wait(60s));
}

TEST_F(WorkerEntrance, BelievesNoSecondDriver) {
  start(0, {});
  drive(0);
  EXPECT_THROW(drive(0), error);
}

// -- the roster -----------------------------------------------------------------------------------------------------

TEST(WorkerRoster, WaitsOnlyAsLongAsItIsTold) {
  io_loop loop;
  const auto roster = std::make_shared<worker_roster>(loop, 1);
  EXPECT_FALSE(roster->await(1ms));
}

TEST(WorkerRoster, SaysWhyNobodyComesAnyMore) {
  io_loop loop;
  const auto roster = std::make_shared<worker_roster>(loop, 2);
  auto waiting = std::async(std::launch::async, [&] { return roster->await(patience); });
  roster->give_up("all of them crash");
  try {
    waiting.get();
    ADD_FAILURE();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::unreachable);
    EXPECT_EQ(e.text(), "no worker is left to run the job: all of them crash");
  }
}

TEST(WorkerRoster, TellsWhoIsReadyForTheFirstTimeAndIsContentWithThoseThereAre) {
  io_loop loop;
  std::vector<int> ready;
  const auto roster = std::make_shared<worker_roster>(loop, 2, [&](int number) { ready.push_back(number); });
  for (const int each : {4, 5}) {
    roster->add(std::make_shared<listed_worker>(each, roster));
    roster->came(each);
  }
  EXPECT_THAT(ready, testing::ElementsAre(4));
  roster->met(4, 5);
  roster->lose(4, "gone");
  roster->met(4, 5); // late
  EXPECT_THAT(ready, testing::ElementsAre(4, 5));
  roster->give_up("no more");
  EXPECT_TRUE(roster->await(patience));
  EXPECT_THAT(roster->members(), SizeIs(1));
}

TEST(WorkerRoster, RetiresAWorkerWhenNoJobUsesItAnyMore) {
  io_loop loop;
  const auto roster = std::make_shared<worker_roster>(loop, 1);
  for (const int each : {4, 5}) {
    roster->add(std::make_shared<listed_worker>(each, roster));
    roster->came(each);
  }
  roster->met(4, 5);
  auto job = roster->members();
  auto other = roster->members();
  ASSERT_THAT(job, SizeIs(2));
  std::promise<void> said;
  auto unused = said.get_future();
  roster->retire(4, [&, first = true]() mutable {
    if (std::exchange(first, false))
      said.set_value();
  });
  ASSERT_THAT(roster->members(), SizeIs(1));
  EXPECT_EQ(roster->members().front()->number(), 5);
  job.clear();
  std::promise<void> looked;
  loop.run([&] { looked.set_value(); }); // what the end of the job had caused would be before this
  looked.get_future().wait();
  EXPECT_EQ(unused.wait_for(0s), std::future_status::timeout);
  other.clear();
  EXPECT_EQ(unused.wait_for(patience), std::future_status::ready);
}

} // namespace crema::net
