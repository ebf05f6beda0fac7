#include "dataflow/block/spill.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace crema::internal;
using crema::errc;
using testing::HasSubstr;

namespace {

using bytes = std::vector<std::byte>;

/// Repeating ("squeezable") or random content.
bytes content(std::size_t size, unsigned seed, bool squeezable) {
  std::minstd_rand random{seed + 1};
  bytes made(size);
  for (std::size_t i = 0; i < size; ++i)
    made[i] = std::byte(squeezable ? (i * seed / 64) & 0xff : random() >> 8 & 0xff);
  return made;
}

/// A store in a base of its own.
class spilling : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "crema-spilling-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base = pattern;
    directory = std::make_shared<spill_directory>(base);
    store.emplace(directory);
  }

  void TearDown() override {
    store.reset();
    directory.reset();
    EXPECT_TRUE(std::filesystem::is_empty(base)) << "something was left behind";
    std::filesystem::remove_all(base);
  }

  /// Bytes that the disk holds for the open file.
  std::size_t on_disk() const {
    struct stat status;
    EXPECT_EQ(::fstat(store->native_handle(), &status), 0);
    return static_cast<std::size_t>(status.st_blocks) * 512;
  }

  /// Has the store's file be another one.
  void replace_file_by(const char* path, int flags) const {
    const int other = ::open(path, flags | O_CLOEXEC);
    ASSERT_GE(other, 0);
    ASSERT_GE(::dup2(other, store->native_handle()), 0);
    ::close(other);
  }

  std::string base;
  std::shared_ptr<spill_directory> directory;
  std::optional<spill_store> store;
};

bytes read(const spilled_frame& frame) {
  page_buffer storage;
  const auto view = frame.read(storage);
  return {view.begin(), view.end()};
}

template <class Work>
crema::error error_of(Work&& work) {
  try {
    work();
  } catch (const crema::error& e) {
    return e;
  }
  return {errc::internal, "nothing was thrown"};
}

} // namespace

TEST_F(spilling, GivesBackWhatWasWritten) {
  const unsigned seed = 20240611;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  std::vector<bytes> written{{}, content(1, 1, false), content(std::size_t{5} << 20, 2, true)};
  for (unsigned i = 0; i < 300; ++i) {
    const auto magnitude = random() % 20;
    written.push_back(content(random() % (std::size_t{2} << magnitude), i, random() % 2 == 0));
  }
  std::size_t raw = 0, stored = 0;
  std::vector<spilled_frame> frames;
  for (const auto& each : written) {
    frames.push_back(store->write(each));
    raw += each.size();
    stored += frames.back().bytes();
    EXPECT_LE(frames.back().bytes(), each.size());
  }
  EXPECT_LT(stored, raw);
  EXPECT_EQ(directory->bytes_written(), stored);
  EXPECT_EQ(directory->files(), 1u);
  page_buffer storage; // used again whatever the length
  for (unsigned i = 0; i < 600; ++i) {
    const auto at = random() % frames.size();
    const auto view = frames[at].read(storage);
    ASSERT_EQ(bytes(view.begin(), view.end()), written[at]);
  }
}

TEST_F(spilling, TakesFramesUpToALimit) {
  const bytes frame = content(std::size_t{64} << 20, 1, true);
  EXPECT_EQ(read(store->write(frame)), frame);
  const std::span<const std::byte> too_long{frame.data(), spill_store::max_frame + 1};
  EXPECT_EQ(error_of([&] { store->write(too_long); }).code(), errc::invalid_argument);
}

TEST_F(spilling, HasAFileWhileItHasFrames) {
  EXPECT_EQ(store->native_handle(), -1);
  {
    const auto first = store->write(content(8, 1, false));
    const auto second = store->write(content(8, 2, false));
    EXPECT_GE(store->native_handle(), 0);
  }
  EXPECT_EQ(store->native_handle(), -1);
  EXPECT_EQ(directory->files(), 1u);
  EXPECT_EQ(read(store->write(content(8, 3, false))), content(8, 3, false));
  EXPECT_EQ(directory->files(), 2u);
}

