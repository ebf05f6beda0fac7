#pragma once

#include "dataflow/error.hpp"
#include "dataflow/plan/scope.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace crema {

/// A value that tasks add to and the program reads.
///
///     auto bad_lines = ctx.accumulator(0L);
///     lines.for_each([bad_lines](const std::string& line) { if (!valid(line)) bad_lines.add(1); });
///     fmt::print("{} bad lines\n", bad_lines.value());
///
/// What a task adds counts once its partition is done, and once only: not for a failed or a lost attempt, and not twice
/// for one that ran twice. (Spark counts retried transformations again.) A dataset that is computed by two actions adds
/// twice, because two jobs computed it; cache it. A handle; copying it copies a reference. Thread-safe. `add` outside
/// of a task adds at once.
template <class T, class Add = std::plus<>>
class accumulator {
  struct state {
    std::mutex mutex;
    T value;
    Add add;
  };

public:
  accumulator(T initial, T zero, Add sum) : state_{std::make_shared<state>()}, zero_{std::move(zero)} {
    state_->value = std::move(initial);
    state_->add = std::move(sum);
  }

  template <class U>
  void add(U&& amount) const {
    if (auto* task = internal::current_task()) {
      auto& mine = delta_of(*task);
      mine.value = state_->add(std::move(mine.value), std::forward<U>(amount));
    } else {
      std::lock_guard lock{state_->mutex};
      state_->value = state_->add(std::move(state_->value), std::forward<U>(amount));
    }
  }

  const accumulator& operator+=(T amount) const {
    add(std::move(amount));
    return *this;
  }

  /// The sum of what is committed. Inside a task it throws nested_dataset: no task sees what others add.
  T value() const {
    internal::refuse_inside_task("accumulator::value");
    std::lock_guard lock{state_->mutex};
    return state_->value;
  }

private:
  struct delta final : internal::accumulator_delta {
    delta(std::shared_ptr<state> of, T zero) : target{std::move(of)}, value{std::move(zero)} {}
    void commit() override {
      std::lock_guard lock{target->mutex};
      target->value = target->add(std::move(target->value), std::move(value));
    }
    std::shared_ptr<state> target;
    T value;
  };

  delta& delta_of(internal::task_scope& task) const {
    auto& slot = task.accumulators[reinterpret_cast<std::uintptr_t>(state_.get())];
    if (slot == nullptr)
      slot = std::make_unique<delta>(state_, zero_);
    return static_cast<delta&>(*slot);
  }

  std::shared_ptr<state> state_;
  T zero_;
};

} // namespace crema
