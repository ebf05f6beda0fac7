#include "net/tls.hpp"

#include "dataflow/error.hpp"
#include "net/io_loop.hpp"
#include "net/link.hpp"
#include "tests/net/bare_tls.hpp"
#include "tests/net/failure.hpp"
#include "tests/net/mars.hpp"
#include "tests/net/observed_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <sys/socket.h>

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::HasSubstr;

const std::vector<role> anybody{role::controller, role::node, role::driver};

/// The two ends of a connection, and what this side says of the other.
class Tls : public testing::Test {
protected:
  // What OpenSSL writes to a closed socket is a signal, which a loop's thread does not take.
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }
  static void TearDownTestSuite() { std::signal(SIGPIPE, SIG_DFL); }

  void SetUp() override {
    auto [one, other] = connected_sockets();
    for (const auto* end : {&one, &other})
      ::fcntl(end->get(), F_SETFL, O_NONBLOCK);
    server_end = std::move(one);
    client_end = std::move(other);
  }

  /// Advances a handshake and its peer in turn until the former is done; its refusal, or "".
  static std::string outcome(tls_handshake& handshake, const std::function<void()>& advance_peer) {
    try {
      for (int i = 0; i != 20; ++i) {
        if (handshake.advance() == tls_handshake::state::done)
          return "";
        advance_peer();
      }
      return "no end";
    } catch (const error& e) {
      return e.text();
    }
  }

  /// What a node says to a bare client with these keys.
  std::string refusal(const std::optional<key_pair>& client, int version = TLS1_3_VERSION,
                      const std::vector<role>& expected = anybody) {
    SetUp();
    const tls_context tls{mars().keys(role::node)};
    auto handshake = tls.accept(std::move(server_end), expected);
    bare_tls peer{std::move(client_end), bare_tls::side::client, client, version};
    return outcome(handshake, [&] { peer.advance(); });
  }

  /// What a node says to a peer that begins with these bytes.
  std::string refusal_of_bytes(std::string_view bytes) {
    SetUp();
    const tls_context tls{mars().keys(role::node)};
    auto handshake = tls.accept(std::move(server_end), anybody);
    EXPECT_EQ(::send(client_end.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return outcome(handshake, [] {});
  }

  descriptor server_end;
  descriptor client_end;
};

} // namespace

TEST_F(Tls, LetsEachSideKnowWhatTheOtherIs) {
  const tls_context node{mars().keys(role::node)};
  const tls_context driver{mars().keys(role::driver)};
  auto server = node.accept(std::move(server_end), {role::driver});
  auto client = driver.connect(std::move(client_end), {role::node});
  ASSERT_EQ(outcome(server, [&] { client.advance(); }), "");
  EXPECT_EQ(server.peer().is, role::driver);
  EXPECT_GT(server.peer().valid_until, system_clock::now() + std::chrono::years{9});
  EXPECT_EQ(client.advance(), tls_handshake::state::wants_input); // until the server has said a word
  const auto connection = std::move(server).finish();
  const iovec word{const_cast<char*>("x"), 1};
  ASSERT_EQ(connection->write({&word, 1}).bytes, 1U);
  EXPECT_EQ(client.advance(), tls_handshake::state::done);
  EXPECT_EQ(client.peer().is, role::node);
}

TEST_F(Tls, RefusesCertificatesThatDoNotCount) {
  const cluster venus;
  const auto now = system_clock::now();
  EXPECT_THAT(refusal(mars().keys(role::driver, {now - 48h, now - 24h}).own), HasSubstr("its certificate has expired"));
  EXPECT_THAT(refusal(mars().keys(role::driver, {now + 24h, now + 48h}).own), HasSubstr("is not valid before"));
  EXPECT_EQ(refusal(venus.keys(role::driver).own), "its certificate is of another cluster's authority");
  EXPECT_EQ(refusal(make_authority("mars")), "its certificate is self-signed");
  EXPECT_EQ(refusal(std::nullopt), "the peer shows no certificate");
  EXPECT_THAT(refusal(mars().authority), HasSubstr("unsuitable certificate purpose"));
  EXPECT_EQ(refusal(mars().keys(role::driver).own), "");
}

TEST_F(Tls, RefusesACertificateForAnotherRole) {
  EXPECT_EQ(refusal(mars().keys(role::driver).own, TLS1_3_VERSION, {role::controller, role::node}),
            "its certificate is for the role driver, expected is controller or node");
  EXPECT_EQ(refusal(mars().keys(role::node).own, TLS1_3_VERSION, {role::node}), "");
}

TEST_F(Tls, RefusesServersThatDoNotCount) {
  const cluster venus;
  const auto refusal = [&](const key_pair& server) {
    SetUp();
    const tls_context tls{mars().keys(role::driver)};
    auto handshake = tls.connect(std::move(client_end), {role::node});
    bare_tls peer{std::move(server_end), bare_tls::side::server, server};
    return outcome(handshake, [&] { peer.advance(); });
  };
  EXPECT_EQ(refusal(venus.keys(role::node).own), "its certificate is of another cluster's authority");
  EXPECT_EQ(refusal(mars().keys(role::driver).own), "its certificate is for the role driver, expected is node");
}

