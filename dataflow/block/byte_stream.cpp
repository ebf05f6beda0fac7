#include "dataflow/block/byte_stream.hpp"

#include "dataflow/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string>

namespace crema::internal {

void byte_writer::grow(std::size_t n) {
  if (n > std::numeric_limits<std::size_t>::max() / 4 - size_)
    throw std::bad_alloc{};
  page_buffer larger{std::max({size_ + n, 2 * size_, std::size_t{256}})};
  if (size_ != 0)
    std::memcpy(larger.data(), buffer_.data(), size_);
  buffer_ = std::move(larger);
}

void byte_writer::long_varint(std::uint64_t value) {
  std::uint8_t groups[10];
  std::size_t n = 0;
  for (; value >= 0x80; value >>= 7)
    groups[n++] = static_cast<std::uint8_t>(value | 0x80);
  groups[n++] = static_cast<std::uint8_t>(value);
  put(groups, n);
}

std::uint64_t byte_reader::long_varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t group = byte();
    if (shift == 63 && group > 1)
      break;
    value |= (group & 0x7f) << shift;
    if (group < 0x80)
      return value;
  }
  fail("a number does not fit in 64 bits");
}

void byte_reader::fail(const char* what) const {
  throw error{
    errc::corrupt_data,
    fmt::format("{} at byte {} of {}; these bytes are not what was written, or they hold records of another type", what,
                offset(), offset() + remaining())};
}

void byte_reader::fail_short(std::size_t wanted) const {
  fail(fmt::format("the bytes end early: {} wanted, {} left", wanted, remaining()).c_str());
}

void byte_reader::fail_count(std::uint64_t n) const {
  fail(fmt::format("a count of {} is more than the remaining bytes can hold", n).c_str());
}

} // namespace crema::internal
