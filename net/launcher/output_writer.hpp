#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crema::net {

/// Writes text to a descriptor that may take it slowly, or not at all, without ever waiting for it.
class output_writer {
public:
  /// To a descriptor that stays open.
  explicit output_writer(int to) noexcept : to_{to} {}

  void add(std::string_view text) { waiting_ += text; }

  /// Writes what the target takes at once. False when something is left.
  bool pass_on();

  /// Bytes that are left.
  std::size_t waiting() const noexcept { return waiting_.size(); }

private:
  const int to_;
  std::string waiting_;
};

} // namespace crema::net
