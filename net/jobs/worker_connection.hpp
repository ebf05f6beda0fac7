#pragma once

#include "actors/interfaces.hpp"
#include "net/jobs/job_message.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace crema::net {

/// A message about a share has come from its worker.
struct share_message_arrived {
  using local_message = void;
  std::shared_ptr<message> bytes;
};

/// The worker is gone, and all that it ran with it.
struct worker_lost {
  using local_message = void;
  std::string reason;
};

using remote_share_actor = actors::share_actor::extend<
  // From its worker's connection.
  caf::reacts_to<share_message_arrived>, caf::reacts_to<worker_lost>>;

/// The driver's end of the link to one worker: sends, and brings what comes to the share that it is about. Thread-safe.
class worker_connection : public link_observer {
public:
  explicit worker_connection(int number) : number_{number} {}

  int number() const noexcept { return number_; }

  /// Once, before anything else.
  void use(std::shared_ptr<link> connected);

  /// Dropped where the worker is gone.
  void send(outgoing message);

  /// Whether the worker has been told of the shared variable.
  bool knows(std::uint64_t variable) const;
  /// Whether the worker has not yet been told of the shared variable; it is taken to be told now.
  bool learn(std::uint64_t variable);
  /// The variable or cache is gone.
  void forget(std::uint64_t id);

  /// From here on `share` hears of what comes for it; at once of the loss, where the worker is gone.
  void add(std::uint64_t job, int stage, remote_share_actor share);
  void remove(std::uint64_t job, int stage);

  bool lost() const;

  /// The worker is gone, or given up: those who wait for it hear why, and nothing that it says counts any more. Should
  /// it live all the same, it ends as its link does.
  void lose(const std::string& why);

  /// Breaks the connection, so that the worker ends.
  void reset(const std::string& why);

  void received(message from_worker) override;
  void ended(const link_end& how) override;

protected:
  /// What comes that is not about a job (peer_message.hpp).
  virtual void told(const message& /*from_worker*/) {}

private:
  using key = std::pair<std::uint64_t, int>;

  const int number_;
  mutable std::mutex mutex_;
  std::shared_ptr<link> link_;
  std::map<key, remote_share_actor> shares_;
  std::unordered_set<std::uint64_t> variables_; ///< that the worker has
  std::optional<std::string> lost_;             ///< why
};

} // namespace crema::net
