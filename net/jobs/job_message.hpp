#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "net/link.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

// What a driver and its workers say to each other about jobs. A message is some numbers, the job's first, and then what
// each of them says below. Commands are imperative, events past tense, as between actors (actors/messages.hpp).
//
// The number of a job is one attempt's at one of its plans; the driver gives none twice. So what is still said about an
// earlier attempt, by workers that do not know yet, finds nobody.
//
//     driver ──begin_plan, start_share, … end_plan──▶ worker ──send_block──▶ worker
//        ▲                                            │    ▲                   │
//        └──share_opened, result_made, task_done─────┘    └───────return_credit
//
// Who does not hear of a worker any more says peer_missing; that of the driver is lost without a word.

namespace crema::net {

enum class job_kind : std::uint16_t {
  // driver to worker
  begin_plan = first_message_kind,
  end_plan,
  start_share,
  stop_share,
  note_producers,
  tell_agreed,
  take_result,
  define_variable,
  forget_shared,
  define_file,
  // worker to driver
  share_opened,
  share_advanced,
  barrier_said,
  result_made,
  task_done,
  task_failed,
  share_ended,
  peer_missing,
  // worker to worker
  send_block,
  return_credit,
  kept_block,
  fetch_failed,
  // worker to driver, which passes it on to the worker that keeps the partition
  fetch_block,
};

/// About a job as a whole.
template <job_kind Kind>
struct of_job {
  static constexpr auto kind = Kind;
  std::uint64_t job = 0;
  auto fields() { return std::tie(job); }
};

/// About the receiver's or the sender's share of a stage.
template <job_kind Kind>
struct of_share {
  static constexpr auto kind = Kind;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

template <job_kind Kind>
struct of_task {
  static constexpr auto kind = Kind;
  std::uint64_t job = 0;
  int stage = 0;
  int task = 0;
  auto fields() { return std::tie(job, stage, task); }
};

/// About a block of `producer` for a task of the consuming stage.
template <job_kind Kind>
struct of_exchange {
  static constexpr auto kind = Kind;
  std::uint64_t job = 0;
  int stage = 0; ///< the consumer
  int task = 0;
  int input = 0;
  int producer = 0;
  auto fields() { return std::tie(job, stage, task, input, producer); }
};

// -- driver to worker -----------------------------------------------------------------------------------------------

/// Behind it: the numbers of the job's workers, in the order of its hosts, and the plan.
struct begin_plan {
  static constexpr auto kind = job_kind::begin_plan;
  std::uint64_t job = 0;
  int host = 0; ///< which of them the receiver is
  int attempt = 0;
  auto fields() { return std::tie(job, host, attempt); }
};

/// The job has ended or shall: nothing of it may be left.
using end_plan = of_job<job_kind::end_plan>;

/// Behind it: which stored partitions of the share's tasks other workers keep, and what sources of this process alone
/// give those tasks.
using start_share = of_share<job_kind::start_share>;
using stop_share = of_share<job_kind::stop_share>;

struct note_producers {
  static constexpr auto kind = job_kind::note_producers;
  std::uint64_t job = 0;
  int stage = 0;
  int input = 0;
  int first = 0;
  auto fields() { return std::tie(job, stage, input, first); }
};

/// Behind it: what was agreed on.
using tell_agreed = of_share<job_kind::tell_agreed>;

/// The oldest result block of the task that was not taken yet is.
using take_result = of_task<job_kind::take_result>;

// The number of a cache or a shared variable stands where that of a job does.

/// A shared variable, before the first plan that uses it. Behind its number: itself.
using define_variable = of_job<job_kind::define_variable>;
/// A file that tasks may open, before the first plan that may do so; the number is its own. Behind it: its name, and
/// where it is; a relative path begins at the worker's own directory.
using define_file = of_job<job_kind::define_file>;
/// The cache or the variable is gone.
using forget_shared = of_job<job_kind::forget_shared>;

// -- worker to driver -----------------------------------------------------------------------------------------------

using share_opened = of_share<job_kind::share_opened>;

struct share_advanced {
  static constexpr auto kind = job_kind::share_advanced;
  std::uint64_t job = 0;
  int stage = 0;
  int ended = 0;
  auto fields() { return std::tie(job, stage, ended); }
};

/// Behind it: what the task said.
using barrier_said = of_task<job_kind::barrier_said>;

/// Behind it: the block.
using result_made = of_task<job_kind::result_made>;

/// The task is committed. Behind it: metrics, and what it added to accumulators.
using task_done = of_task<job_kind::task_done>;

/// Behind it: the error.
using task_failed = of_share<job_kind::task_failed>;

using share_ended = of_share<job_kind::share_ended>;

/// The worker has lost its connection to `peer`, and cannot go on without.
struct peer_missing {
  static constexpr auto kind = job_kind::peer_missing;
  std::uint64_t job = 0;
  int stage = 0; ///< any whose share it has
  int peer = 0;
  auto fields() { return std::tie(job, stage, peer); }
};

/// A block of a partition that `keeper` has stored, for a stage of the job whose share on `reader` reads it. It goes by
/// the driver, so that it comes to the keeper behind begin_plan.
struct fetch_block {
  static constexpr auto kind = job_kind::fetch_block;
  std::uint64_t job = 0;
  int stage = 0; ///< that reads
  int root = 0;  ///< of that stage
  int partition = 0;
  int keeper = 0;
  int reader = 0;
  std::uint64_t block = 0;
  auto fields() { return std::tie(job, stage, root, partition, keeper, reader, block); }
};

// -- worker to worker -----------------------------------------------------------------------------------------------

/// Behind it: the block.
using send_block = of_exchange<job_kind::send_block>;

/// The task has absorbed the oldest block of that producer which was not absorbed yet.
using return_credit = of_exchange<job_kind::return_credit>;

/// The answer to fetch_block. Behind it: the block, or nothing where the partition has no more.
struct kept_block {
  static constexpr auto kind = job_kind::kept_block;
  std::uint64_t job = 0;
  int stage = 0;
  int root = 0;
  int partition = 0;
  auto fields() { return std::tie(job, stage, root, partition); }
};

/// The answer where there is none. Behind it: the error.
using fetch_failed = of_share<job_kind::fetch_failed>;

// -- bytes ----------------------------------------------------------------------------------------------------------

template <class Message>
outgoing to_outgoing(Message numbers) {
  outgoing made{static_cast<std::uint16_t>(Message::kind), {}, {}};
  std::apply([&](const auto&... number) { (made.head.varint(static_cast<std::uint64_t>(number)), ...); },
             numbers.fields());
  return made;
}

/// The same with what `write(byte_writer&)` writes behind the numbers.
template <class Message, class Write>
outgoing to_outgoing(Message numbers, Write&& write) {
  auto made = to_outgoing(numbers);
  write(made.head);
  return made;
}

template <class Number>
Number read_number(internal::byte_reader& in) {
  const auto number = in.varint();
  if (number > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
    in.fail("a number out of range");
  return static_cast<Number>(number);
}

/// The numbers of a message; `in` then stands behind them. Throws corrupt_data.
template <class Message>
Message read_message(internal::byte_reader& in) {
  Message made;
  std::apply([&](auto&... number) { ((number = read_number<std::remove_cvref_t<decltype(number)>>(in)), ...); },
             made.fields());
  return made;
}

/// The job that a message is about.
inline std::uint64_t job_of(const message& received) {
  return internal::byte_reader{received.payload()}.varint();
}

} // namespace crema::net
