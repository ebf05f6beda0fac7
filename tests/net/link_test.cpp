#include "net/link.hpp"

#include "dataflow/error.hpp"
#include "net/io_loop.hpp"
#include "tests/net/observed_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <poll.h>
#include <random>
#include <sys/socket.h>
#include <thread>

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::uint16_t text_kind = first_message_kind;
constexpr std::uint16_t block_kind = first_message_kind + 1;

struct side {
  std::shared_ptr<observed> observer = std::make_shared<observed>();
  std::shared_ptr<link> connection;
};

std::string bytes_of(const outgoing& what) {
  const auto header = frame_header(what.kind, what.payload_size());
  const auto payload = what.head.bytes();
  std::string bytes{reinterpret_cast<const char*>(header.data()), header.size()};
  return bytes.append(reinterpret_cast<const char*>(payload.data()), payload.size());
}

outgoing hello(std::uint16_t version = 2) {
  auto made = text_message(0, "crema\n");
  made.head.put(&version, sizeof version);
  return made;
}

/// A stream that has read its beginning before there is a link, as TLS may while the peer proves itself.
class read_ahead final : public stream {
public:
  read_ahead(std::string bytes, descriptor socket)
      : bytes_{std::move(bytes)}, rest_{make_socket_stream(std::move(socket))} {}

  int native_handle() const noexcept override { return rest_->native_handle(); }
  result read(std::span<std::byte> into) override {
    if (bytes_.empty())
      return rest_->read(into);
    const auto n = bytes_.copy(reinterpret_cast<char*>(into.data()), into.size());
    bytes_.erase(0, n);
    return {.bytes = n};
  }
  result write(std::span<const iovec> pieces) override { return rest_->write(pieces); }
  bool buffered() const noexcept override { return !bytes_.empty(); }
  void finish() noexcept override { rest_->finish(); }
  void abort() noexcept override { rest_->abort(); }

private:
  std::string bytes_;
  std::unique_ptr<stream> rest_;
};

/// Two links that are each other's peers, or one whose peer is a bare socket.
class Link : public testing::Test {
protected:
  void connect(const link_options& options = {}) {
    auto [one, other] = connected_sockets();
    a = opened(std::move(one), options);
    b = opened(std::move(other), options);
  }

  void connect_bare(const link_options& options = {}) {
    auto [one, other] = connected_sockets();
    a = opened(std::move(one), options);
    bare = std::move(other);
  }