TEST_F(spilling, GivesTheSpaceOfAFrameBackWithTheFrame) {
  const auto kept = store->write(content(10'000, 1, false));
  const auto before = on_disk();
  auto passing = store->write(content(std::size_t{1} << 20, 2, false));
  EXPECT_GE(on_disk(), before + (std::size_t{1} << 20));
  passing = {};
  if (on_disk() > before)
    GTEST_SKIP() << "this file system makes no holes";
  EXPECT_EQ(read(kept), content(10'000, 1, false));
}

TEST_F(spilling, MovesAFrameWithItsHandle) {
  auto first = store->write(content(100, 1, false));
  auto second = std::move(first);
  EXPECT_FALSE(first); // NOLINT: moved from, which is what is tested
  EXPECT_EQ(read(second), content(100, 1, false));
  second = store->write(content(50, 2, false));
  EXPECT_EQ(read(second), content(50, 2, false));
}

TEST_F(spilling, NoticesEveryFlippedBit) {
  for (const auto& written : {content(70, 3, false), content(200, 2, true)}) {
    const auto frame = store->write(written);
    const int fd = store->native_handle();
    bytes good(frame.bytes());
    ASSERT_EQ(::pread(fd, good.data(), good.size(), 0), static_cast<ssize_t>(good.size()));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      auto bad = good;
      bad[bit / 8] ^= std::byte(1u << bit % 8);
      ASSERT_EQ(::pwrite(fd, bad.data(), bad.size(), 0), static_cast<ssize_t>(bad.size()));
      ASSERT_EQ(error_of([&] { read(frame); }).code(), errc::corrupt_data) << "bit " << bit;
    }
    ASSERT_EQ(::pwrite(fd, good.data(), good.size(), 0), static_cast<ssize_t>(good.size()));
    EXPECT_EQ(read(frame), written);
  }
}

TEST_F(spilling, NoticesATruncationAndNamesPathAndOffset) {
  const auto first = store->write(content(40, 1, false));
  const auto second = store->write(content(40, 2, false));
  struct stat status;
  ASSERT_EQ(::fstat(store->native_handle(), &status), 0);
  ASSERT_EQ(::ftruncate(store->native_handle(), status.st_size - 1), 0);
  EXPECT_EQ(read(first), content(40, 1, false));
  const auto e = error_of([&] { read(second); });
  EXPECT_EQ(e.code(), errc::corrupt_data);
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
  EXPECT_THAT(e.text(), HasSubstr("offset " + std::to_string(status.st_size - 40)));
}

TEST_F(spilling, IsForManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (unsigned t = 0; t != good.size(); ++t)
    threads.emplace_back([&, t] {
      std::vector<spilled_frame> frames;
      good[t] = 1;
      for (unsigned i = 0; i < 200; ++i) {
        frames.push_back(store->write(content(i * 97, t * 1000 + i, i % 2 == 0)));
        if (i % 3 == 0)
          frames[i / 2] = {}; // others write and read beside the hole
      }
      for (unsigned i = 0; i < 200; ++i)
        good[t] &= !frames[i] || read(frames[i]) == content(i * 97, t * 1000 + i, i % 2 == 0);
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_THAT(good, testing::Each(1));
}

TEST_F(spilling, OntoAFullDiskNamesPathNeedAndFreeSpace) {
  const auto before = store->write(content(100, 1, false));
  replace_file_by("/dev/full", O_RDWR);
  const auto e = error_of([&] { store->write(content(1'000'000, 2, false)); });
  EXPECT_EQ(e.code(), errc::disk_full);
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
  EXPECT_THAT(e.text(), testing::ContainsRegex("need [0-9]+ bytes more"));
  EXPECT_THAT(e.text(), testing::ContainsRegex("[0-9]+ bytes are free"));
}

TEST_F(spilling, BeyondTheFileSizeLimitIsAFullDisk) {
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 300'000, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto e = error_of([&] { store->write(content(2'000'000, 1, false)); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(e.code(), errc::disk_full);
  EXPECT_THAT(e.text(), HasSubstr("File too large"));
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
  EXPECT_EQ(read(store->write(content(100, 2, false))), content(100, 2, false)) << "of use again";
}

TEST_F(spilling, FillsASmallDiskOnceAndFreesItAgain) {
  // In a child with a mount namespace of its own, so that nothing stays mounted.
  const auto child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
        || ::mount("tmpfs", base.c_str(), "tmpfs", 0, "size=1m") != 0)
      ::_exit(77);
    spill_store on_tmpfs{std::make_shared<spill_directory>(base)};
    const auto small = on_tmpfs.write(content(10'000, 1, false)); // keeps the file open
    const auto fill = [&](std::size_t size) { return error_of([&] { on_tmpfs.write(content(size, 1, false)); }); };
    const auto first = fill(3'000'000);
    const auto second = fill(900'000); // fits only where the first gave all back
    ::_exit(first.code() != errc::disk_full                                     ? 1
            : second.code() != errc::internal                                   ? 2
            : first.text().find("No space left on device") == std::string::npos ? 3
                                                                                : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "no mount namespace for this user";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(spilling, FromABrokenDiskIsAnIoFailure) {
  const auto frame = store->write(content(100, 1, false));
  replace_file_by("/proc/self/mem", O_RDONLY); // nothing is mapped at 0: EIO
  const auto e = error_of([&] { read(frame); });
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
}

TEST_F(spilling, WhereNoFileCanBeMadeIsAnErrorOfTheWriter) {
  spill_store lost{std::make_shared<spill_directory>(base + "/missing")};
  EXPECT_EQ(error_of([&] { lost.write(content(8, 1, false)); }).code(), errc::io_failure);
}
