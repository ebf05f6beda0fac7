#include "net/send_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>

namespace crema::net {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t no_bound = std::size_t{1} << 40;

outgoing message(std::uint16_t kind, std::size_t head, std::size_t body = 0) {
  outgoing made{kind, {}, {}};
  const std::vector<std::byte> filler(head, std::byte{1});
  made.head.put(filler.data(), filler.size());
  auto shared = std::make_shared<std::vector<std::byte>>(body, std::byte{2});
  made.body = {shared, *shared};
  return made;
}

std::vector<std::byte> gathered(send_queue& queue) {
  std::array<iovec, 64> pieces;
  std::vector<std::byte> all;
  for (const auto& piece : std::span{pieces}.first(queue.gather(pieces))) {
    const auto* bytes = static_cast<const std::byte*>(piece.iov_base);
    all.insert(all.end(), bytes, bytes + piece.iov_len);
  }
  return all;
}

std::size_t available(send_queue& queue) {
  return gathered(queue).size();
}

/// Writes all that may leave; the kinds of what is through.
std::vector<int> write_all(send_queue& queue) {
  std::vector<outgoing> done;
  while (const auto n = available(queue))
    queue.written(n, done);
  std::vector<int> kinds;
  for (const auto& each : done)
    kinds.push_back(each.kind);
  return kinds;
}

} // namespace

TEST(SendQueue, WritesHeaderHeadAndBody) {
  send_queue queue{no_bound};
  queue.granted(1);
  queue.push(message(20, 3, 2));
  const auto all = gathered(queue);
  const auto header = frame_header(20, 5);
  ASSERT_EQ(all.size(), 13U);
  EXPECT_TRUE(std::equal(header.begin(), header.end(), all.begin()));
  EXPECT_THAT(std::vector(all.begin() + 8, all.end()),
              ElementsAre(std::byte{1}, std::byte{1}, std::byte{1}, std::byte{2}, std::byte{2}));
}

TEST(SendQueue, HoldsMessagesUntilThereIsCredit) {
  send_queue queue{no_bound};
  queue.push(message(20, 92)); // 100 with its header
  queue.push(message(21, 92));
  queue.push(message(22, 92));
  EXPECT_THAT(write_all(queue), IsEmpty());
  queue.granted(1);
  EXPECT_THAT(write_all(queue), ElementsAre(20)); // the last one may exceed the credit
  queue.granted(99);
  EXPECT_THAT(write_all(queue), IsEmpty());
  queue.granted(101);
  EXPECT_THAT(write_all(queue), ElementsAre(21, 22));
}

TEST(SendQueue, LetsUrgentFramesPassMessagesButNeverSplitsOne) {
  send_queue queue{no_bound};
  queue.granted(1'000'000);
  queue.push(message(20, 1000));
  std::vector<outgoing> done;
  ASSERT_EQ(available(queue), 1008U);
  queue.written(500, done);
  queue.push(message(21, 1000));
  queue.push_urgent(message(1, 0));
  EXPECT_THAT(write_all(queue), ElementsAre(20, 1, 21));
}

TEST(SendQueue, SendsUrgentFramesWithoutCredit) {
  send_queue queue{no_bound};
  queue.push(message(20, 1000));
  queue.push_urgent(message(1, 0));
  EXPECT_THAT(write_all(queue), ElementsAre(1));
  EXPECT_FALSE(queue.empty());
}

TEST(SendQueue, LetsUrgentFramesWaitForABatchAtMost) {
  send_queue queue{no_bound};
  queue.granted(std::uint64_t{1} << 40);
  for (int i = 0; i != 100; ++i)
    queue.push(message(20, 0, 100'000));
  EXPECT_LE(available(queue), send_queue::batch_bytes + 100'008);
}

TEST(SendQueue, SaysWhenItIsFullAndWhenThereIsRoomAgain) {
  send_queue queue{1000};
  queue.granted(1'000'000);
  std::vector<outgoing> done;
  EXPECT_TRUE(queue.push(message(20, 400)));
  EXPECT_FALSE(queue.push(message(21, 700))); // 1116 bytes, taken all the same
  ASSERT_EQ(available(queue), 1116U);
  EXPECT_FALSE(queue.written(408, done));
  EXPECT_FALSE(queue.push(message(22, 0))); // it stays full until it is half full
  ASSERT_EQ(available(queue), 716U);
  EXPECT_TRUE(queue.written(708, done));
  EXPECT_TRUE(queue.push(message(23, 0)));
  EXPECT_EQ(queue.bytes(), 16U);
}

TEST(SendQueue, GivesABodyBackAsSoonAsItIsWritten) {
  send_queue queue{no_bound};
  queue.granted(1'000'000);
  auto sent = message(20, 1, 10);
  const std::weak_ptr<const void> body = sent.body.owner;
  queue.push(std::move(sent));
  std::vector<outgoing> done;
  queue.written(available(queue), done);
  EXPECT_FALSE(body.expired()); // the caller's
  done.clear();
  EXPECT_TRUE(body.expired());
}

TEST(SendQueue, OffersTheSameBytesUntilTheyAreWritten) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    send_queue queue{no_bound};
    std::vector<std::byte> offered;
    std::vector<outgoing> done;
    std::size_t pushed = 0;
    std::size_t written = 0;
    for (int step = 0; step != 300; ++step) {
      if (random() % 3 == 0) {
        auto next = message(20, random() % 40, random() % 300);
        pushed += frame_charge(next.payload_size());
        random() % 4 == 0 ? queue.push_urgent(std::move(next)) : void(queue.push(std::move(next)));
      }
      if (random() % 3 == 0)
        queue.granted(random() % 500);
      const auto now = gathered(queue);
      ASSERT_GE(now.size(), offered.size());
      ASSERT_TRUE(std::equal(offered.begin(), offered.end(), now.begin()));
      const auto n = now.empty() ? 0 : random() % (now.size() + 1);
      queue.written(n, done);
      written += n;
      offered.assign(now.begin() + static_cast<std::ptrdiff_t>(n), now.end());
      done.clear();
    }
    queue.granted(1'000'000'000);
    while (const auto n = available(queue)) {
      queue.written(n, done);
      written += n;
    }
    ASSERT_EQ(written, pushed);
    ASSERT_TRUE(queue.empty());
    ASSERT_EQ(queue.bytes(), 0U);
  }
}

} // namespace crema::net
