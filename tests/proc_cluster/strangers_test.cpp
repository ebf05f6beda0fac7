#include "net/crema.hpp"

#include "net/jobs/job_message.hpp"
#include "net/jobs/peer_message.hpp"
#include "net/jobs/worker_engine.hpp"
#include "net/listener.hpp"
#include "tests/proc_cluster/barrier.hpp"
#include "tests/proc_cluster/proc_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

// Who comes to a node's port and has no keys; and who has keys and lies.

namespace crema {

namespace {

using namespace std::chrono_literals;
using testing::barrier;
using ::testing::HasSubstr;
using testing::proc_cluster;

/// A connected socket; none where the other side refuses at once.
net::descriptor stranger(const net::address& where) {
  auto to = net::look_up(where, 1s).front();
  net::descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval deadline{60, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  if (::connect(socket.get(), to.get(), to.length) != 0)
    socket.close();
  return socket;
}

/// Whether the other side has closed it.
bool is_closed(const net::descriptor& socket) {
  char bytes[512];
  ssize_t n = 1;
  while (n > 0)
    n = ::recv(socket.get(), bytes, sizeof bytes, 0);
  return n == 0 || errno == ECONNRESET;
}

std::size_t resident_bytes(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/statm"};
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

/// Seconds of processor time that a process has used.
double used_by(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
  std::string word;
  double ticks = 0;
  for (int field = 1; file >> word; ++field)
    if (field == 14 || field == 15)
      ticks += std::stod(word);
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace

TEST(Strangers, WithAnyBytesGetNothingAndHarmNoJob) {
  constexpr unsigned seed = 11;
  SCOPED_TRACE("seed " + std::to_string(seed));
  proc_cluster mars;
  auto& b = mars.add("b");
  barrier here{mars.path("here")};
  const auto ctx = mars.connect(1);
  auto job = ctx->range(0, 1000, 1, 4)
               .map(capture(here.path(),
                            [](const std::string& path, long x) {
                              if (x == 0)
                                testing::wait_at(path, "map");
                              return x;
                            }))
               .sum_async();
  here.await(1);
  const auto port = testing::port_of(b.pid());
  const auto before = resident_bytes(b.pid());
  std::mt19937 random{seed};
  constexpr int many = 500;
  for (int i = 0; i != many; ++i) {
    std::string bytes(1 + random() % 2000, '\0');
    for (auto& each : bytes)
      each = static_cast<char>(random());
    if (i % 3 == 0)
      bytes.replace(0, std::min<std::size_t>(bytes.size(), 3), "\x16\x03\x01"); // as TLS begins
    if (i % 3 == 1)
      bytes.replace(0, std::min<std::size_t>(bytes.size(), 8), "crema\n\x01"); // as a link does
    const auto socket = stranger(port);
    ASSERT_TRUE(socket);
    ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(socket.get(), SHUT_WR);
    ASSERT_TRUE(is_closed(socket)) << "after connection " << i;
  }
  const auto after = resident_bytes(b.pid());
  EXPECT_LT(after, before + (std::size_t{64} << 20));
  here.open();
  EXPECT_EQ(job.get(), 499'500);
  EXPECT_EQ(job.metrics().attempts, 1);
}

TEST(Strangers, InAFloodHarmNoJob) {
  proc_cluster mars;
  auto& b = mars.add("b");
  barrier here{mars.path("here")};
  const auto ctx = mars.connect(1);
  auto job = ctx->range(0, 1000, 1, 4)
               .map(capture(here.path(),
                            [](const std::string& path, long x) {
                              if (x == 0)
                                testing::wait_at(path, "map");
                              return x;
                            }))
               .sum_async();
  here.await(1);
  const auto port = testing::port_of(b.pid());
  std::vector<net::descriptor> silent;
  for (int i = 0; i != 64; ++i)
    silent.push_back(stranger(port));
  for (int i = 0; i != 2000; ++i)
    stranger(port);
  here.open();
  EXPECT_EQ(job.get(), 499'500);
  EXPECT_EQ(job.metrics().attempts, 1);
}

TEST(Strangers, WhoTakeAllDescriptorsDoNotMakeANodeSpin) {
  proc_cluster mars;
  auto& b = mars.add("b");
  const auto ctx = mars.connect(1);
  const auto port = testing::port_of(b.pid());
  const rlimit few{48, 48};
  ASSERT_EQ(::prlimit(b.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  std::vector<net::descriptor> silent;
  for (int i = 0; i != 60; ++i)
    silent.push_back(stranger(port));
  const auto before = used_by(b.pid());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(is_closed(silent.front())) << "after 5 s, as nobody has proved himself";
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(used_by(b.pid()) - before, 0.5 * passed.count() + 0.5);
  EXPECT_EQ(ctx->range(0, 1000, 1, 4).sum(), 499'500);
}

// -- a node with keys ---------------------------------------------------------------------------------------------

namespace {

/// A node that registers as any other, takes the driver's executable, and then says what it likes.
class lying_node {
public:
  using lie = std::function<void(net::cluster_peer& to_driver, const net::start_worker& order)>;

  lying_node(proc_cluster& of, lie says) : says_{std::move(says)} {
    const net::tls_context tls{of.base().keys().keys(net::role::node)};
    here_ = std::make_shared<const net::cluster_context>(net::cluster_context{loop_, tls, "liar", {}});
    port_.emplace(
      loop_, tls, net::listen_at({"127.0.0.1", 0}),
      net::listener_options{.expected = {net::role::controller, net::role::node, net::role::driver}},
      [this](net::listener::accepted peer) {
        if (peer.peer.is == net::role::driver)
          std::make_shared<to_driver>(here_, *this)->open(std::move(peer.connection));
        else
          std::make_shared<net::visitor>(here_)->open(std::move(peer.connection));
      },
      nullptr);
    registration_ = std::make_shared<registration>(here_, net::node_facts{"liar", port_->where(), 1, 1, 1 << 20});
    registration_->open(net::dial(loop_, tls, of.base().controller(), {net::role::controller}).connection);
  }
  ~lying_node() {
    port_.reset();
    std::promise<void> over;
    loop_.run([&] {
      registration_->reset("over");
      loop_.run([&] { over.set_value(); });
    });
    over.get_future().wait();
  }

  /// How its link to the driver ended.
  std::string end() {
    auto future = end_.get_future();
    EXPECT_EQ(future.wait_for(patience), std::future_status::ready);
    return future.get();
  }

private:
  class to_driver final : public net::cluster_peer {
  public:
    to_driver(std::shared_ptr<const net::cluster_context> here, lying_node& owner)
        : cluster_peer{std::move(here)}, owner_{owner} {}
    void received(net::message from_driver) override {
      deliver<net::introduce, net::dial_back, net::offer_executable, net::start_worker, net::stop_worker>(from_driver,
                                                                                                          *this);
    }
    using cluster_peer::on;
    void on(const net::offer_executable&) { send(net::executable_ready{}); }
    void on(const net::start_worker& order) { owner_.says_(*this, order); }
    void on(const net::stop_worker&) {}

  private:
    void gone(const net::link_end& how) override {
      if (!std::exchange(owner_.ended_, true))
        owner_.end_.set_value(how.reason);
    }
    lying_node& owner_;
  };

  class registration final : public net::cluster_peer {
  public:
    registration(std::shared_ptr<const net::cluster_context> here, net::node_facts facts)
        : cluster_peer{std::move(here)}, facts_{std::move(facts)} {}
    void received(net::message from_controller) override {
      deliver<net::introduce, net::dial_back, net::node_registered, net::node_refused>(from_controller, *this);
    }
    using cluster_peer::on;
    void on(const net::node_registered&) {}
    void on(const net::node_refused&) {}

  private:
    void introduced() override { send(net::register_node{facts_, 0}); }
    void gone(const net::link_end&) override {}
    const net::node_facts facts_;
  };

  const lie says_;
  std::promise<std::string> end_;
  bool ended_ = false;
  std::shared_ptr<const net::cluster_context> here_;
  std::optional<net::listener> port_;
  std::shared_ptr<registration> registration_;
  net::io_loop loop_; ///< the first to go
};

} // namespace

TEST(LyingNode, CannotSpeakForAWorkerOfAnother) {
  const std::vector<std::pair<const char*, lying_node::lie>> lies{
    {"an end",
     [](auto& to, const auto&) {
       to.send(net::worker_ended{0, "so I say"});
     }},
    {"a beginning", [](auto& to, const auto&) { to.send(net::worker_started{0}); }},
    {"words",
     [](auto& to, const auto&) {
       to.send(net::worker_printed{0, 0, "lies\n"});
     }},
    {"an end in the future",
     [](auto& to, const auto&) {
       to.send(net::worker_ended{4711, "so I say"});
     }},
    {"an end below all", [](auto& to, const auto&) {
       to.send(net::worker_ended{-1, "so I say"});
     }}};
  proc_cluster mars;
  mars.add("a");
  for (const auto& [about, lie] : lies) {
    SCOPED_TRACE(about);
    const auto ctx = mars.connect(1);
    const auto workers = testing::workers_once(*ctx, 1);
    {
      lying_node liar{mars, lie};
      liar.end();
      EXPECT_EQ(testing::workers_once(*ctx, 1), workers);
    }
    EXPECT_EQ(ctx->range(0, 1000, 1, 4).sum(), 499'500);
    EXPECT_EQ(testing::workers_once(*ctx, 1), workers);
  }
}

// -- a worker with keys -------------------------------------------------------------------------------------------

namespace {

/// One worker, which answers to what it is told to begin with a forged message.
class lying_worker final : public net::worker_set {
public:
  using forgery = std::function<net::outgoing(std::uint64_t job, int stage)>;

  explicit lying_worker(forgery says) : liar_{std::make_shared<at_worker>(std::move(says))} {
    auto [here, there] = net::connected_sockets();
    liar_->to_driver = net::link::open(loop_, net::make_socket_stream(std::move(there)), liar_);
    connection_->use(net::link::open(loop_, net::make_socket_stream(std::move(here)), connection_));
  }

  ~lying_worker() override {
    std::promise<void> over;
    loop_.run([&] {
      if (liar_->to_driver)
        liar_->to_driver->reset("over");
      connection_->lose("over");
      loop_.run([&] { over.set_value(); }); // behind the ends of both
    });
    over.get_future().wait();
  }

  std::vector<std::shared_ptr<net::worker_connection>> workers() override { return {connection_}; }
  bool await(std::chrono::milliseconds) override { return true; }
  int slots() const noexcept override { return 1; }

private:
  struct at_worker final : net::link_observer {
    explicit at_worker(forgery with) : says{std::move(with)} {}
    void received(net::message order) override {
      internal::byte_reader in{order.payload()};
      if (order.kind() != static_cast<std::uint16_t>(net::job_kind::start_share))
        return;
      const auto job = in.varint();
      const auto stage = net::read_number<int>(in);
      to_driver->send(says(job, stage));
      to_driver->send(net::to_outgoing(net::share_ended{job, stage}));
    }
    void ended(const net::link_end&) override { to_driver = nullptr; }

    forgery says;
    std::shared_ptr<net::link> to_driver;
  };

  net::io_loop loop_;
  std::shared_ptr<at_worker> liar_;
  std::shared_ptr<net::worker_connection> connection_ = std::make_shared<net::worker_connection>(0);
};

} // namespace

TEST(LyingWorker, CannotSpeakForTasksThatItWasNotGiven) {
  for (const int task : {-1, 4, 1'000'000'000})
    for (const auto& says :
         std::vector<lying_worker::forgery>{[=](std::uint64_t job, int stage) {
                                              return net::to_outgoing(net::result_made{job, stage, task});
                                            },
                                            [=](std::uint64_t job, int stage) {
                                              return net::to_outgoing(net::task_done{job, stage, task});
                                            },
                                            [=](std::uint64_t job, int stage) {
                                              return net::to_outgoing(net::barrier_said{job, stage, task});
                                            },
                                            [=](std::uint64_t job, int stage) {
                                              return net::to_outgoing(net::share_advanced{job, stage, task});
                                            }}) {
      SCOPED_TRACE(task);
      config settings;
      settings.inline_records = 0;
      settings.progress = false;
      context ctx{settings, net::make_worker_engine(std::make_unique<lying_worker>(says))};
      try {
        if (task == 4) { // share_advanced{4} is true where there are four tasks
          ctx.range(0, 3, 1, 3).count();
        } else {
          ctx.range(0, 4, 1, 4).count();
        }
        ADD_FAILURE() << "no error";
      } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::corrupt_data) << e.what();
      }
    }
}

} // namespace crema
