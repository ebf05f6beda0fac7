#pragma once

#include "dataflow/plan/batch_size.hpp"
#include "dataflow/plan/cursor.hpp"
#include "dataflow/plan/task.hpp"
#include "dataflow/thin/chrono.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace crema::internal {

// A terminal ends a fused loop: it takes each record and emits blocks.
//
//     template <class Cursor> bool pump(Cursor& from, std::size_t n);  // one go; false at the end of the cursor
//     void flush(emitter& out);                                        // hands over what is complete
//     step_result finish(emitter& out, time_point until);              // after the end, until it says done
//     std::shared_ptr<const void> contribution();                      // only if finish says barrier
//     void resolve(std::shared_ptr<const void>);
//     void commit();

/// A task whose chain and terminal are one loop.
template <class Cursor, class Terminal>
class fused_task final : public task {
public:
  template <class Open, class... Args>
  fused_task(std::shared_ptr<const job_scope> job, task_id id, Open&& open, std::in_place_t, Args&&... args)
      : scope_{std::move(job), id} {
    running_task here{scope_};
    cursor_.emplace(open(scope_));
    terminal_.emplace(scope_, std::forward<Args>(args)...);
  }

  ~fused_task() override {
    // User types may be destroyed here, and they may ask which task they are in.
    running_task here{scope_};
    terminal_.reset();
    cursor_.reset();
  }

  step_result step(emitter& out, std::chrono::steady_clock::time_point until) override {
    running_task here{scope_};
    auto now = out.now();
    while (!exhausted_) {
      const auto before = now;
      exhausted_ = !terminal_->pump(*cursor_, size_());
      terminal_->flush(out);
      now = out.now();
      size_.took(now - before);
      if (exhausted_)
        break;
      if (scope_.starved)
        return std::exchange(scope_.starved, false), step_result::starved;
      if (now >= until || out.blocked())
        return step_result::more;
    }
    // What the source holds is not needed any more, while finishing may take long.
    scope_.set_input(nullptr);
    cursor_.reset();
    return terminal_->finish(out, until);
  }

  std::shared_ptr<const void> contribution() override {
    if constexpr (requires { terminal_->contribution(); })
      return terminal_->contribution();
    else
      return task::contribution();
  }

  void resolve(std::shared_ptr<const void> agreed) override {
    running_task here{scope_};
    if constexpr (requires { terminal_->resolve(std::move(agreed)); })
      terminal_->resolve(std::move(agreed));
    else
      task::resolve(std::move(agreed));
  }

  void commit() override {
    if constexpr (requires { terminal_->commit(); })
      terminal_->commit();
  }

  task_scope& scope() noexcept override { return scope_; }

private:
  task_scope scope_;
  std::optional<Cursor> cursor_;
  std::optional<Terminal> terminal_;
  batch_size size_;
  bool exhausted_ = false;
};

/// A task that reads partition `id.partition` of `link` and ends in a Terminal made of (scope, args...).
template <class Terminal, class Link, class... Args>
std::unique_ptr<task> make_fused_task(std::shared_ptr<const job_scope> job, task_id id, int partition, const Link& link,
                                      Args&&... args) {
  auto open = [&](task_scope& scope) { return link.cursor(scope, partition, feeding::pull); };
  using cursor = decltype(open(std::declval<task_scope&>()));
  return std::unique_ptr<task>{
    new fused_task<cursor, Terminal>{std::move(job), id, open, std::in_place, std::forward<Args>(args)...}};
}

} // namespace crema::internal
