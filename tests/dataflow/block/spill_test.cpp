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

/// A file in a base of its own.
class spilling : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "crema-spilling-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base = pattern;
    directory = std::make_shared<spill_directory>(base);
    file = std::make_shared<spill_file>(directory);
  }

  void TearDown() override {
    file.reset();
    directory.reset();
    EXPECT_TRUE(std::filesystem::is_empty(base)) << "something was left behind";
    std::filesystem::remove_all(base);
  }

  std::vector<bytes> read_all() const {
    std::vector<bytes> frames;
    spill_file::reader reader{file};
    for (bytes frame; reader.next(frame);)
      frames.push_back(frame);
    return frames;
  }

  /// Reads everything; the error of it, which must be one.
  crema::error failure() const {
    try {
      read_all();
    } catch (const crema::error& e) {
      return e;
    }
    return {errc::internal, "nothing was noticed"};
  }

  bytes on_disk() const {
    bytes all(file->bytes());
    EXPECT_EQ(::pread(file->native_handle(), all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
    return all;
  }

  void overwrite(const bytes& all) const {
    ASSERT_EQ(::pwrite(file->native_handle(), all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
  }

  std::string base;
  std::shared_ptr<spill_directory> directory;
  std::shared_ptr<spill_file> file;
};

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
  std::vector<bytes> frames{{}, content(1, 1, false), content(spill_file::min_read_buffer, 2, false)};
  for (unsigned i = 0; i < 300; ++i) {
    const auto magnitude = random() % 20;
    frames.push_back(content(random() % (std::size_t{2} << magnitude), i, random() % 2 == 0));
  }
  frames.push_back({});
  std::uint64_t raw = 0;
  std::vector<std::uint64_t> offsets;
  for (const auto& frame : frames) {
    offsets.push_back(file->append(frame));
    raw += frame.size();
  }
  file->finish();
  EXPECT_EQ(file->frames(), frames.size());
  EXPECT_EQ(file->raw_bytes(), raw);
  EXPECT_LT(file->bytes(), raw);
  EXPECT_EQ(directory->bytes_written(), file->bytes());
  EXPECT_EQ(directory->files(), 1u);
  struct stat status;
  ASSERT_EQ(::fstat(file->native_handle(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), file->bytes());
  EXPECT_EQ(read_all(), frames);

  spill_file::reader reader{file, 1};
  page_buffer storage;
  std::span<const std::byte> view;
  for (unsigned i = 0; i < 300; ++i) {
    const auto at = random() % frames.size();
    reader.seek(offsets[at]);
    for (auto next = at; next < std::min(at + 3, frames.size()); ++next) {
      EXPECT_EQ(reader.offset(), offsets[next]);
      ASSERT_TRUE(reader.next(storage, view));
      ASSERT_EQ(bytes(view.begin(), view.end()), frames[next]);
    }
  }
  reader.seek(file->bytes());
  EXPECT_FALSE(reader.next(storage, view));
  EXPECT_FALSE(reader.next(storage, view));
  EXPECT_EQ(error_of([&] { reader.seek(file->bytes() + 1); }).code(), errc::invalid_argument);
}

TEST_F(spilling, TakesFramesUpTo64MiBAndNoLonger) {
  bytes frame(spill_file::max_frame + 1);
  EXPECT_EQ(error_of([&] { file->append(frame); }).code(), errc::invalid_argument);
  frame.pop_back();
  frame.back() = std::byte{42};
  file->append(frame);
  file->append(content(5, 1, false));
  file->finish();
  EXPECT_LT(file->bytes(), spill_file::max_frame / 100);
  const auto frames = read_all();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0], frame);
  EXPECT_EQ(frames[1], content(5, 1, false));
}

TEST_F(spilling, WithoutFramesNeedsNoFile) {
  file->finish();
  EXPECT_TRUE(read_all().empty());
  EXPECT_EQ(file->bytes(), 0u);
  EXPECT_EQ(file->native_handle(), -1);
  EXPECT_EQ(directory->files(), 0u);
}

TEST_F(spilling, WritesTinyFramesInBatches) {
  for (unsigned i = 0; i < 1000; ++i)
    file->append(content(8, i, false));
  EXPECT_EQ(directory->bytes_written(), 0u);
  file->finish();
  EXPECT_EQ(directory->bytes_written(), file->bytes());
  EXPECT_EQ(read_all().size(), 1000u);
}

TEST_F(spilling, RefusesToAppendAfterItsEndAndToReadBefore) {
  file->append(content(8, 1, false));
  EXPECT_EQ(error_of([&] { spill_file::reader{file}; }).code(), errc::internal);
  file->finish();
  file->finish();
  EXPECT_EQ(error_of([&] { file->append(content(8, 1, false)); }).code(), errc::internal);
}

TEST_F(spilling, NoticesEveryFlippedBit) {
  file->append(content(3, 1, false));
  file->append({});
  file->append(content(200, 2, true));
  file->append(content(70, 3, false));
  file->finish();
  const auto good = on_disk();
  ASSERT_LT(good.size(), 500u);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= std::byte(1u << bit % 8);
    overwrite(bad);
    ASSERT_EQ(failure().code(), errc::corrupt_data) << "bit " << bit;
  }
  overwrite(good);
  EXPECT_EQ(read_all().size(), 4u);
}

TEST_F(spilling, NoticesFramesThatWereExchanged) {
  const auto second = file->append(content(100, 1, false));
  EXPECT_EQ(second, 0u);
  const auto size = file->append(content(100, 2, false));
  file->finish();
  ASSERT_EQ(file->bytes(), 2 * size);
  auto all = on_disk();
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size), all.end());
  overwrite(all);
  EXPECT_EQ(failure().code(), errc::corrupt_data);
  spill_file::reader reader{file};
  reader.seek(size);
  bytes frame;
  EXPECT_EQ(error_of([&] { reader.next(frame); }).code(), errc::corrupt_data);
}

