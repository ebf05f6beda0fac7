#pragma once

#include "net/descriptor.hpp"
#include "net/io_loop.hpp"
#include "net/launcher/output_relay.hpp"
#include "net/launcher/worker_exit.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crema::net {

/// What to start.
struct worker_command {
  std::string executable = "/proc/self/exe";
  std::vector<std::string> arguments{};   ///< from the program's name on; empty: those of this process
  std::vector<std::string> environment{}; ///< "NAME=VALUE", beside what this process has
  std::string directory{};                ///< in which it works; empty: where this process does
  output_relay::on_lines on_output{};     ///< hears what it writes on standard error, on the loop's thread
};

/// The arguments with which this process was started, for programs that have looked at theirs before crema does.
std::vector<std::string> own_arguments();

/// A worker process of this one, started from an executable whose main calls run_if_worker or crema::init.
///
///     auto worker = worker_process::start(loop, {}, [](const worker_exit& end) { log(to_string(end)); });
///     auto control = worker->take_socket();
///     send_packet(control, …);                     // net/packet_socket.hpp; net/jobs/worker_setup.hpp says what
///
/// It inherits two sockets, standard output, and nothing else; nothing listens anywhere. Its standard error is read
/// here and passed on to this process's, whole lines at a time. When it ends, or when this process does, whatever the
/// reason, all that it has started ends, too: see guardian.cpp. Thread-safe.
class worker_process : public std::enable_shared_from_this<worker_process> {
public:
  using on_end = std::function<void(const worker_exit& end)>;

  /// `ended` is called once, on the loop's thread, when nothing is left of the worker. The loop keeps the object until
  /// then; where the loop ends first, it kills the worker and `ended` is not called.
  ///
  /// Throws not_found or io_failure, with the path, where it cannot be started; invalid_argument in a worker whose main
  /// did not call run_if_worker first, which would start workers for ever.
  static std::shared_ptr<worker_process> start(io_loop& loop, const worker_command& command, on_end ended);

  ~worker_process();

  /// This side of the packet socket to the worker, once.
  descriptor take_socket() noexcept { return std::move(socket_); }

  /// Kills the worker and all that it has started, soon; `ended` is still called.
  void kill();

private:
  worker_process(io_loop& loop, on_end ended) : loop_{loop}, ended_{std::move(ended)} {}

  void spawn(const worker_command& command);
  void watch();
  void read_lifeline();
  void end_guardian() const;
  void finish();

  io_loop& loop_;
  on_end ended_;
  descriptor socket_;
  descriptor lifeline_; // the end of it, on either side, is the worker's end
  pid_t guardian_ = 0;
  unsigned long oom_kills_before_ = 0;

  // The loop's thread's alone.
  std::shared_ptr<output_relay> output_;
  io_loop::id lifeline_watched_ = 0;
  pid_t worker_ = 0;
  worker_exit end_;
  bool end_known_ = false;
};

} // namespace crema::net
