#include "dataflow/block/page_buffer.hpp"

#include <cstdint>
#include <cstring>
#include <deque>
#include <gtest/gtest.h>
#include <mutex>
#include <new>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using namespace crema::internal;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

/// Starts and ends with nothing kept and the usual limit.
class kept_buffers : public testing::Test {
protected:
  void SetUp() override {
    limit_page_buffers(256 * mib);
    trim_page_buffers();
    ASSERT_EQ(kept_page_bytes(), 0u);
  }

  void TearDown() override { trim_page_buffers(); }
};

bool is_aligned(const void* at, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(at) % alignment == 0;
}

} // namespace

TEST(PageBuffer, OfZeroBytesHoldsNothing) {
  EXPECT_EQ(page_buffer{}.data(), nullptr);
  EXPECT_EQ(page_buffer{0}.data(), nullptr);
  EXPECT_EQ(page_buffer{0}.capacity(), 0u);
}

TEST(PageBuffer, IsAlignedWritableAndWastesAtMostAFifth) {
  std::vector<std::size_t> sizes{1, 63, 64, 65, 4095, 4096, 4097, 5 * kib, 5 * kib + 1, 2 * mib - 1, 2 * mib, 9 * mib};
  for (std::size_t bytes = 8 * kib; bytes < 32 * mib; bytes = bytes * 17 / 16)
    sizes.push_back(bytes);
  for (const auto bytes : sizes) {
    const page_buffer buffer{bytes};
    ASSERT_NE(buffer.data(), nullptr);
    EXPECT_TRUE(is_aligned(buffer.data(), buffer.capacity() >= 2 * mib ? 2 * mib : 64)) << bytes;
    EXPECT_GE(buffer.capacity(), bytes);
    EXPECT_EQ(buffer.capacity(), page_buffer_capacity(bytes));
    EXPECT_EQ(page_buffer_capacity(buffer.capacity()), buffer.capacity());
    if (bytes >= 4 * kib) {
      EXPECT_LE((buffer.capacity() - bytes) * 5, buffer.capacity()) << bytes;
    }
    std::memset(buffer.data(), 0xab, buffer.capacity());
  }
}

TEST(PageBuffer, RefusesWhatNoMachineHas) {
  EXPECT_THROW(page_buffer{~std::size_t{0}}, std::bad_alloc);
  EXPECT_THROW(page_buffer{~std::size_t{0} / 4}, std::bad_alloc);
}

TEST_F(kept_buffers, AreHandedOutAgain) {
  for (const auto bytes : {4 * kib, 16 * kib, 300 * kib, 2 * mib, 80 * mib}) {
    trim_page_buffers();
    const std::byte* first = nullptr;
    {
      const page_buffer buffer{bytes};
      first = buffer.data();
    }
    EXPECT_EQ(kept_page_bytes(), page_buffer_capacity(bytes));
    const page_buffer again{bytes - 1};
    EXPECT_EQ(again.data(), first) << bytes;
    EXPECT_EQ(kept_page_bytes(), 0u);
  }
}

TEST_F(kept_buffers, AreHandedOutToOtherThreads) {
  const std::byte* first = nullptr;
  std::thread{[&] {
    const page_buffer buffer{64 * kib};
    first = buffer.data();
  }}.join();
  for (int i = 0; i < 10; ++i)
    std::thread{[&] { EXPECT_EQ(page_buffer{64 * kib}.data(), first); }}.join();
}

TEST_F(kept_buffers, AreNotKeptBelow4KiB) {
  { const page_buffer buffer{4 * kib - 64}; }
  EXPECT_EQ(kept_page_bytes(), 0u);
}

TEST_F(kept_buffers, MoveWithoutBeingFreedTwice) {
  page_buffer first{16 * kib};
  auto* const data = first.data();
  page_buffer second{std::move(first)};
  EXPECT_EQ(first.data(), nullptr); // NOLINT: a moved-from buffer is empty, by contract
  EXPECT_EQ(second.data(), data);
  page_buffer third{32 * kib};
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(kept_page_bytes(), 32 * kib);
  third = {};
  EXPECT_EQ(kept_page_bytes(), 48 * kib);
}

TEST_F(kept_buffers, StayWithinTheirLimit) {
  limit_page_buffers(1 * mib);
  std::vector<page_buffer> held;
  for (int i = 0; i < 100; ++i)
    held.emplace_back(64 * kib);
  held.clear();
  EXPECT_GT(kept_page_bytes(), 0u);
  EXPECT_LE(kept_page_bytes(), 1 * mib);
  const auto before = kept_page_bytes();
  { const page_buffer larger_than_the_limit{2 * mib}; }
  EXPECT_EQ(kept_page_bytes(), before);
  limit_page_buffers(100 * kib);
  EXPECT_LE(kept_page_bytes(), 100 * kib);
  limit_page_buffers(0);
  EXPECT_EQ(kept_page_bytes(), 0u);
}

TEST_F(kept_buffers, OfASizeThatNobodyAsksForGiveWay) {
  limit_page_buffers(1 * mib);
  for (int i = 0; i < 20; ++i)
    std::thread{[] { const page_buffer stale{512 * kib}; }}.join(); // on every shelf there is
  const page_buffer a{512 * kib};
  { const page_buffer stale{512 * kib}; }
  const std::byte* wanted = nullptr;
  for (int i = 0; i < 4; ++i) {
    const page_buffer buffer{768 * kib};
    wanted = buffer.data();
  }
  EXPECT_EQ(page_buffer{768 * kib}.data(), wanted);
}

TEST_F(kept_buffers, IncludeOnlyAFewBigOnes) {
  limit_page_buffers(4096 * mib); // untouched memory costs nothing
  {
    std::vector<page_buffer> held;
    for (int i = 0; i < 10; ++i)
      held.emplace_back(80 * mib);
  }
  EXPECT_GT(kept_page_bytes(), 0u);
  EXPECT_LE(kept_page_bytes(), 4 * 80 * mib);
}

TEST_F(kept_buffers, AreNeverHeldByTwo) {
  // Producers fill buffers with their mark, consumers on other threads check and free them.
  limit_page_buffers(2 * mib);
  std::mutex mutex;
  std::deque<std::pair<page_buffer, unsigned char>> queue;
  int producing = 2;
  int broken = 0;
  std::vector<std::thread> threads;
  for (unsigned char mark = 1; mark <= 2; ++mark)
    threads.emplace_back([&, mark] {
      std::minstd_rand random{mark};
      for (int i = 0; i < 1500; ++i) {
        page_buffer buffer{random() % (64 * kib) + 1};
        std::memset(buffer.data(), mark, buffer.capacity());
        const std::lock_guard guard{mutex};
        queue.emplace_back(std::move(buffer), mark);
      }
      const std::lock_guard guard{mutex};
      --producing;
    });
  for (int consumer = 0; consumer < 2; ++consumer)
    threads.emplace_back([&] {
      for (;;) {
        std::unique_lock guard{mutex};
        if (queue.empty()) {
          if (producing == 0)
            return;
          guard.unlock();
          std::this_thread::yield();
          continue;
        }
        const auto [buffer, mark] = std::move(queue.front());
        queue.pop_front();
        guard.unlock();
        bool same = true;
        for (std::size_t i = 0; i < buffer.capacity(); i += 63)
          same = same && buffer.data()[i] == std::byte{mark};
        guard.lock();
        broken += !same;
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(broken, 0);
  EXPECT_LE(kept_page_bytes(), 2 * mib);
}
