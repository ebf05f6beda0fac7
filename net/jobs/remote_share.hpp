#pragma once

#include "actors/stage.hpp"
#include "net/jobs/job_message.hpp"
#include "net/jobs/job_workers.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace crema::net {

/// Stands in the driver's process for a share of a stage that a worker runs. To the driver it is that share's stage
/// actor: it is down once the worker has said that nothing of the share is left, or once the worker is lost.
///
///     spawned ──start_share──▶ running ──share_ended──▶ down
///                                 │ exit: stop_share       ▲
///                                 └────────────────────────┘
class remote_share_state {
public:
  static inline const char* name = "crema.remote_share";

  explicit remote_share_state(remote_share_actor::pointer self) : self_{self} {}

  void begin(actors::driver_actor driver, actors::stage_assignment work, std::shared_ptr<job_workers> workers);
  void note(const actors::producers_done& progress);
  void resolve(const actors::barrier_agreed& agreed);
  void handle(share_message_arrived& arrived);
  void lose(const worker_lost& lost);
  void stop();

  bool over() const noexcept { return over_; }

private:
  void dispatch(const message& bytes, internal::byte_reader& in);
  void require_own(int task, internal::byte_reader& in) const;
  void accept(int task, internal::byte_reader& in);
  void finish(int task, internal::byte_reader& in);
  /// Tells the driver that the attempt's host of that index is lost.
  void lose(std::size_t host, std::string how);

  remote_share_actor::pointer self_;
  actors::driver_actor driver_;
  actors::stage_assignment work_;
  std::shared_ptr<job_workers> workers_;
  std::shared_ptr<worker_connection> worker_; ///< of the share
  std::uint64_t job_ = 0;
  int stage_ = 0;
  bool over_ = false;
};

remote_share_actor::behavior_type remote_share(remote_share_actor::stateful_pointer<remote_share_state> self,
                                               const actors::driver_actor& driver, actors::stage_assignment work,
                                               std::shared_ptr<job_workers> workers);

} // namespace crema::net
