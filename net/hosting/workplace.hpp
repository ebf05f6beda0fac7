#pragma once

#include "net/hosting/host.hpp"
#include "net/launcher/worker_process.hpp"
#include "net/messages.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace crema::net {

/// What a node says to an order of a driver: a message, or nothing.
using node_answer = std::variant<std::monostate, executable_wanted, executable_progress, executable_ready,
                                 executable_refused, worker_started, worker_printed, worker_ended>;

/// What one driver has on a node: its executable, its workers, and a directory in which they run. It lasts until the
/// driver has gone and the last of its workers has ended, and takes the directory along.
class workplace : public std::enable_shared_from_this<workplace> {
public:
  /// Hears on the host's loop what the workers print that `start` has not refused, and last of each how it ended.
  using on_said = std::function<void(const node_answer& said)>;
  workplace(host& at, on_said said);
  ~workplace();

  // On the host's slow thread.

  node_answer offer(const executable_id& what);
  node_answer offer(const offer_file& file);
  node_answer add(std::span<const std::byte> bytes);
  node_answer start(const start_worker& order);

  // On any thread.

  void stop(int number);

  /// The driver has gone: all its workers are killed at once, and no more start.
  void close();

  /// Whether there is no worker.
  bool idle() const;

private:
  struct hired {
    std::shared_ptr<workplace> at; ///< which stays until it has ended
    std::shared_ptr<worker_process> process;
    std::string token{};  ///< once it can be called
    std::string reason{}; ///< for which the node ends it
  };

  node_answer look_for(const executable_id& what);
  node_answer ready(stored_executable there);
  void keep(stored_executable file);
  const driver_directory& directory();
  bool launch(const start_worker& order);
  void ended(int number, const worker_exit& end);

  host& host_;
  const on_said said_;
  std::string offered_; ///< the name of the file that comes; empty for the executable
  std::optional<executable_store::transfer> transfer_;
  std::optional<stored_executable> executable_;
  std::map<std::string, stored_executable> files_; ///< by name
  std::optional<driver_directory> directory_;

  mutable std::mutex mutex_;
  std::map<int, hired> workers_;
  bool closed_ = false;
};

} // namespace crema::net
