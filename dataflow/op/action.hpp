#pragma once

#include "dataflow/job.hpp"
#include "dataflow/job_run.hpp"
#include "dataflow/plan/fused_task.hpp"
#include "dataflow/rdd.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {

/// Compiles an action over `partitions` of `top` (all of them when not given).
job_plan plan_action(const node_ptr& top, std::string_view action, task_factory make,
                     std::optional<std::vector<int>> partitions = {});

/// Starts a compiled action.
std::shared_ptr<job_run> start_job(const node_ptr& top, job_plan plan, std::shared_ptr<result_handler> results);

/// Compiles and starts an action over all partitions of `top`.
std::shared_ptr<job_run> start_action(const node_ptr& top, std::string_view action, task_factory make,
                                      std::shared_ptr<result_handler> results);

/// A factory of tasks that read one partition of `link` each and end in a Terminal made of (scope, args...).
template <class Terminal, class Link, class... Args>
task_factory fused_factory(Link link, Args... args) {
  return [link = std::move(link), ... args = std::move(args)](std::shared_ptr<const job_scope> job, task_id id) {
    return make_fused_task<Terminal>(std::move(job), id, id.partition, link, args...);
  };
}

/// Ends a task whose records are the result: emits them in blocks.
template <class T>
class record_terminal {
public:
  explicit record_terminal(task_scope&) {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    if constexpr (gives_blocks<Cursor>) {
      block_ptr records;
      const bool more = from.take_block(records, n);
      if (records)
        full_.push_back(std::move(records));
      return more;
    }
    auto sink = [this]<class X>(X && x) __attribute__((always_inline)) {
      if (builder_.add(std::forward<X>(x))) [[unlikely]]
        full_.push_back(builder_.take());
    };
    return from.pump(sink, n);
  }

  void flush(emitter& out) {
    for (auto& records : full_)
      out.emit(0, std::move(records));
    full_.clear();
  }

  step_result finish(emitter& out, std::chrono::steady_clock::time_point) {
    if (auto last = builder_.take())
      out.emit(0, std::move(last));
    return step_result::done;
  }

private:
  block_builder<T> builder_;
  std::vector<block_ptr> full_;
};

/// Ends a task whose result is one value, or none: a State folds the records,
///     template <class Cursor> bool State::pump(Cursor&, std::size_t n);  std::optional<R> State::result();
/// While it folds a batch it should keep what it counts in local variables, which can live in registers.
template <class State>
class value_terminal {
public:
  using result_type = typename decltype(std::declval<State&>().result())::value_type;

  value_terminal(task_scope&, const State& initial) : state_{initial} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    return state_.pump(from, n);
  }

  void flush(emitter&) {}

  step_result finish(emitter& out, std::chrono::steady_clock::time_point) {
    if (auto value = state_.result()) {
      auto one = std::make_unique<block<result_type>>(1);
      one->emplace_back(std::move(*value));
      one->seal();
      out.emit(0, block_ptr{one.release()});
    }
    return step_result::done;
  }

private:
  State state_;
};

/// The plain way of a State to take a batch: every record to `add`.
template <class State, class Cursor>
[[gnu::always_inline]] inline bool add_all(State& state, Cursor& from, std::size_t n) {
  auto sink = [&state]<class X>(X && x) __attribute__((always_inline)) {
    state.add(std::forward<X>(x));
  };
  return from.pump(sink, n);
}

/// Keeps the result blocks of each task.
class block_collector final : public result_handler {
public:
  explicit block_collector(std::size_t tasks) : blocks_(tasks) {}

  void accept(int task, block_ptr records, credit_token) override {
    blocks_[static_cast<std::size_t>(task)].push_back(std::move(records));
  }

  std::vector<std::vector<block_ptr>>& by_task() noexcept { return blocks_; }

private:
  std::vector<std::vector<block_ptr>> blocks_;
};

/// Moves the collected records into one vector, in task order.
template <class T>
std::vector<T> join_blocks(block_collector& collected) {
  std::size_t size = 0;
  for (const auto& part : collected.by_task())
    for (const auto& records : part)
      size += records->size();
  std::vector<T> all;
  all.reserve(size);
  for (auto& part : collected.by_task()) {
    for (auto& records : part) {
      auto& from = block_cast<T>(records);
      if (from.movable())
        all.insert(all.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
      else if constexpr (std::copy_constructible<T>)
        all.insert(all.end(), std::as_const(from).begin(), std::as_const(from).end());
      records = {};
    }
    part = {};
  }
  return all;
}

/// Starts an action of one value per partition; `merge(std::vector<R>)` makes the result from those that there are, in
/// partition order.
template <class Result, class State, class Link, class Merge>
job<Result> value_job(const Link& link, std::string_view action, State initial, Merge merge) {
  using part = typename value_terminal<State>::result_type;
  auto collected = std::make_shared<block_collector>(static_cast<std::size_t>(link.at->partitions()));
  auto run = start_action(link.at, action, fused_factory<value_terminal<State>>(link, std::move(initial)), collected);
  return {job_handle{std::move(run)}, [collected, at = link.at, action, merge = std::move(merge)]() mutable -> Result {
            return guarded(action_site{at.get(), action}, [&] { return merge(join_blocks<part>(*collected)); });
          }};
}

} // namespace crema::internal
