#include "net/listener.hpp"

#include "dataflow/error.hpp"
#include "net/dial.hpp"
#include "net/link.hpp"
#include "net/socket_address.hpp"
#include "net/unproven_peers.hpp"
#include "tests/net/bare_tls.hpp"
#include "tests/net/failure.hpp"
#include "tests/net/mars.hpp"
#include "tests/net/observed_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <future>
#include <optional>
#include <poll.h>
#include <sys/resource.h>

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A node's port that opens a link for every driver that comes, and what it logs.
class Listener : public testing::Test {
protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }
  static void TearDownTestSuite() { std::signal(SIGPIPE, SIG_DFL); }

  void listen(listener_options options = {}) {
    options.expected = {role::driver};
    port.emplace(
      loop, node, listen_at(parse_address("127.0.0.1:0", true)), options,
      [this](listener::accepted peer) { links.push_back(link::open(loop, std::move(peer.connection), guest)); },
      [this](const std::string& line) {
        std::lock_guard lock{mutex};
        lines.push_back(line);
        changed.notify_all();
      });
  }

  /// A connected socket that has said nothing; it blocks, for a minute at most.
  descriptor stranger() const {
    auto socket = begin_connect(look_up(port->where(), 1s).front());
    pollfd ready{socket.get(), POLLOUT, 0};
    EXPECT_EQ(::poll(&ready, 1, 60'000), 1);
    ::fcntl(socket.get(), F_SETFL, 0);
    const timeval patience{60, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return socket;
  }

  /// Waits until the other side has closed it.
  static void wait_for_end(const descriptor& socket) {
    char byte = 0;
    for (ssize_t n = 1; n > 0;)
      n = ::recv(socket.get(), &byte, 1, 0);
    EXPECT_NE(errno, EAGAIN) << "it stayed open";
    errno = 0;
  }

  std::shared_ptr<link> connect(std::shared_ptr<observed> user, const std::string& server_name = {}) {
    return link::open(loop, dial(loop, driver, port->where(), {role::node}, 60s, server_name).connection,
                      std::move(user));
  }

  /// What a client says first that asks for this name.
  std::string hello_for(const std::string& server_name) const {
    auto [here, there] = connected_sockets();
    auto client = driver.connect(std::move(here), {role::node}, server_name);
    client.advance();
    std::string bytes(16'384, ' ');
    bytes.resize(static_cast<std::size_t>(::recv(there.get(), bytes.data(), bytes.size(), 0)));
    return bytes;
  }

  std::string line(std::size_t n) {
    std::unique_lock lock{mutex};
    EXPECT_TRUE(changed.wait_for(lock, 60s, [&] { return lines.size() > n; }));
    return lines.size() > n ? lines[n] : "";
  }

  std::size_t logged() {
    std::lock_guard lock{mutex};
    return lines.size();
  }

  const tls_context node{mars().keys(role::node)};
  const tls_context driver{mars().keys(role::driver)};
  std::shared_ptr<observed> guest = std::make_shared<observed>();
  std::vector<std::shared_ptr<link>> links; // the loop's thread's
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> lines;
  io_loop loop;
  std::optional<listener> port;
};

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

} // namespace

TEST_F(Listener, LetsAPeerInThatProvesItself) {
  listen();
  EXPECT_NE(port->where().port, 0);
  const auto user = std::make_shared<observed>();
  const auto to_node = connect(user);
  to_node->send(text_message(first_message_kind, "hello"));
  EXPECT_EQ(text_of(guest->take()), "hello");
  to_node->finish();
  guest->wait_for_finish();
  EXPECT_EQ(logged(), 0U);
}

TEST_F(Listener, LogsWhomItRefusesAndWhyAndDoesNotTellThem) {
  listen();
  const tls_context other_node{mars().keys(role::node)};
  const auto told = failure(errc::untrusted, [&] { dial(loop, other_node, port->where(), {role::node}); });
  EXPECT_THAT(line(0), AllOf(StartsWith("refused a connection from 127.0.0.1:"),
                             HasSubstr("its certificate is for the role node, expected is driver")));
  EXPECT_THAT(told, AllOf(StartsWith(to_string(port->where())), HasSubstr("the peer refused this side")));

  const cluster venus;
  const tls_context foreign{venus.keys(role::driver)};
  EXPECT_THAT(failure(errc::untrusted, [&] { dial(loop, foreign, port->where(), {role::node}); }),
              HasSubstr("its certificate is of another cluster's authority"));

  const auto plain = stranger();
  ASSERT_EQ(::send(plain.get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  wait_for_end(plain);
  EXPECT_THAT(line(2), HasSubstr("the peer does not speak TLS"));
}

TEST_F(Listener, CutsWhoeverHasNotProvedItselfInTime) {
  listen({.handshake_deadline = 50ms});
  const auto silent = stranger();
  const auto slow = stranger();
  ASSERT_EQ(::send(slow.get(), "\x16", 1, 0), 1);
  wait_for_end(silent);
  wait_for_end(slow);
  EXPECT_THAT(line(0), HasSubstr("it has not proved itself in 50 ms"));
}

TEST_F(Listener, RefusesAtOnceWhoIsBeyondTheCapAndHarmsNobodyElse) {
  listen({.handshake_deadline = 1h, .max_unproven = 64});
  const auto user = std::make_shared<observed>();
  const auto to_node = connect(user);
  std::vector<descriptor> flood;
  for (int i = 0; i != 64; ++i)
    flood.push_back(stranger());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i != 500; ++i)
    wait_for_end(stranger());
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_THAT(line(0), HasSubstr("there are 64 unproven connections already"));
  EXPECT_LE(logged(), 11U + static_cast<std::size_t>(seconds));
  to_node->send(text_message(first_message_kind, "still there"));
  EXPECT_EQ(text_of(guest->take()), "still there");
}

TEST_F(Listener, CutsAtOnceWhoClosesWithinItsFirstBytes) {
  listen({.handshake_deadline = 1h});
  const auto hasty = stranger();
  ASSERT_EQ(::send(hasty.get(), "\x16\x03\x01", 3, 0), 3);
  ::shutdown(hasty.get(), SHUT_WR);
  wait_for_end(hasty);
  EXPECT_THAT(line(0), HasSubstr("closed the connection within its first words"));
}

// -- routes ---------------------------------------------------------------------------------------------------------

namespace {

/// A node's port with a worker behind it, which answers to one name.
class Route : public Listener {
protected:
  void SetUp() override {
    listen({.handshake_deadline = 1h, .max_unproven = 2, .route = [this](std::string_view name, descriptor& socket) {
              if (name == "full")
                throw error{errc::unreachable, "the worker does not read what it is sent"};
              if (name != "known")
                return false;
              worker->add(std::move(socket), "a node's port", {role::driver},
                          [this](std::unique_ptr<stream> connection, const peer_identity&) {
                            links.push_back(link::open(loop, std::move(connection), behind));
                          });
              return true;
            }});
  }
  void TearDown() override {
    port.reset();
    std::promise<void> closed;
    loop.run([&] { worker->close(), closed.set_value(); });
    closed.get_future().wait();
  }

  /// A stranger that has said this.
  descriptor stranger_who_says(std::string_view bytes) const {
    auto socket = stranger();
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    return socket;
  }

  const tls_context other_node{mars().keys(role::node)};
  const std::shared_ptr<observed> behind = std::make_shared<observed>();
  const std::shared_ptr<unproven_peers> worker = std::make_shared<unproven_peers>(
    loop, other_node, unproven_options{.deadline = 1h, .most = 5, .names = server_names::any}, nullptr);
};

} // namespace

TEST_F(Route, HandsAConnectionOverBeforeItsHandshake) {
  const auto user = std::make_shared<observed>();
  const auto to_worker = connect(user, "known");
  to_worker->send(text_message(first_message_kind, "hello"));
  EXPECT_EQ(text_of(behind->take()), "hello");
  const auto to_node = connect(user);
  to_node->send(text_message(first_message_kind, "for the node"));
  EXPECT_EQ(text_of(guest->take()), "for the node");
  EXPECT_EQ(logged(), 0U);
}

TEST_F(Route, SaysThatThereIsNobodyOfAnUnknownName) {
  const auto told = failure(errc::unreachable, [&] { connect(std::make_shared<observed>(), "unknown"); });
  EXPECT_EQ(told, to_string(port->where()) + ": there is no such worker");
  EXPECT_THAT(line(0), HasSubstr("it asks for a worker that is not here"));
}

TEST_F(Route, RefusesAndLogsWhomItCannotHandOver) {
  failure(errc::unreachable, [&] { connect(std::make_shared<observed>(), "full"); });
  EXPECT_THAT(line(0), HasSubstr("the worker does not read what it is sent"));
}

TEST_F(Route, WaitsForTheWholeOfAHelloThatComesByteByByte) {
  const auto slow = stranger();
  for (const char byte : hello_for("known"))
    ASSERT_EQ(::send(slow.get(), &byte, 1, 0), 1);
  char answer = 0;
  EXPECT_EQ(::recv(slow.get(), &answer, 1, 0), 1); // the worker's: the node would not answer to that name
  EXPECT_EQ(answer, '\x16');
  EXPECT_EQ(logged(), 0U);
}

TEST_F(Route, NoLongerCountsWhomItHandedOver) {
  const auto hello = hello_for("known");
  std::vector<descriptor> silent;
  char answer = 0;
  for (int i = 0; i != 5; ++i) { // of which the node itself takes two
    silent.push_back(stranger_who_says(hello));
    ASSERT_EQ(::recv(silent.back().get(), &answer, 1, 0), 1);
  }
  wait_for_end(stranger_who_says(hello)); // the worker takes five
  connect(std::make_shared<observed>());
  EXPECT_EQ(logged(), 0U);
}

TEST_F(Route, CutsWhatIsNoHelloOrTooLong) {
  auto hello = hello_for("known");
  wait_for_end(stranger_who_says("GET / HTTP/1.1\r\n\r\n"));
  hello[6] = 1; // 64 KiB
  wait_for_end(stranger_who_says(hello));
  EXPECT_THAT(line(0), HasSubstr("does not speak TLS"));
  EXPECT_THAT(line(1), HasSubstr("is no client's hello"));
}

TEST_F(Listener, SpendsLessThanAMebibyteOnEachUnprovenPeer) {
  listen({.handshake_deadline = 1h});
  stranger(); // what is taken once only
  const auto before = resident_bytes();
  std::string hello{"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11}; // a client hello of 16380 bytes
  hello.resize(16'000, 'x');
  std::vector<descriptor> strangers;
  for (int i = 0; i != 60; ++i) {
    strangers.push_back(stranger());
    ASSERT_EQ(::send(strangers.back().get(), hello.data(), hello.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(hello.size()));
  }
  const auto user = std::make_shared<observed>(); // behind all of them
  connect(user)->finish();
  guest->wait_for_finish();
  const auto each = (resident_bytes() - before) / 60;
  RecordProperty("bytes_per_unproven_peer", static_cast<int>(each));
  EXPECT_LT(each, std::size_t{1} << 20);
}

TEST_F(Listener, RestsWhileThereAreNoDescriptorsAndGoesOnWhenThereAre) {
  listen();
  auto to = look_up(port->where(), 1s).front();
  const descriptor client{::socket(AF_INET, SOCK_STREAM, 0)};
  const int lowest_free = descriptor{::dup(0)}.get();
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  const rlimit none{static_cast<rlim_t>(lowest_free), usual.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  EXPECT_EQ(::connect(client.get(), to.get(), to.length), 0);
  EXPECT_THAT(line(0), HasSubstr("cannot accept connections: Too many open files"));
  const auto first = std::chrono::steady_clock::now();
  line(2);
  EXPECT_GT(std::chrono::steady_clock::now() - first, 100ms); // not again and again
  ::setrlimit(RLIMIT_NOFILE, &usual);
  ASSERT_EQ(::send(client.get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  wait_for_end(client);
}

TEST_F(Listener, FreesItsPort) {
  listen();
  const auto where = port->where();
  const auto waiting = stranger();
  port.reset();
  wait_for_end(waiting);
  EXPECT_THAT(failure(errc::unreachable, [&] { dial(loop, driver, where, {role::node}); }),
              AllOf(StartsWith(to_string(where)), HasSubstr("Connection refused")));
}

TEST_F(Listener, SaysWhereItCannotListen) {
  listen();
  EXPECT_THAT(failure(errc::unreachable, [&] { listen_at(port->where()); }),
              AllOf(HasSubstr("cannot listen at " + to_string(port->where())), HasSubstr("in use")));
}

TEST_F(Listener, GivesUpAServiceThatDoesNotAnswerAsItShould) {
  const auto silent = listen_at(parse_address("127.0.0.1:0", true));
  EXPECT_THAT(failure(errc::unreachable, [&] { dial(loop, driver, silent.where, {role::node}, 500ms); }),
              HasSubstr("it does not answer as crema does"));
  EXPECT_THAT(failure(errc::unreachable,
                      [&] {
                        dial(loop, driver, {"host.invalid", 1}, {role::node});
                      }),
              HasSubstr("cannot find host.invalid:1"));
}

} // namespace crema::net
