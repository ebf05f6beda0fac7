#include "net/address.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crema::net {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_addresses(text);
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    return e.text();
  }
  return "no error";
}

} // namespace

TEST(Address, IsANameOrANumberAndAPort) {
  EXPECT_EQ(parse_address("node-7.example:7123"), (address{"node-7.example", 7123}));
  EXPECT_EQ(parse_address("10.0.0.5:1"), (address{"10.0.0.5", 1}));
  EXPECT_EQ(parse_address("[::1]:65535"), (address{"::1", 65535}));
  EXPECT_EQ(parse_address("localhost:0", true), (address{"localhost", 0}));
}

TEST(Address, PrintsAsItIsWritten) {
  for (const std::string text : {"node:7123", "10.0.0.5:1", "[fe80::1]:80"})
    EXPECT_EQ(to_string(parse_address(text)), text);
}

TEST(Address, ComesInLists) {
  EXPECT_THAT(parse_addresses("a:1,[::1]:2,c:3"), ElementsAre(address{"a", 1}, address{"::1", 2}, address{"c", 3}));
}

TEST(Address, RefusesWhatIsNone) {
  EXPECT_THAT(refusal("node"), AllOf(HasSubstr("\"node\""), HasSubstr("no port"), HasSubstr("expected HOST:PORT")));
  for (const auto* text : {"node:", "node:0", "node:65536", "node:-1", "node:7x", "node: 7"})
    EXPECT_THAT(refusal(text), HasSubstr("the port is no number from 1 to 65535")) << text;
  for (const auto* text : {":7", "a b:7", "a/b:7", "-a:7", "[::1:7", "[zz]:7"})
    EXPECT_NE(refusal(text), "no error") << text;
  EXPECT_THAT(refusal("::1:7123"), HasSubstr("brackets"));
  for (const auto* text : {"", ",a:1", "a:1,", "a:1,,b:2"})
    EXPECT_THAT(refusal(text), HasSubstr("no port")) << text;
}

TEST(Address, KnowsWhatStaysOnThisMachine) {
  for (const auto* host : {"localhost", "127.0.0.1", "127.8.9.1", "::1"})
    EXPECT_TRUE(is_loopback({host, 1})) << host;
  for (const auto* host : {"0.0.0.0", "10.0.0.5", "::", "fe80::1", "example.org", "localhost.example.org"})
    EXPECT_FALSE(is_loopback({host, 1})) << host;
}

} // namespace crema::net
