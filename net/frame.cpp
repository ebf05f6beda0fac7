#include "net/frame.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

namespace crema::net {

namespace {

struct raw_header {
  std::uint32_t length;
  std::uint16_t kind;
  std::uint16_t zero;
};
static_assert(sizeof(raw_header) == frame_header_bytes);

void check(const raw_header& header, std::size_t limit) {
  if (header.zero != 0)
    throw error{errc::corrupt_data, "these bytes are no frame of crema"};
  if (header.length > limit)
    throw error{errc::corrupt_data, "a frame of " + std::to_string(header.length) + " bytes, where at most "
                                      + std::to_string(limit) + " are allowed"};
}

} // namespace

std::array<std::byte, frame_header_bytes> frame_header(std::uint16_t kind, std::size_t length) noexcept {
  assert(length <= max_frame_bytes);
  const raw_header header{static_cast<std::uint32_t>(length), kind, 0};
  std::array<std::byte, frame_header_bytes> bytes;
  std::memcpy(bytes.data(), &header, bytes.size());
  return bytes;
}

std::span<std::byte> frame_parser::room() {
  if (current_)
    return current_->payload().subspan(current_filled_);
  std::copy(staging_.begin() + staged_begin_, staging_.begin() + staged_end_, staging_.begin());
  staged_end_ -= std::exchange(staged_begin_, 0);
  return std::span{staging_}.subspan(staged_end_);
}

void frame_parser::filled(std::size_t n) noexcept {
  (current_ ? current_filled_ : staged_end_) += n;
}

std::optional<frame> frame_parser::next() {
  if (!current_ && !begin_frame())
    return {};
  if (current_filled_ != current_->payload().size())
    return {};
  current_filled_ = 0;
  return std::exchange(current_, std::nullopt);
}

/// Takes a header off the staged bytes, and what there is of its payload.
bool frame_parser::begin_frame() {
  if (staged_end_ - staged_begin_ < frame_header_bytes)
    return false;
  raw_header header;
  std::memcpy(&header, staging_.data() + staged_begin_, sizeof header);
  check(header, limit_);
  staged_begin_ += frame_header_bytes;
  auto& begun = current_.emplace(header.kind, header.length);
  current_filled_ = std::min<std::size_t>(header.length, staged_end_ - staged_begin_);
  std::copy_n(staging_.data() + staged_begin_, current_filled_, begun.payload().data());
  staged_begin_ += current_filled_;
  return true;
}

std::size_t frame_parser::held() const noexcept {
  return sizeof(*this) + (current_ ? current_->payload().size() : 0);
}

} // namespace crema::net
