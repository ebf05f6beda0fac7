#include "dataflow/block/memory_budget.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <latch>
#include <limits>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using crema::internal::memory_budget;
using crema::internal::reservation;
using crema::internal::spill_share;

TEST(MemoryBudget, RefusesWhatWouldPassTheLimitAndStaysAsItWas) {
  memory_budget budget{100};
  EXPECT_TRUE(budget.try_reserve(60));
  EXPECT_FALSE(budget.try_reserve(41));
  EXPECT_EQ(budget.used(), 60u);
  EXPECT_FALSE(budget.try_reserve(std::numeric_limits<std::size_t>::max()));
  EXPECT_TRUE(budget.try_reserve(40));
  budget.release(100);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(budget.peak(), 100u);
  EXPECT_EQ(budget.limit(), 100u);
}

TEST(MemoryBudget, RefusesEverythingWhileForcedBeyondTheLimit) {
  memory_budget budget{100};
  budget.force_reserve(150);
  EXPECT_EQ(budget.used(), 150u);
  EXPECT_EQ(budget.peak(), 150u);
  EXPECT_FALSE(budget.try_reserve(1));
  budget.release(51);
  EXPECT_TRUE(budget.try_reserve(1));
}

TEST(MemoryBudget, LendsNothingOfWhatIsWithheld) {
  memory_budget budget{100, 30};
  EXPECT_EQ(budget.limit(), 100u);
  EXPECT_FALSE(budget.try_reserve(71));
  EXPECT_TRUE(budget.try_reserve(70));
  EXPECT_FALSE(budget.try_reserve(1));
  memory_budget nothing{100, 101};
  EXPECT_FALSE(nothing.try_reserve(1));
}

TEST(MemoryBudget, IsNeverGivenTwice) {
  // Who has the whole budget is alone: the budget is all the mutual exclusion there is.
  constexpr std::size_t limit = 1000;
  constexpr unsigned count = 2;
  memory_budget budget{limit};
  std::atomic<int> owners{0};
  std::atomic<int> broken{0};
  std::latch start{count};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int tries = 0; tries < 300'000; ++tries)
        if (budget.try_reserve(limit)) {
          broken += owners.fetch_add(1) != 0;
          owners.fetch_sub(1);
          budget.release(limit);
        } else {
          std::this_thread::yield(); // where cores are few, let the owner get on
        }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(budget.peak(), limit);
}

TEST(MemoryBudget, CountsRightAcrossThreads) {
  constexpr std::size_t limit = 1000;
  memory_budget budget{limit};
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed)
    threads.emplace_back([&, seed] {
      std::minstd_rand random{seed};
      reservation share{budget};
      for (int i = 0; i < 20'000; ++i)
        if (const auto wanted = random() % 900; !share.try_resize(wanted))
          share.resize(share.bytes() / 2);
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_LE(budget.peak(), limit);
}

TEST(Reservation, GivesBackItsBytesAtItsEnd) {
  memory_budget budget{100};
  {
    reservation share{budget};
    EXPECT_TRUE(share.try_resize(70));
    EXPECT_FALSE(share.try_resize(101));
    EXPECT_EQ(share.bytes(), 70u);
    EXPECT_TRUE(share.try_resize(30));
    EXPECT_EQ(budget.used(), 30u);
    share.resize(400);
    EXPECT_EQ(budget.used(), 400u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(Reservation, MovesItsBytesAndIsUsableAfterwards) {
  memory_budget budget{100};
  reservation first{budget};
  ASSERT_TRUE(first.try_resize(40));
  reservation second{std::move(first)};
  EXPECT_EQ(first.bytes(), 0u); // NOLINT: a moved-from share is empty, by contract
  EXPECT_TRUE(first.try_resize(10));
  EXPECT_EQ(budget.used(), 50u);
  first = std::move(second);
  EXPECT_EQ(first.bytes(), 40u);
  EXPECT_EQ(budget.used(), 40u);
}

TEST(Reservation, OfNoBudgetNeverRefuses) {
  reservation share;
  EXPECT_TRUE(share.try_resize(std::numeric_limits<std::size_t>::max()));
  EXPECT_EQ(share.bytes(), std::numeric_limits<std::size_t>::max());
}

TEST(SpillShare, IsTheSmallerTheMoreThereAre) {
  memory_budget budget{std::size_t{16} << 20};
  const spill_share first{budget};
  EXPECT_EQ(first.least(), std::size_t{4} << 20);
  {
    const spill_share second{budget};
    EXPECT_EQ(first.least(), std::size_t{2} << 20);
    EXPECT_EQ(second.least(), std::size_t{2} << 20);
  }
  EXPECT_EQ(first.least(), std::size_t{4} << 20);
}

TEST(SpillShare, HasBounds) {
  memory_budget little{1};
  EXPECT_EQ(spill_share{little}.least(), std::size_t{64} << 10);
  memory_budget much{std::size_t{1} << 40};
  EXPECT_EQ(spill_share{much}.least(), std::size_t{8} << 20);
}
