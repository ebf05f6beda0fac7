#include "net/client_hello.hpp"

#include "dataflow/error.hpp"
#include "net/socket_address.hpp"
#include "net/tls.hpp"
#include "tests/net/mars.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <poll.h>
#include <random>
#include <string>
#include <sys/socket.h>

namespace crema::net {

namespace {

using testing::HasSubstr;

/// What a client says first.
std::string hello_for(const std::string& name) {
  static const tls_context driver{mars().keys(role::driver)};
  auto [here, there] = connected_sockets();
  auto client = driver.connect(std::move(here), {role::node}, name);
  client.advance();
  std::string bytes(16'384, ' ');
  bytes.resize(static_cast<std::size_t>(::recv(there.get(), bytes.data(), bytes.size(), 0)));
  return bytes;
}

/// A socket in which something lies.
class ClientHello : public testing::Test {
protected:
  void say(std::string_view bytes) {
    ASSERT_EQ(::send(there.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  std::string left() const {
    std::string bytes(32'768, ' ');
    const auto n = ::recv(here.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return bytes;
  }

  bool has_come(hello_part part) const { return hello_has_come(here.get(), part); }

  std::string refusal(errc expected) const {
    try {
      has_come(hello_part::head);
    } catch (const error& e) {
      EXPECT_EQ(e.code(), expected);
      return e.text();
    }
    return "no refusal";
  }

  std::pair<descriptor, descriptor> ends = connected_sockets();
  descriptor here = std::move(ends.first);
  descriptor there = std::move(ends.second);
};

} // namespace

TEST_F(ClientHello, TellsItsServerNameAndStaysWhereItIs) {
  const auto hello = hello_for("5f0c.driver");
  say(hello);
  say("and more");
  ASSERT_TRUE(has_come(hello_part::whole));
  EXPECT_EQ(server_name_of_hello(here.get()), "5f0c.driver");
  EXPECT_EQ(server_name_of_hello(here.get()), "5f0c.driver");
  EXPECT_EQ(left(), hello + "and more");
}

TEST_F(ClientHello, HasNoNameWhereNoneIsAskedFor) {
  say(hello_for(""));
  ASSERT_TRUE(has_come(hello_part::whole));
  EXPECT_EQ(server_name_of_hello(here.get()), "");
}

TEST_F(ClientHello, HasComeWithItsLastByte) {
  const auto hello = hello_for("name");
  for (std::size_t i = 0; i != hello.size(); ++i) {
    EXPECT_EQ(has_come(hello_part::head), i >= 9) << i;
    EXPECT_FALSE(has_come(hello_part::whole)) << i;
    say(hello.substr(i, 1));
  }
  EXPECT_TRUE(has_come(hello_part::whole));
}

TEST_F(ClientHello, WakesNobodyUntilThatMuchIsThere) {
  const auto port = listen_at(parse_address("127.0.0.1:0", true)); // only TCP can wait so
  there = begin_connect(look_up(port.where, std::chrono::seconds{60}).front());
  pollfd arriving{port.socket.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&arriving, 1, 60'000), 1);
  here = descriptor{::accept(port.socket.get(), nullptr, nullptr)};
  const auto hello = hello_for("name");
  pollfd state{here.get(), POLLIN, 0};
  wait_for_hello(here.get());
  say(hello.substr(0, 8));
  EXPECT_EQ(::poll(&state, 1, 0), 0);
  say(hello.substr(8, 1));
  EXPECT_EQ(::poll(&state, 1, 60'000), 1);
  EXPECT_FALSE(has_come(hello_part::whole));
  EXPECT_EQ(::poll(&state, 1, 0), 0);
  say(hello.substr(9));
  EXPECT_EQ(::poll(&state, 1, 60'000), 1);
  EXPECT_TRUE(has_come(hello_part::whole));
}

TEST_F(ClientHello, IsNotWaitedForWhereItIsCutAcrossRecords) {
  auto hello = hello_for("name");
  hello[3] = 0; // the record ends after 64 bytes, the hello does not
  hello[4] = 64;
  say(hello.substr(0, 69));
  EXPECT_TRUE(has_come(hello_part::whole)); // OpenSSL puts it together, and no name is read before
  EXPECT_EQ(server_name_of_hello(here.get()), "");
}

TEST_F(ClientHello, IsRefusedWhereItIsNone) {
  say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(refusal(errc::untrusted), "the peer does not speak TLS");
  left();
  say(std::string("\x16\x03\x01\x40\x00\x02\x00\x00\x10", 9));
  EXPECT_THAT(refusal(errc::untrusted), HasSubstr("a TLS message of type 2 and 16 bytes"));
  left();
  say(std::string("\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9));
  EXPECT_THAT(refusal(errc::untrusted), HasSubstr("16777215 bytes"));
}

TEST_F(ClientHello, IsGivenUpWhereThePeerCloses) {
  say("\x16\x03");
  EXPECT_FALSE(has_come(hello_part::head));
  there.close();
  EXPECT_EQ(refusal(errc::unreachable), "the peer closed the connection within its first words");
  left();
  EXPECT_EQ(refusal(errc::unreachable), "the peer closed the connection before it said a word");
}

TEST_F(ClientHello, MayBeAnyBytes) {
  constexpr unsigned seed = 20'261'124;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random{seed};
  const auto hello = hello_for("5f0c.driver");
  for (int round = 0; round != 2000; ++round) {
    auto mutated = hello;
    for (auto changes = 1 + random() % 8; changes > 0; --changes)
      mutated[5 + random() % (mutated.size() - 5)] = static_cast<char>(random());
    say(mutated.substr(0, random() % 4 == 0 ? random() % mutated.size() : mutated.size()) + '\0');
    EXPECT_LE(server_name_of_hello(here.get()).size(), 255U) << round;
    left();
  }
}

} // namespace crema::net
