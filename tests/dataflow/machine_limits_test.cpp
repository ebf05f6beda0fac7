#include "dataflow/machine_limits.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <thread>
#include <unistd.h>

using crema::internal::allowed_memory;
using crema::internal::allowed_processors;
using crema::internal::default_memory_limit;
using crema::internal::default_threads;

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

TEST_F(machine, WithoutQuotaAllowsAllItsProcessors) {
  constexpr auto all = std::numeric_limits<double>::infinity();
  EXPECT_EQ(allowed_processors(root), all);
  write("/proc/self/mountinfo", v2_mount);
  write("/proc/self/cgroup", "0::/a\n");
  for (const char* text : {"max 100000\n", "", "100000", "100000 0\n", "x y\n"}) {
    write("/sys/fs/cgroup/a/cpu.max", text);
    EXPECT_EQ(allowed_processors(root), all) << text;
  }
}

TEST_F(machine, HonoursTheLeastProcessorQuotaAroundTheProcess) {
  write("/proc/self/mountinfo", v2_mount);
  write("/proc/self/cgroup", "0::/a/b\n");
  write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  EXPECT_EQ(allowed_processors(root), 4.0);
  write("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(allowed_processors(root), 1.5);
}

TEST_F(machine, HonoursProcessorQuotasOfVersion1) {
  write("/proc/self/mountinfo", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
  write("/proc/self/cgroup", "1:cpu,cpuacct:/a\n");
  write("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(allowed_processors(root), std::numeric_limits<double>::infinity());
  write("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(allowed_processors(root), 2.5);
}

TEST(DefaultThreads, KeepAllAllowedProcessorsBusy) {
  const auto cores = static_cast<double>(std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_EQ(default_threads(), std::ceil(std::min(cores, allowed_processors(""))));
  EXPECT_GE(default_threads(), 1);
}
