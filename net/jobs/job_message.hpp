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
//     driver ──begin_plan, start_share, … end_plan──▶ worker ──send_block──▶ worker
//        ▲                                            │    ▲                   │
//        └──share_opened, result_made, task_done─────┘    └───────return_credit

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
  // worker to driver
  share_opened,
  share_advanced,
  barrier_said,
  result_made,
  task_done,
  task_failed,
  share_ended,
  // worker to worker
  send_block,
  return_credit,
  kept_block,
  fetch_failed,
  // worker to driver, which passes it on to the worker that keeps the partition
  fetch_block,
};

// -- driver to worker -----------------------------------------------------------------------------------------------

/// Behind it: the numbers of the job's workers, in the order of its hosts, and the plan.
struct begin_plan {
  static constexpr auto kind = job_kind::begin_plan;
  std::uint64_t job = 0;
  int host = 0; ///< which of them the receiver is
  auto fields() { return std::tie(job, host); }
};

/// The job has ended or shall: nothing of it may be left.
struct end_plan {
  static constexpr auto kind = job_kind::end_plan;
  std::uint64_t job = 0;
  auto fields() { return std::tie(job); }
};

/// Behind it: which stored partitions of the share's tasks other workers keep, and what sources of this process alone
/// give those tasks.
struct start_share {
  static constexpr auto kind = job_kind::start_share;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

struct stop_share {
  static constexpr auto kind = job_kind::stop_share;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

struct note_producers {
  static constexpr auto kind = job_kind::note_producers;
  std::uint64_t job = 0;
  int stage = 0;
  int input = 0;
  int first = 0;
  auto fields() { return std::tie(job, stage, input, first); }
};

/// Behind it: what was agreed on.
struct tell_agreed {
  static constexpr auto kind = job_kind::tell_agreed;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

/// The oldest result block of the task that was not taken yet is.
struct take_result {
  static constexpr auto kind = job_kind::take_result;
  std::uint64_t job = 0;
  int stage = 0;
  int task = 0;
  auto fields() { return std::tie(job, stage, task); }
};

/// A shared variable, before the first plan that uses it. Behind its number: itself.
struct define_variable {
  static constexpr auto kind = job_kind::define_variable;
  std::uint64_t id = 0;
  auto fields() { return std::tie(id); }
};

/// A cache or a shared variable, by its number, which stands where that of a job does.
struct forget_shared {
  static constexpr auto kind = job_kind::forget_shared;
  std::uint64_t id = 0;
  auto fields() { return std::tie(id); }
};

// -- worker to driver -----------------------------------------------------------------------------------------------

struct share_opened {
  static constexpr auto kind = job_kind::share_opened;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

struct share_advanced {
  static constexpr auto kind = job_kind::share_advanced;
  std::uint64_t job = 0;
  int stage = 0;
  int ended = 0;
  auto fields() { return std::tie(job, stage, ended); }
};

/// Behind it: what the task said.
struct barrier_said {
  static constexpr auto kind = job_kind::barrier_said;
  std::uint64_t job = 0;
  int stage = 0;
  int task = 0;
  auto fields() { return std::tie(job, stage, task); }
};

/// Behind it: the block.
struct result_made {
  static constexpr auto kind = job_kind::result_made;
  std::uint64_t job = 0;
  int stage = 0;
  int task = 0;
  auto fields() { return std::tie(job, stage, task); }
};

/// The task is committed. Behind it: metrics, and what it added to accumulators.
struct task_done {
  static constexpr auto kind = job_kind::task_done;
  std::uint64_t job = 0;
  int stage = 0;
  int task = 0;
  auto fields() { return std::tie(job, stage, task); }
};

/// Behind it: the error.
struct task_failed {
  static constexpr auto kind = job_kind::task_failed;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

struct share_ended {
  static constexpr auto kind = job_kind::share_ended;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

// -- worker to worker -----------------------------------------------------------------------------------------------

/// For a task of a consuming stage, from one of its producers. Behind it: the block.
struct send_block {
  static constexpr auto kind = job_kind::send_block;
  std::uint64_t job = 0;
  int stage = 0; ///< the consumer
  int task = 0;
  int input = 0;
  int producer = 0;
  auto fields() { return std::tie(job, stage, task, input, producer); }
};

/// That task has absorbed the oldest block of that producer which was not absorbed yet.
struct return_credit {
  static constexpr auto kind = job_kind::return_credit;
  std::uint64_t job = 0;
  int stage = 0; ///< the consumer
  int task = 0;
  int input = 0;
  int producer = 0;
  auto fields() { return std::tie(job, stage, task, input, producer); }
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

/// The answer. Behind it: the block, or nothing where the partition has no more.
struct kept_block {
  static constexpr auto kind = job_kind::kept_block;
  std::uint64_t job = 0;
  int stage = 0;
  int root = 0;
  int partition = 0;
  auto fields() { return std::tie(job, stage, root, partition); }
};

/// The answer where there is none. Behind it: the error.
struct fetch_failed {
  static constexpr auto kind = job_kind::fetch_failed;
  std::uint64_t job = 0;
  int stage = 0;
  auto fields() { return std::tie(job, stage); }
};

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
