#include "net/frame.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace crema::net {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using bytes = std::vector<std::byte>;

bytes bytes_of(std::string_view text) {
  const auto all = std::as_bytes(std::span{text});
  return {all.begin(), all.end()};
}

struct sent {
  std::uint16_t kind;
  bytes payload;
  bool operator==(const sent&) const = default;
};

void append(bytes& stream, const sent& one) {
  const auto header = frame_header(one.kind, one.payload.size());
  stream.insert(stream.end(), header.begin(), header.end());
  stream.insert(stream.end(), one.payload.begin(), one.payload.end());
}

/// Gives the parser at most `most` bytes, and as many as it has room for; returns how many.
std::size_t feed(frame_parser& parser, std::span<const std::byte> stream, std::size_t most = 1 << 20) {
  const auto room = parser.room();
  EXPECT_FALSE(room.empty());
  const auto n = std::min({room.size(), stream.size(), most});
  std::copy_n(stream.begin(), n, room.begin());
  parser.filled(n);
  return n;
}

std::vector<sent> take_all(frame_parser& parser) {
  std::vector<sent> frames;
  while (const auto next = parser.next())
    frames.push_back({next->kind(), {next->payload().begin(), next->payload().end()}});
  return frames;
}

std::string refusal(frame_parser& parser, const bytes& stream) {
  try {
    feed(parser, stream);
    parser.next();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt_data);
    return e.text();
  }
  return "none";
}

} // namespace

TEST(Frame, HasTheHeaderThatIsDrawn) {
  bytes stream;
  append(stream, {0x0102, bytes_of("abc")});
  const auto drawn = std::string_view{"\3\0\0\0\2\1\0\0abc", 11};
  EXPECT_EQ(stream, bytes_of(drawn));
}

TEST(FrameParser, FindsTheFramesOfOneRead) {
  bytes stream;
  append(stream, {1, {}});
  append(stream, {2, bytes_of("two")});
  append(stream, {3, bytes_of("unfinished")});
  stream.pop_back();
  frame_parser parser;
  EXPECT_EQ(feed(parser, stream), stream.size());
  EXPECT_THAT(take_all(parser), ElementsAre(sent{1, {}}, sent{2, bytes_of("two")}));
  feed(parser, bytes_of("d"));
  EXPECT_THAT(take_all(parser), ElementsAre(sent{3, bytes_of("unfinished")}));
  EXPECT_THAT(take_all(parser), IsEmpty());
}

TEST(FrameParser, RefusesWhatIsNoFrame) {
  frame_parser parser;
  EXPECT_EQ(refusal(parser, bytes_of("GET / HTTP/1.1\r\n\r\n")), "these bytes are no frame of crema");
}

TEST(FrameParser, RefusesALongFrameOfAnUnprovenPeerBeforeItTakesMemory) {
  for (const std::string_view length : {std::string_view{"\1\20\0\0", 4}, std::string_view{"\xff\xff\xff\xff", 4}}) {
    frame_parser parser;
    const auto before = parser.held();
    EXPECT_THAT(refusal(parser, bytes_of(std::string{length} + std::string(4, '\0'))),
                HasSubstr("where at most 4096 are allowed"));
    EXPECT_EQ(parser.held(), before);
  }
}

TEST(FrameParser, TakesLongFramesOfAProvenPeerAndNoneThatAreTooLong) {
  frame_parser parser;
  parser.trust_peer();
  bytes stream;
  append(stream, {9, bytes(100'000, std::byte{7})});
  std::vector<sent> frames;
  for (std::size_t at = 0; at < stream.size();) {
    at += feed(parser, std::span{stream}.subspan(at));
    for (auto& one : take_all(parser))
      frames.push_back(std::move(one));
  }
  EXPECT_THAT(frames, ElementsAre(sent{9, bytes(100'000, std::byte{7})}));
  EXPECT_THAT(refusal(parser, bytes_of({"\1\0\0\x40\0\0\0\0", 8})), HasSubstr("a frame of 1073741825 bytes"));
}

TEST(FrameParser, HoldsAtMost16KiBForAnUnprovenPeer) {
  bytes stream;
  for (int i = 0; i != 20; ++i)
    append(stream, {1, bytes(max_unproven_frame_bytes - static_cast<std::size_t>(i))});
  frame_parser parser;
  for (std::size_t at = 0; at < stream.size();) {
    at += feed(parser, std::span{stream}.subspan(at));
    EXPECT_LE(parser.held(), 16'384U);
    while (parser.next())
      EXPECT_LE(parser.held(), 16'384U);
  }
}

TEST(FrameParser, ReadsTheSameFramesHoweverTheStreamIsCut) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    std::vector<sent> frames(1 + random() % 20);
    bytes stream;
    for (auto& one : frames) {
      one.kind = static_cast<std::uint16_t>(random());
      one.payload.resize(random() % 8 == 0 ? random() % 40'000 : random() % 40);
      std::ranges::generate(one.payload, [&] { return static_cast<std::byte>(random()); });
      append(stream, one);
    }
    const std::size_t most = random() % 2 == 0 ? 1 + random() % 10 : 1 + random() % 20'000;
    frame_parser parser;
    parser.trust_peer();
    std::vector<sent> found;
    for (std::size_t at = 0; at < stream.size();) {
      at += feed(parser, std::span{stream}.subspan(at), most);
      for (auto& one : take_all(parser))
        found.push_back(std::move(one));
    }
    ASSERT_TRUE(found == frames);
  }
}

} // namespace crema::net
