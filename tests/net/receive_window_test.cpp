#include "net/receive_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace crema::net {

TEST(ReceiveWindow, LetsOneMessageExceedIt) {
  receive_window window{1000};
  EXPECT_TRUE(window.received(999));
  EXPECT_TRUE(window.received(50'000));
  EXPECT_FALSE(window.received(1));
}

TEST(ReceiveWindow, GrantsInPortions) {
  receive_window window{1000};
  window.received(1000);
  EXPECT_EQ(window.consumed(100), 0U);
  EXPECT_EQ(window.consumed(149), 0U);
  EXPECT_FALSE(window.received(1));
  EXPECT_EQ(window.consumed(1), 250U);
  EXPECT_TRUE(window.received(1));
}

// A sender that heeds its credit, and a consumer that takes messages at random, never wait for each other for ever.
TEST(ReceiveWindow, NeverStallsAndNeverHoldsMoreThanItSaysAndAMessage) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const std::uint64_t size = 1 + random() % 2000;
    const std::size_t longest = 1 + random() % 3000;
    receive_window window{size};
    auto credit = static_cast<std::int64_t>(size);
    std::deque<std::size_t> held;
    std::size_t held_bytes = 0;
    for (int sent = 0; sent != 500;) {
      if (credit > 0 && random() % 2 == 0) {
        const auto message = 8 + random() % longest;
        ASSERT_TRUE(window.received(message));
        credit -= static_cast<std::int64_t>(message);
        held.push_back(message);
        held_bytes += message;
        ++sent;
      } else if (!held.empty()) {
        held_bytes -= held.front();
        credit += static_cast<std::int64_t>(window.consumed(held.front()));
        held.pop_front();
      } else {
        ASSERT_GT(credit, 0);
      }
      ASSERT_LE(held_bytes, size + longest + 8);
    }
  }
}

} // namespace crema::net
