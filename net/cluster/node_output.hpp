#pragma once

#include "net/io_loop.hpp"
#include "net/launcher/output_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace crema::net {

/// Prints what workers on nodes print, each line behind whose it is. What comes faster than it can be printed is left
/// out, and how much that was is said. All calls on the loop's thread.
class node_output : public std::enable_shared_from_this<node_output> {
public:
  static constexpr std::size_t most_waiting = std::size_t{256} << 10; ///< bytes that the target has not taken

  /// To a descriptor that stays open.
  node_output(io_loop& loop, int to) : loop_{loop}, writer_{to} {}

  /// Lines of `whose`, who had already `missed` bytes left out before them.
  void print(const std::string& whose, std::uint64_t missed, std::string_view lines);

private:
  void serve();

  io_loop& loop_;
  output_writer writer_;
  std::uint64_t missed_ = 0;
  bool resting_ = false;
};

} // namespace crema::net
