#include "dataflow/io/line_reader.hpp"

#include "dataflow/error.hpp"
#include "dataflow/fault_point.hpp"
#include "dataflow/io/failed_call.hpp"
#include "dataflow/io/line_scan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace crema::internal {

namespace {

constexpr std::size_t index_size = 512;
constexpr std::size_t smallest_buffer = 64;
constexpr std::size_t longest_line = std::size_t{1} << 30;
constexpr std::uint64_t overread = 4096;       // the end of the last line is usually this near
constexpr std::uint64_t overread_step = 65536; // and where it is not, larger steps look for it

struct descriptor {
  int fd = -1;
  ~descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

} // namespace

struct line_reader::state {
  std::string path;
  descriptor file;
  std::uint64_t end;        // lines that start here belong to the next split
  std::uint64_t size = 0;   // of the file when it was opened
  std::uint64_t offset = 0; // of the buffer's first byte in the file
  std::uint64_t read = 0;
  std::size_t max_line_bytes;
  std::size_t capacity = 0;
  std::size_t filled = 0;
  std::unique_ptr<char[]> buffer;
  line_scan scan;
  bool skipping = false;                              // the line in progress began in an earlier split
  std::array<std::string_view, index_size + 1> index; // and the last line of a file that has no end

  [[noreturn]] void fail(const std::string& doing, std::uint64_t at, const std::string& why) const {
    throw error{errc::io_failure, fmt::format("{} '{}' at byte {}: {}", doing, path, at, why)};
  }

  void open(std::uint64_t begin, const line_options& options);
  void make_room();
  void refill();
  bool at_end() const { return offset + filled == size; }
  bool passed_end() const { return offset + (skipping ? scan.position : scan.line) >= end; }
  std::span<const std::string_view> own(std::size_t count);
};

void line_reader::state::open(std::uint64_t begin, const line_options& options) {
  // O_NONBLOCK, because opening a FIFO would otherwise wait for its writer before it can be refused.
  file.fd = fails_here("text.open") ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file.fd < 0)
    throw failed_call("opening", path, errno);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0)
    throw failed_call("looking up", path, errno);
  if (!S_ISREG(status.st_mode))
    throw error{errc::unsupported, "'" + path + "' is not a regular file"};
  size = static_cast<std::uint64_t>(status.st_size);
  if (size < end)
    fail("reading", end, fmt::format("the file has shrunk to {} bytes since the job was planned", size));
  // A split starts one byte early: whether a line starts at `begin` depends on the byte before.
  skipping = begin > 0;
  offset = begin - (skipping ? 1 : 0);
  ::posix_fadvise(file.fd, static_cast<off_t>(offset), static_cast<off_t>(end - offset), POSIX_FADV_SEQUENTIAL);
  const auto whole = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset + overread, longest_line));
  capacity = std::clamp(options.buffer_bytes, smallest_buffer, std::max(smallest_buffer, whole));
  buffer = std::make_unique_for_overwrite<char[]>(capacity + line_scan::padding);
}

// Moves the line in progress to the front, into a larger buffer when it fills more than half of this one.
void line_reader::state::make_room() {
  const auto from = skipping ? scan.position : scan.line;
  const auto kept = filled - from;
  if (kept > max_line_bytes)
    fail("reading", offset + from, "a line is longer than " + std::to_string(max_line_bytes) + " bytes");
  if (kept > capacity / 2) {
    auto larger = std::make_unique_for_overwrite<char[]>(2 * capacity + line_scan::padding);
    std::memcpy(larger.get(), buffer.get() + from, kept);
    buffer = std::move(larger);
    capacity *= 2;
  } else if (kept > 0) {
    std::memmove(buffer.get(), buffer.get() + from, kept);
  }
  offset += from;
  filled = kept;
  scan.position -= from;
  scan.line = 0;
}

void line_reader::state::refill() {
  make_room();
  const auto at = offset + filled;
  const auto until = std::min(size, at < end ? end + overread : at + overread_step);
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(until - at, capacity - filled));
  ssize_t got = 0;
  do {
    got = fails_here("text.read") ? -1 : ::pread(file.fd, buffer.get() + filled, want, static_cast<off_t>(at));
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    throw failed_call("reading byte " + std::to_string(at) + " of", path, errno);
  if (got == 0)
    fail("reading", at, fmt::format("the file had {} bytes when it was opened and has shrunk since", size));
  filled += static_cast<std::size_t>(got);
  read += static_cast<std::uint64_t>(got);
}

// Of the first `count` lines of the index those that belong to this split.
std::span<const std::string_view> line_reader::state::own(std::size_t count) {
  std::span<const std::string_view> lines{index.data(), count};
  if (skipping && !lines.empty()) {
    lines = lines.subspan(1);
    skipping = false;
  }
  if (offset + filled > end) {
    const char* const border = buffer.get() + (end - offset);
    while (!lines.empty() && lines.back().data() >= border)
      lines = lines.first(lines.size() - 1);
  }
  if (capacity > max_line_bytes) {
    for (const auto& line : lines)
      if (line.size() > max_line_bytes)
        fail("reading", offset + static_cast<std::uint64_t>(line.data() - buffer.get()),
             "a line is longer than " + std::to_string(max_line_bytes) + " bytes");
  }
  return lines;
}

line_reader::line_reader(std::string path, std::uint64_t begin, std::uint64_t end, const line_options& options)
    : state_{std::make_unique<state>()} {
  if (begin > end || options.max_line_bytes > longest_line)
    throw error{errc::invalid_argument, "a split ends where it begins or later and a line has at most 1 GiB"};
  state_->path = std::move(path);
  state_->end = end;
  state_->max_line_bytes = options.max_line_bytes;
  state_->scan.delimiter = options.delimiter.value_or('\n');
  state_->scan.carriage_returns = !options.delimiter;
  state_->open(begin, options);
  done_ = begin == end;
}

line_reader::~line_reader() = default;

std::uint64_t line_reader::bytes_read() const noexcept {
  return state_->read;
}

std::span<const std::string_view> line_reader::next_lines(std::size_t max_bytes, std::size_t& used) {
  auto& s = *state_;
  if (done_)
    return {};
  if (s.scan.position == s.filled && !s.at_end())
    s.refill();
  const auto from = s.scan.position;
  const auto limit = from + std::min(s.filled - from, max_bytes);
  auto count = s.scan.run(s.buffer.get(), limit, std::span{s.index}.first<index_size>());
  used += s.scan.position - from;
  const bool finished = s.scan.position == s.filled && s.at_end();
  if (finished && s.scan.line < s.filled)
    s.index[count++] = {s.buffer.get() + s.scan.line, s.filled - s.scan.line};
  const auto lines = s.own(count);
  done_ = finished || s.passed_end();
  return lines;
}

} // namespace crema::internal
