#pragma once

#include "dataflow/error.hpp"
#include "dataflow/job_run.hpp"
#include "dataflow/plan/task_report.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

// What the actors of a job say to each other. Commands are imperative, events past tense. Tasks are named by their
// index in their stage; blocks, tasks and values pass by pointer and never leave the process.

namespace crema::actors {

// -- to a partition -------------------------------------------------------------------------------------------------

struct produce {
  using local_message = void;
};

struct absorb_block {
  using local_message = void;
  int input = 0;
  int producer = 0;
  internal::block_ptr records;
};

/// No bytes: the sender's task is committed.
struct grant_credit {
  using local_message = void;
  int receiver = 0;
  std::size_t bytes = 0;
};

struct resolve_barrier {
  using local_message = void;
  std::shared_ptr<const void> agreed;
};

struct step_again {
  using local_message = void;
};

// -- to a stage -----------------------------------------------------------------------------------------------------

struct barrier_reached {
  using local_message = void;
  int task = 0;
  std::shared_ptr<const void> said;
};

struct barrier_agreed {
  using local_message = void;
  std::shared_ptr<const void> agreed;
};

/// The first `first` producers of `input` are done, and every block of theirs has been absorbed.
struct producers_done {
  using local_message = void;
  int input = 0;
  int first = 0;
};

// -- to the driver --------------------------------------------------------------------------------------------------

struct run_job {
  using local_message = void;
  std::shared_ptr<internal::job_run> job;
};

struct result_block {
  using local_message = void;
  int stage = 0;
  int task = 0;
  internal::block_ptr records;
  internal::credit_token credit;
};

struct task_done {
  using local_message = void;
  int stage = 0;
  int task = 0;
  std::shared_ptr<internal::task> finished; ///< null where it was committed elsewhere
  task_metrics metrics;
  internal::credit_token committed;                      ///< perhaps: to be kept until the task is committed
  std::shared_ptr<const internal::task_report> report{}; ///< of a task that was committed elsewhere
};

struct task_failed {
  using local_message = void;
  error failure;
};

/// What host `host` ran of the plan is lost, for a cause that lies outside of the job: it may be run again.
struct share_lost {
  using local_message = void;
  int stage = 0;
  int share = 0;
  int host = 0;
  std::string how; ///< which worker, and why
};

/// The first `ended` tasks of a share have ended, and every block of theirs has been absorbed.
struct share_advanced {
  using local_message = void;
  int stage = 0;
  int share = 0;
  int ended = 0;
};

struct stage_at_barrier {
  using local_message = void;
  int stage = 0;
  int task = 0;
  std::shared_ptr<const void> said;
};

struct cancel_job {
  using local_message = void;
};

/// All stages of an attempt are down.
struct end_attempt {
  using local_message = void;
  int attempt = 0;
};

struct look_for_hosts {
  using local_message = void;
};

} // namespace crema::actors

namespace caf {

// CAF asks for a serializer of every message that is not declared to stay in its process.
template <class Message>
requires requires {
  typename Message::local_message;
}
struct allowed_unsafe_message_type<Message> : std::true_type {};

} // namespace caf
