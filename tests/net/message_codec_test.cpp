#include "net/message_codec.hpp"

#include "net/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crema::net {

namespace {

using testing::HasSubstr;

const node_facts facts{"a", {"10.0.0.5", 7123}, 2, 256, 1 << 30};

template <class Message>
Message again(const Message& said) {
  return read_message<Message>(to_frame(said).head.bytes());
}

template <class Message>
std::string refusal(std::span<const std::byte> bytes) {
  try {
    read_message<Message>(bytes);
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt_data);
    return e.text();
  }
  return "no error";
}

} // namespace

TEST(MessageCodec, ReadsWhatItWrites) {
  const auto hello = again(introduce{"0.1.0", "node a", -5});
  EXPECT_EQ(hello.version, "0.1.0");
  EXPECT_EQ(hello.name, "node a");
  EXPECT_EQ(hello.clock, -5);
  EXPECT_EQ(again(register_node{facts, 7}).facts, facts);
  const std::vector<member> nodes{{1, facts, true, false}, {2, facts, false, true}};
  EXPECT_EQ(again(nodes_known{3, nodes}).nodes, nodes);
  const node_change change{node_change::event::lost, {1, facts}, "gone"};
  EXPECT_EQ(again(node_changed{change}).change, change);
  const auto wanted = again(drain_node{"a", 60'000});
  EXPECT_EQ(wanted.name, "a");
  EXPECT_EQ(wanted.within, 60'000u);
  EXPECT_EQ(again(drain_passed{7}).is, 7u);
  EXPECT_EQ(again(drain{5}).within, 5u);
  const std::vector<generation> given_up{1, generation{1} << 32 | 7};
  EXPECT_EQ(again(follow_nodes{given_up}).given_up, given_up);
}

TEST(MessageCodec, WritesTheMembersOneAfterTheOther) {
  const auto frame = to_frame(dial_back{{"ab", 0x0102}});
  const auto drawn = std::as_bytes(std::span{"\2ab\2\1", 5});
  EXPECT_TRUE(std::ranges::equal(frame.head.bytes(), drawn));
}

TEST(MessageCodec, RefusesWhatIsNoMessage) {
  const auto frame = to_frame(nodes_known{3, {{1, facts, true, false}}});
  const auto bytes = frame.head.bytes();
  for (std::size_t length = 0; length != bytes.size(); ++length)
    EXPECT_NE(refusal<nodes_known>(bytes.first(length)), "no error") << length;
  auto longer = std::vector(bytes.begin(), bytes.end());
  longer.push_back(std::byte{0});
  EXPECT_THAT(refusal<nodes_known>(longer), HasSubstr("bytes are left behind a message"));

  auto change = to_frame(node_changed{{node_change::event::lost, {1, facts}, ""}});
  auto wrong = std::vector(change.head.bytes().begin(), change.head.bytes().end());
  wrong[0] = std::byte{5};
  EXPECT_THAT(refusal<node_changed>(wrong), HasSubstr("makes no sense"));
}

TEST(MessageCodec, TakesSoManyGenerationsAndNoMore) {
  follow_nodes said{std::vector<generation>(node_view::most_given_up)};
  EXPECT_EQ(again(said).given_up.size(), node_view::most_given_up);
  said.given_up.push_back(1);
  EXPECT_THAT(refusal<follow_nodes>(to_frame(said).head.bytes()), HasSubstr("makes no sense"));
}

TEST(MessageCodec, BelievesNoCount) {
  const auto bytes = std::as_bytes(std::span{"\0\0\0\0\xff\xff\xff\xff\x0f", 9}); // four billion nodes
  EXPECT_NE(refusal<nodes_known>(bytes), "no error");
}

} // namespace crema::net