TEST_F(spilling, NoticesBytesOfAnotherFile) {
  const auto other = std::make_shared<spill_file>(directory);
  for (const auto& each : {file, other}) {
    each->append(content(100, 1, false));
    each->finish();
  }
  bytes all(other->bytes());
  ASSERT_EQ(::pread(other->native_handle(), all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
  overwrite(all);
  EXPECT_EQ(failure().code(), errc::corrupt_data);
}

TEST_F(spilling, NoticesEveryTruncation) {
  for (const unsigned count : {1u, 2u}) {
    file = std::make_shared<spill_file>(directory);
    for (unsigned i = 0; i < count; ++i)
      file->append(content(40, i, false));
    file->finish();
    EXPECT_EQ(read_all().size(), count); // the buffer that is used again holds the right bytes now
    for (auto size = static_cast<off_t>(file->bytes()); size-- > 0;) {
      ASSERT_EQ(::ftruncate(file->native_handle(), size), 0);
      ASSERT_EQ(failure().code(), errc::corrupt_data) << size;
    }
  }
}

TEST_F(spilling, NamesPathFrameAndOffsetOfWhatIsBroken) {
  file->append(content(100, 1, false));
  const auto offset = file->append(content(300'000, 2, false));
  file->finish();
  auto all = on_disk();
  all[offset + 100'000] ^= std::byte{1}; // in the second chunk of the second frame
  overwrite(all);
  spill_file::reader reader{file};
  bytes frame;
  ASSERT_TRUE(reader.next(frame));
  const auto e = error_of([&] { reader.next(frame); });
  EXPECT_EQ(e.code(), errc::corrupt_data);
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
  EXPECT_THAT(e.text(), HasSubstr("frame 1 "));
  EXPECT_THAT(e.text(), HasSubstr("offset " + std::to_string(offset + spill_file::min_read_buffer)));
  EXPECT_EQ(reader.offset(), offset);
}

TEST_F(spilling, NoticesASeekIntoTheMiddleOfAFrame) {
  file->append(content(300'000, 1, false));
  file->finish();
  spill_file::reader reader{file};
  bytes frame;
  for (const auto offset : {std::size_t{1}, spill_file::min_read_buffer}) {
    reader.seek(offset);
    EXPECT_EQ(error_of([&] { reader.next(frame); }).code(), errc::corrupt_data) << offset;
  }
  reader.seek(0);
  EXPECT_TRUE(reader.next(frame));
}

TEST_F(spilling, IsReadByManyAtOnce) {
  std::vector<bytes> frames;
  for (unsigned i = 0; i < 200; ++i)
    file->append(frames.emplace_back(content(i * 97, i, i % 2 == 0)));
  file->finish();
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (auto& result : good)
    threads.emplace_back([&] { result = read_all() == frames; });
  for (auto& thread : threads)
    thread.join();
  EXPECT_THAT(good, testing::Each(1));
}

TEST_F(spilling, OntoAFullDiskNamesPathNeedAndFreeSpace) {
  file->append(content(1'000'000, 1, false));
  ASSERT_GE(file->native_handle(), 0);
  const int full = ::open("/dev/full", O_RDWR | O_CLOEXEC);
  ASSERT_GE(full, 0);
  ASSERT_GE(::dup2(full, file->native_handle()), 0);
  ::close(full);
  const auto e = error_of([&] { file->finish(); });
  EXPECT_EQ(e.code(), errc::disk_full);
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
  EXPECT_THAT(e.text(), testing::ContainsRegex("need [0-9]+ bytes more"));
  EXPECT_THAT(e.text(), testing::ContainsRegex("[0-9]+ bytes are free"));
  EXPECT_EQ(error_of([&] { file->append(content(8, 1, false)); }).code(), errc::internal);
  EXPECT_EQ(error_of([&] { file->finish(); }).code(), errc::internal);
}

TEST_F(spilling, BeyondTheFileSizeLimitIsAFullDisk) {
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 300'000, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto e = error_of([&] { file->append(content(2'000'000, 1, false)); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(e.code(), errc::disk_full);
  EXPECT_THAT(e.text(), HasSubstr("File too large"));
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
}

TEST_F(spilling, FillsASmallDiskOnceAndFreesItAgain) {
  // In a child with a mount namespace of its own, so that nothing stays mounted.
  const auto child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
        || ::mount("tmpfs", base.c_str(), "tmpfs", 0, "size=1m") != 0)
      ::_exit(77);
    auto on_tmpfs = std::make_shared<spill_directory>(base);
    const auto fill = [&](std::size_t size) {
      spill_file victim{on_tmpfs};
      return error_of([&] {
        victim.append(content(size, 1, false));
        victim.finish();
      });
    };
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
  file->append(content(100, 1, false));
  file->finish();
  const int broken = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC); // nothing is mapped at 0: EIO
  ASSERT_GE(broken, 0);
  ASSERT_GE(::dup2(broken, file->native_handle()), 0);
  ::close(broken);
  const auto e = failure();
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_THAT(e.text(), HasSubstr(directory->path()));
}

TEST_F(spilling, WhereNoFileCanBeMadeIsAnErrorOfTheWriter) {
  auto nowhere = std::make_shared<spill_directory>(base + "/missing");
  spill_file lost{nowhere};
  lost.append(content(8, 1, false)); // still in memory
  EXPECT_EQ(error_of([&] { lost.finish(); }).code(), errc::io_failure);
}
