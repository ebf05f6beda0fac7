#pragma once

#include "dataflow/job.hpp"
#include "dataflow/op/block_collector.hpp"
#include "dataflow/plan/fused_task.hpp"
#include "dataflow/rdd.hpp"
#include "dataflow/result_handler.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {

/// Compiles an action over `partitions` of `top` (all of them when not given).
job_plan plan_action(const node_ptr& top, std::string_view action, std::shared_ptr<const action_tasks> tasks,
                     std::optional<std::vector<int>> partitions = {});

/// Starts a compiled action.
std::shared_ptr<job_run> start_job(const node_ptr& top, job_plan plan, std::shared_ptr<result_handler> results);

/// Compiles and starts an action over all partitions of `top`.
std::shared_ptr<job_run> start_action(const node_ptr& top, std::string_view action,
                                      std::shared_ptr<const action_tasks> tasks,
                                      std::shared_ptr<result_handler> results);

/// Whether what ends a task calls an io_bound function: where it says so.
template <class Settings>
inline constexpr bool waits_for_io = false;
template <class Settings>
requires requires {
  Settings::io_bound;
}
inline constexpr bool waits_for_io<Settings> = Settings::io_bound;

/// Tasks that read one partition of `link` each and end in a Terminal made of (scope, Terminal::settings), which emits
/// blocks of Terminal::emits.
template <class Terminal, class Link>
class fused_tasks final : public action_tasks {
  using settings = typename Terminal::settings;

public:
  fused_tasks(Link link, settings given)
      : action_tasks{waits_for_io<settings>}, link_{std::move(link)}, given_{std::move(given)} {}

  std::unique_ptr<task> make(std::shared_ptr<const job_scope> job, task_id id) const override {
    return make_fused_task<Terminal>(std::move(job), id, id.partition, link_, given_);
  }
  record_type emits() const override { return record_type_of<typename Terminal::emits>(); }
  void write(plan_writer& out) const override { out.made_of<const action_tasks, fused_tasks>(link_, given_); }

private:
  Link link_;
  [[no_unique_address]] settings given_;
};

template <class Terminal, class Link>
std::shared_ptr<const action_tasks> end_in(Link link, typename Terminal::settings given = {}) {
  return adopt(new fused_tasks<Terminal, Link>{std::move(link), std::move(given)});
}

/// Ends a task whose records are the result: emits them in blocks.
template <class T>
class record_terminal {
public:
  using emits = T;
  struct settings {};

  record_terminal(task_scope&, settings) {}

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
    return from.pump(sink, until_full{n, [this] { return !full_.empty(); }});
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

/// Ends a task whose result is one value, or none, or some: a State folds the records,
///     template <class Cursor> bool State::pump(Cursor&, std::size_t n);
///     std::optional<R> State::result();  // or std::vector<R>
/// While it folds a batch it should keep what it counts in local variables, which can live in registers.
template <class State>
class value_terminal {
public:
  using emits = typename decltype(std::declval<State&>().result())::value_type;
  using settings = State;

  value_terminal(task_scope&, const State& initial) : state_{initial} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    return state_.pump(from, n);
  }

  void flush(emitter&) {}

  step_result finish(emitter& out, std::chrono::steady_clock::time_point) {
    auto result = state_.result();
    if constexpr (requires { result.has_value(); }) {
      if (result) {
        open_block<emits> one{1};
        one->emplace_back(std::move(*result));
        out.emit(0, one.seal());
      }
    } else if (!result.empty()) {
      open_block<emits> all{result.size()};
      for (auto&& value : result)
        all->emplace_back(std::move(value));
      out.emit(0, all.seal());
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

/// Moves the collected records into one vector, in task order.
template <class T>
std::vector<T> join_blocks(block_collector& collected) {
  std::vector<T> all;
  all.reserve(collected.records());
  for (auto& part : collected.by_task()) {
    for (auto& records : part) {
      auto& from = block_cast<T>(records);
      if constexpr (std::is_trivially_copyable_v<T>)
        all.insert(all.end(), from.begin(), from.end());
      else if (from.movable())
        for (auto& record : from)
          all.push_back(std::move(record));
      else if constexpr (std::copy_constructible<T>)
        for (const auto& record : std::as_const(from))
          all.push_back(record);
      records = {};
    }
    part = {};
  }
  return all;
}

/// The values of value terminals, in task order: as many as there are.
template <class R>
std::vector<R> join_values(block_collector& collected) {
  std::vector<R> all;
  all.reserve(collected.records());
  for (auto& part : collected.by_task())
    for (auto& values : part)
      for (auto& value : block_cast<R>(values))
        all.push_back(std::move(value));
  return all;
}

/// Starts an action of a value or some per partition; `merge(std::vector<R>)` makes the result from those that there
/// are, in partition order.
template <class Result, class State, class Link, class Merge>
job<Result> value_job(const Link& link, std::string_view action, State initial, Merge merge) {
  using part = typename value_terminal<State>::emits;
  auto collected = collect_blocks(link.at->partitions());
  auto run = start_action(link.at, action, end_in<value_terminal<State>>(link, std::move(initial)), collected);
  return {job_handle{std::move(run)}, [collected, at = link.at, action, merge = std::move(merge)]() mutable -> Result {
            return guarded(action_site{at.get(), action}, [&] { return merge(join_values<part>(*collected)); });
          }};
}

} // namespace crema::internal
