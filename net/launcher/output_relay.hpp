#pragma once

#include "net/descriptor.hpp"
#include "net/io_loop.hpp"
#include "net/launcher/output_tail.hpp"
#include "net/launcher/output_writer.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace crema::net {

/// Passes on what another process writes, whole lines at a time, and keeps the last of them.
///
/// Where the target takes no more (a terminal that was stopped, a pipe that nobody reads), the process that writes has
/// to wait; the loop never does. All calls on the loop's thread.
class output_relay : public std::enable_shared_from_this<output_relay> {
public:
  /// Somebody else who hears the lines; what is too long for one comes in pieces.
  using on_lines = std::function<void(const std::string& lines)>;

  /// From a pipe, to a descriptor that stays open.
  output_relay(io_loop& loop, descriptor from, int to, on_lines heard = nullptr);

  /// The loop keeps the relay from here on, until `finish` or the end of what is read.
  void start();

  /// Reads what is there, passes on what the target takes at once, and ends; the last lines.
  std::string finish();

private:
  std::size_t read();
  void take(std::string_view bytes);
  void serve();
  void stop();

  io_loop& loop_;
  descriptor from_;
  output_tail tail_;
  output_writer writer_;
  const on_lines heard_;
  io_loop::id watched_ = 0;
  io_loop::id resting_ = 0;
};

} // namespace crema::net