TEST_F(Tls, RefusesOldVersionsAndWhatIsNoTls) {
  EXPECT_EQ(refusal(mars().keys(role::driver).own, TLS1_2_VERSION), "the peer speaks no TLS 1.3");
  EXPECT_EQ(refusal(mars().keys(role::driver).own, TLS1_1_VERSION), "the peer speaks no TLS 1.3");
  EXPECT_EQ(refusal_of_bytes("GET / HTTP/1.1\r\n\r\n"), "the peer does not speak TLS");
  EXPECT_EQ(refusal_of_bytes("\x10"), "the peer does not speak TLS");
  EXPECT_EQ(refusal_of_bytes(std::string{"\x16\3\1\0\5\1\0\0\1\0", 10}).substr(0, 27), "the peer's TLS is refused: ");
}

TEST_F(Tls, RefusesAHelloThatIsTooLongBeforeMemoryIsTakenForIt) {
  EXPECT_THAT(refusal_of_bytes(std::string{"\x16\3\1\x40\0\1\1\0\0", 9}), HasSubstr("of type 1 and 65536 bytes"));
  EXPECT_THAT(refusal_of_bytes(std::string{"\x16\3\1\x40\0\2\0\1\0", 9}), HasSubstr("of type 2"));
}

TEST_F(Tls, WaitsForAHelloThatComesByteByByte) {
  const tls_context tls{mars().keys(role::node)};
  auto handshake = tls.accept(std::move(server_end), anybody);
  for (const char byte : std::string{"\x16\3\1\0\x80\1\0\0\x7c\3", 10}) {
    ASSERT_EQ(::send(client_end.get(), &byte, 1, 0), 1);
    EXPECT_EQ(handshake.advance(), tls_handshake::state::wants_input);
  }
}

TEST_F(Tls, TellsAllRefusedPeersTheSame) {
  const cluster venus;
  const auto now = system_clock::now();
  const auto alert = [&](const key_pair& client) {
    SetUp();
    const tls_context tls{mars().keys(role::node)};
    auto handshake = tls.accept(std::move(server_end), {role::driver});
    bare_tls peer{std::move(client_end), bare_tls::side::client, client};
    EXPECT_NE(outcome(handshake, [&] { peer.advance(); }), "");
    return peer.advance();
  };
  EXPECT_EQ(alert(mars().keys(role::driver, {now - 48h, now - 24h}).own), "sslv3 alert handshake failure");
  EXPECT_EQ(alert(venus.keys(role::driver).own), "sslv3 alert handshake failure");
  EXPECT_EQ(alert(mars().keys(role::node).own), "sslv3 alert handshake failure");
}

TEST_F(Tls, SaysThatThePeerRefusedIt) {
  const tls_context node{mars().keys(role::node)};
  const tls_context driver{mars().keys(role::driver)};
  auto server = node.accept(std::move(server_end), {role::node});
  auto client = driver.connect(std::move(client_end), {role::node});
  EXPECT_THAT(outcome(server, [&] { client.advance(); }), HasSubstr("for the role driver"));
  EXPECT_THAT(failure(errc::untrusted, [&] { client.advance(); }), HasSubstr("the peer refused this side"));
}

TEST_F(Tls, RefusesKeysOfItsOwnThatNoPeerWouldAccept) {
  const cluster venus;
  const auto now = system_clock::now();
  const auto expired = mars().keys(role::node, {now - 48h, now - 24h});
  EXPECT_THAT(failure(errc::untrusted, [&] { tls_context{expired}; }),
              HasSubstr("this side's certificate has expired"));
  EXPECT_THAT(failure(errc::untrusted,
                      [&] {
                        tls_context({mars().authority.certificate, venus.keys(role::node).own});
                      }),
              HasSubstr("another cluster"));
  EXPECT_THAT(failure(errc::untrusted,
                      [&] {
                        tls_context({mars().authority.certificate, mars().authority});
                      }),
              HasSubstr("names no role"));
  auto mixed = mars().keys(role::node);
  mixed.own.key = mars().keys(role::node).own.key;
  EXPECT_THAT(failure(errc::corrupt_data, [&] { tls_context{mixed}; }), HasSubstr("do not belong together"));
  EXPECT_THAT(failure(errc::corrupt_data, [&] { tls_context({"", {"", ""}}); }), HasSubstr("no certificate"));
}

TEST_F(Tls, CarriesALink) {
  const tls_context node{mars().keys(role::node)};
  const tls_context driver{mars().keys(role::driver)};
  auto server = node.accept(std::move(server_end), {role::driver});
  auto client = driver.connect(std::move(client_end), {role::node});
  ASSERT_EQ(outcome(server, [&] { client.advance(); }), "");

  io_loop loop;
  const auto at_server = std::make_shared<observed>();
  const auto at_client = std::make_shared<observed>();
  const auto from_server = link::open(loop, std::move(server).finish(), at_server);
  while (client.advance() != tls_handshake::state::done) {
    pollfd ready{client.native_handle(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 60'000), 1);
  }
  const auto from_client = link::open(loop, std::move(client).finish(), at_client);
  for (const std::size_t size : {0U, 1U, 16'000U, 16'384U, 1'000'000U}) {
    auto sent = block_message(first_message_kind, size);
    sent.head.put("head", 4);
    from_client->send(std::move(sent));
    from_server->send(block_message(first_message_kind, size));
    EXPECT_EQ(text_of(at_server->take()), "head" + std::string(size, 'Z'));
    EXPECT_EQ(text_of(at_client->take()), std::string(size, 'Z'));
  }
  from_client->finish();
  at_server->wait_for_finish();
  from_server->send(text_message(first_message_kind, "last"));
  EXPECT_EQ(text_of(at_client->take()), "last");
  from_server->finish();
  EXPECT_EQ(at_server->end().why, link_end::cause::clean);
  EXPECT_EQ(at_client->end().why, link_end::cause::clean);
}

} // namespace crema::net
