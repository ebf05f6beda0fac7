#pragma once

#include "actors/exchange.hpp"
#include "actors/interfaces.hpp"
#include "actors/result_credit.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crema::actors {

/// What a partition actor runs. The job outlives the task, but not the actor.
struct assignment {
  const internal::plan_run* job = nullptr;
  const internal::stage* stage = nullptr;
  int task = 0;
  supervisor_actor supervisor;
  stage_actor home;
  receivers consumers; ///< of an exchange
  bool may_produce = false;
};

/// Runs one task: absorbs its blocks the moment they arrive, steps it in short slices, and sends what it emits as far
/// as credit goes.
///
///                  absorb_block*, producers_done*
///     spawned ──────────────────────────────────▶ stepping ⇄ at the barrier
///        │ (no input)                                │  ▲
///        └──────────────────────────────────────────▶│  └ produce, grant_credit, absorb_block
///                                                    ▼
///                                       over: the driver has the task
///                                                    │ all it sent is taken, all its input has come
///                                                    ▼
///                                                   down
class partition_state : private internal::emitter {
public:
  static inline const char* name = "crema.partition";

  explicit partition_state(partition_actor::pointer self) : self_{self} {}
  partition_state(const partition_state&) = delete;
  partition_state& operator=(const partition_state&) = delete;
  ~partition_state() override;

  void begin(assignment work);
  void may_produce();
  void absorb(absorb_block& arrived);
  void note(producers_done progress);
  void granted(const grant_credit& credit);
  void resolve(resolve_barrier& barrier);
  void next_slice();

  /// Whether the actor has nothing left to do.
  bool ended() const noexcept;
  /// What keeps it from going on, in words: for whoever looks for the cause of a hang.
  std::string waits_for() const;

private:
  using clock = std::chrono::steady_clock;

  void emit(int channel, internal::block_ptr records) override;
  bool blocked() const noexcept override;
  clock::time_point now() const noexcept override { return self_->clock().now(); }

  /// Calls `f`; what it throws ends the task as failed. The one place where a task's exceptions are caught.
  template <class F>
  void attempt(F&& f);
  void fail(error why);

  internal::task_id id() const;
  void open();
  /// Tells the task what is known of its producers.
  void close_inputs();
  bool inputs_complete() const noexcept { return open_inputs_ == 0; }
  bool runnable() const noexcept;
  /// Runs a slice now, the next ones by messages to itself, so that others get their turn.
  void run();
  void slice();
  void wait_at_barrier();
  void deliver();
  internal::credit_token result_token(std::size_t bytes);
  /// Hands the task over once it is done and its blocks are out of reach.
  void finish();

  partition_actor::pointer self_;
  assignment work_;
  std::shared_ptr<internal::task> task_;
  std::optional<exchange> out_;
  std::shared_ptr<result_credit> credit_;
  task_metrics metrics_;
  clock::time_point first_step_{};

  struct input_state {
    int producers = 0;
    int done = 0; ///< as far as this actor was told
    int told = 0; ///< as far as the task was told
  };
  std::vector<input_state> inputs_;
  int open_inputs_ = 0;
  bool inputs_told_ = false;

  bool exchanges_ = false; ///< sends to partitions, not to the driver
  bool has_slot_ = false;
  bool streams_ = false; ///< may produce while blocks still come
  bool starved_ = false; ///< until a block comes
  bool at_barrier_ = false;
  bool done_ = false; ///< the task has emitted everything
  bool over_ = false; ///< the task is gone
  bool failed_ = false;
  bool committing_ = false; ///< the driver has not seen the task's end yet
  bool queued_ = false;     ///< a step_again is on its way
};

partition_actor::behavior_type partition(partition_actor::stateful_pointer<partition_state> self, assignment work);

} // namespace crema::actors
