#include "dataflow/block/memory_budget.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <latch>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using crema::internal::allowed_memory;
using crema::internal::default_memory_limit;
using crema::internal::memory_budget;
using crema::internal::reservation;

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

namespace {

/// A machine made of files: what /proc and the mounted control groups would say.
class machine : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "crema-machine-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root = pattern;
    write("/proc/meminfo", "MemTotal:       16000000 kB\nMemFree:         9000000 kB\n");
  }

  void TearDown() override { std::filesystem::remove_all(root); }

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file{root + path};
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text;
  }

  std::string root;
};

constexpr const char* v2_mount = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
                                 "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

} // namespace

TEST_F(machine, WithoutGroupsAllowsItsMemory) {
  EXPECT_EQ(allowed_memory(root), std::size_t{16'000'000} * 1024);
}

TEST_F(machine, OfWhichNothingIsKnownAllowsZero) {
  EXPECT_EQ(allowed_memory(root + "/nowhere"), 0u);
  write("/proc/meminfo", "MemTotal: a lot\n");
  write("/proc/self/mountinfo", "not a mount\n- -\n1 2 3 / /sys - cgroup2\n");
  write("/proc/self/cgroup", "rubbish\n:\n0:\n");
  EXPECT_EQ(allowed_memory(root), 0u);
}

TEST_F(machine, TakesTheLeastLimitOfANestedVersion2Group) {
  write("/proc/self/mountinfo", v2_mount);
  write("/proc/self/cgroup", "0::/user.slice/app.scope/job\n");
  write("/sys/fs/cgroup/user.slice/memory.max", "9000000000\n");
  write("/sys/fs/cgroup/user.slice/app.scope/memory.max", "3000000000\n");
  write("/sys/fs/cgroup/user.slice/app.scope/job/memory.max", "max\n");
  EXPECT_EQ(allowed_memory(root), 3'000'000'000u);
  write("/sys/fs/cgroup/user.slice/memory.high", "2000000000\n");
  EXPECT_EQ(allowed_memory(root), 2'000'000'000u);
}

TEST_F(machine, TakesTheLimitOfAVersion2NamespaceRoot) {
  write("/proc/self/mountinfo", v2_mount);
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/memory.max", "536870912\n");
  EXPECT_EQ(allowed_memory(root), 536'870'912u);
  write("/proc/self/cgroup", "0::/../sibling\n");
  write("/sys/fs/sibling/memory.max", "1000\n"); // no group at all
  EXPECT_EQ(allowed_memory(root), 536'870'912u);
}

TEST_F(machine, TakesTheLeastLimitOfANestedVersion1Group) {
  write("/proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
                                "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                                "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  write("/proc/self/cgroup", "9:name=systemd:/\n4:memory:/api/18e7\n1:cpu:/\n0::/\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("/sys/fs/cgroup/memory/api/memory.limit_in_bytes", "4000000000\n");
  write("/sys/fs/cgroup/memory/api/18e7/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(allowed_memory(root), 4'000'000'000u);
}

TEST_F(machine, FindsTheVersion1GroupThatAContainerSeesAsItsTop) {
  write("/proc/self/mountinfo",
        "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro master:16 - cgroup cgroup rw,memory\n");
  write("/proc/self/cgroup", "4:cpu,memory:/docker/abc/inner\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000000\n");
  write("/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "700000000\n");
  EXPECT_EQ(allowed_memory(root), 700'000'000u);
  write("/proc/self/cgroup", "4:cpu,memory:/docker/abcdef/inner\n");
  EXPECT_EQ(allowed_memory(root), 1'000'000'000u);
}

TEST_F(machine, ReadsMountPointsWithBlanks) {
  write("/proc/self/mountinfo", "31 23 0:28 / /my\\040groups rw - cgroup2 cgroup2 rw\n");
  write("/proc/self/cgroup", "0::/a\n");
  write("/my groups/a/memory.max", "123456789\n");
  EXPECT_EQ(allowed_memory(root), 123'456'789u);
}

TEST(DefaultMemoryLimit, IsHalfOfWhatThisMachineAllows) {
  const auto physical = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(::getpagesize());
  EXPECT_EQ(default_memory_limit(), allowed_memory("") / 2);
  EXPECT_GT(default_memory_limit(), 0u);
  EXPECT_LE(default_memory_limit(), physical / 2 + 1);
}