  void say(const outgoing& what) { say(bytes_of(what)); } // at once: the link may close when it has seen the header
  void say(std::string_view bytes) const {
    ASSERT_EQ(::send(bare.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void say_hello(std::uint16_t version = 2) { say(hello(version)); }
  void grant(std::uint64_t bytes) {
    auto credit = text_message(2, "");
    credit.head.put(&bytes, sizeof bytes);
    say(credit);
  }

  /// The next frame that the bare socket gets.
  frame hear() {
    for (;;) {
      if (auto next = parser_.next())
        return *std::move(next);
      pollfd ready{bare.get(), POLLIN, 0};
      EXPECT_EQ(::poll(&ready, 1, 60'000), 1) << "waited in vain";
      const auto room = parser_.room();
      const auto n = ::recv(bare.get(), room.data(), room.size(), 0);
      if (n <= 0)
        throw std::runtime_error{"the link has closed"};
      parser_.filled(static_cast<std::size_t>(n));
    }
  }

  io_loop loop;
  side a;
  side b;
  descriptor bare;

private:
  side opened(descriptor socket, const link_options& options) {
    side made;
    made.connection = link::open(loop, make_socket_stream(std::move(socket)), made.observer, options);
    return made;
  }

  frame_parser parser_;
};

constexpr link_options quick{.liveness = {20ms, 60ms, 150ms}};

} // namespace

TEST_F(Link, TakesWhatItsStreamHasReadBeforeTheLinkWasOpened) {
  auto [one, other] = connected_sockets();
  auto early =
    std::make_unique<read_ahead>(bytes_of(hello()) + bytes_of(text_message(text_kind, "early")), std::move(one));
  a.connection = link::open(loop, std::move(early), a.observer);
  EXPECT_EQ(text_of(a.observer->take()), "early");
}

TEST_F(Link, CarriesMessagesInOrderBothWays) {
  connect();
  for (int i = 0; i != 1000; ++i) {
    a.connection->send(text_message(text_kind, "to b " + std::to_string(i)));
    b.connection->send(text_message(text_kind, "to a " + std::to_string(i)));
  }
  for (int i = 0; i != 1000; ++i) {
    ASSERT_EQ(text_of(b.observer->take()), "to b " + std::to_string(i));
    ASSERT_EQ(text_of(a.observer->take()), "to a " + std::to_string(i));
  }
}

TEST_F(Link, JoinsHeadAndBody) {
  connect();
  auto sent = block_message(block_kind, 300'000);
  sent.head.put("head", 4);
  a.connection->send(std::move(sent));
  const auto received = b.observer->take();
  EXPECT_EQ(received.kind(), block_kind);
  EXPECT_EQ(text_of(received), "head" + std::string(300'000, 'Z'));
}

TEST_F(Link, CarriesEveryByteWhateverTheSizes) {
  connect({.send_bound = 100'000, .receive_window = 50'000});
  std::mt19937 sizes{7};
  std::thread sender{[this, sizes]() mutable {
    for (int i = 0; i != 400; ++i)
      a.connection->send(block_message(block_kind, sizes() % (i % 20 == 0 ? 400'000 : 2000)));
    a.connection->finish();
  }};
  for (int i = 0; i != 400; ++i)
    ASSERT_EQ(text_of(b.observer->take()), std::string(sizes() % (i % 20 == 0 ? 400'000 : 2000), 'Z'));
  sender.join();
  b.connection->finish();
  EXPECT_EQ(b.observer->end().why, link_end::cause::clean);
}

TEST_F(Link, EndsCleanlyWhenBothSidesHaveFinished) {
  connect();
  a.connection->send(text_message(text_kind, "last of a"));
  a.connection->finish();
  b.observer->wait_for_finish();
  EXPECT_EQ(text_of(b.observer->take()), "last of a");
  b.connection->send(text_message(text_kind, "b goes on"));
  EXPECT_EQ(text_of(a.observer->take()), "b goes on");
  EXPECT_FALSE(a.observer->has_ended());
  b.connection->finish();
  EXPECT_EQ(a.observer->end().why, link_end::cause::clean);
  EXPECT_EQ(b.observer->end().why, link_end::cause::clean);
}

TEST_F(Link, StopsASenderWhoseConsumerIsBehind) {
  constexpr std::size_t block = 10'000;
  connect({.send_bound = 50'000, .receive_window = 40'000});
  int sent = 1;
  while (a.connection->send(block_message(block_kind, block)))
    ++sent;
  // Five messages are credit and one that may exceed it; five more are held where they were sent.
  EXPECT_LE(sent, 11);
  b.observer->wait_for_messages(4);
  EXPECT_LE(b.observer->waiting(), 5U);
  for (int i = 0; i != sent; ++i)
    b.observer->take();
  a.observer->wait_for_room();
  EXPECT_TRUE(a.connection->send(block_message(block_kind, block)));
  b.observer->take();
}

TEST_F(Link, BeatsForASlowConsumer) {
  connect_bare({.liveness = {1ms, 1h, 2h}, .receive_window = 1000});
  say_hello();
  say(text_message(text_kind, std::string(2000, 'x')));
  a.observer->wait_for_messages(1); // never taken: there is no credit any more
  for (int beats = 0; beats != 5;)
    beats += hear().kind() == 1 ? 1 : 0;
  EXPECT_FALSE(a.observer->has_ended());
}

TEST_F(Link, GivesUpASilentPeer) {
  connect_bare(quick);
  say_hello();
  a.observer->wait_for_suspicion();
  const auto end = a.observer->end();
  EXPECT_EQ(end.why, link_end::cause::silent);
  EXPECT_EQ(end.reason, "the peer gave no sign of life for 150 ms");
}

TEST_F(Link, GivesUpAPeerThatDoesNotReadAndHoldsLittleForItUntilThen) {
  connect_bare(quick);
  say_hello();
  grant(std::uint64_t{1} << 40);
  std::size_t sent = 0;
  while (a.connection->send(block_message(block_kind, 100'000)))
    sent += 100'000;
  EXPECT_LE(sent, link_options{}.send_bound + 2'000'000); // and what the socket holds
  EXPECT_EQ(a.observer->end().why, link_end::cause::silent);
}

TEST_F(Link, SaysWhenThePeerIsGone) {
  connect_bare();
  say_hello();
  bare.close();
  const auto end = a.observer->end();
  EXPECT_EQ(end.why, link_end::cause::lost);
  EXPECT_TRUE(a.connection->send(text_message(text_kind, "into the void")));
}

TEST_F(Link, BreaksWhenItIsReset) {
  connect();
  a.connection->send(text_message(text_kind, "hello"));
  b.observer->wait_for_messages(1);
  a.connection->reset("enough");
  const auto end = a.observer->end();
  EXPECT_EQ(end.why, link_end::cause::reset);
  EXPECT_EQ(end.reason, "enough");
  EXPECT_EQ(b.observer->end().why, link_end::cause::lost);
}

TEST_F(Link, RefusesPeersThatDoNotSpeakItsLanguage) {
  const auto refusal = [this](auto speak) {
    connect_bare();
    speak();
    const auto end = a.observer->end();
    EXPECT_EQ(end.why, link_end::cause::refused);
    return end.reason;
  };
  EXPECT_EQ(refusal([&] { say("GET / HTTP/1.1\r\n\r\n"); }), "these bytes are no frame of crema");
  EXPECT_EQ(refusal([&] { say(text_message(text_kind, "no hello")); }), "the peer does not say hello as crema does");
  EXPECT_EQ(refusal([&] { say(text_message(0, "crema\n")); }), "the peer does not say hello as crema does");
  EXPECT_EQ(refusal([&] { say_hello(7); }), "the peer speaks version 7 of the protocol, this side 2");
  EXPECT_THAT(refusal([&] { say_hello(), say(text_message(4, "?")); }), HasSubstr("a frame of kind 4"));
  EXPECT_THAT(refusal([&] { say_hello(), say(text_message(2, "no")); }), HasSubstr("a frame of kind 2 and 2 bytes"));
  EXPECT_THAT(refusal([&] { say_hello(), say(text_message(3, "")), say(text_message(3, "")); }),
              HasSubstr("a frame of kind 3"));
  EXPECT_THAT(refusal([&] { say(std::string{"\0\0\1\0\0\0\0\0", 8}); }), HasSubstr("a frame of 65536 bytes"));
}

TEST_F(Link, RefusesAPeerThatSendsWithoutCredit) {
  connect_bare({.receive_window = 100});
  say_hello();
  say(text_message(text_kind, std::string(200, 'x')));
  say(text_message(text_kind, "one too many"));
  EXPECT_EQ(a.observer->end().reason, "the peer sent without credit");
  EXPECT_EQ(a.observer->waiting(), 1U);
}

TEST_F(Link, RefusesAPeerWhoseMessageItsUserCannotRead) {
  class strict : public observed {
    void received(message) override { throw error{errc::corrupt_data, "nonsense"}; }
  };
  a.observer = std::make_shared<strict>();
  auto [one, other] = connected_sockets();
  a.connection = link::open(loop, make_socket_stream(std::move(one)), a.observer);
  bare = std::move(other);
  say_hello();
  say(text_message(text_kind, "?"));
  const auto end = a.observer->end();
  EXPECT_EQ(end.why, link_end::cause::refused);
  EXPECT_EQ(end.reason, "nonsense");
}

TEST_F(Link, RefusesMessagesThatAreTooLong) {
  connect();
  outgoing huge{block_kind, {}, {nullptr, {static_cast<const std::byte*>(nullptr), max_frame_bytes + 1}}};
  EXPECT_THROW(a.connection->send(std::move(huge)), error);
}

TEST_F(Link, LeavesNothingBehind) {
  connect();
  const std::weak_ptr<link> connection = a.connection;
  const std::weak_ptr<observed> observer = a.observer;
  auto sent = block_message(block_kind, 1000);
  const std::weak_ptr<const void> body = sent.body.owner;
  a.connection->send(std::move(sent));
  a.connection->reset("enough");
  a.observer->end();
  b.observer->end();
  b = {};
  a = {};
  std::promise<void> idle;
  loop.run([&] { idle.set_value(); });
  idle.get_future().wait();
  EXPECT_TRUE(connection.expired());
  EXPECT_TRUE(observer.expired());
  EXPECT_TRUE(body.expired());
}

} // namespace crema::net
