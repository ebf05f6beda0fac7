#pragma once

#include "dataflow/plan/plan_writer.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/plan/variable.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace crema {

namespace internal {

template <class T, class Add>
class accumulator_state final : public shared_variable {
public:
  accumulator_state(T initial, T zero, Add sum, const source_location& where = {})
      : shared_variable{where}, value_{std::move(initial)}, zero_{std::move(zero)}, sum_{std::move(sum)} {}

  std::string_view kind() const noexcept override { return "accumulator"; }

  /// Elsewhere nobody reads the sum, so it begins at zero there.
  void write(plan_writer& out) const override {
    if constexpr (encodable<T>)
      out.made_of<shared_variable, accumulator_state>(zero_, zero_, sum_);
    else
      out.refuse_value(typeid(T), "its value");
  }

  std::unique_ptr<accumulator_delta> read_delta(variable_id me, byte_reader& in) const override {
    if constexpr (encodable<T>)
      return std::make_unique<delta>(me, codec<T>::decode(in), sum_);
    else
      return shared_variable::read_delta(me, in);
  }

  template <class U>
  void add(U&& amount) {
    std::lock_guard lock{mutex_};
    value_ = sum_(std::move(value_), std::forward<U>(amount));
  }

  T value() const {
    std::lock_guard lock{mutex_};
    return value_;
  }

  class delta final : public accumulator_delta {
  public:
    delta(variable_id of, T zero, Add sum) : of_{of}, value_{std::move(zero)}, sum_{std::move(sum)} {}

    template <class U>
    void add(U&& amount) {
      value_ = sum_(std::move(value_), std::forward<U>(amount));
    }

    void write(byte_writer& out) const override {
      if constexpr (encodable<T>)
        codec<T>::encode(value_, out);
    }

    void commit() override {
      if (auto* target = find_variable(of_))
        static_cast<accumulator_state&>(*target).add(std::move(value_));
    }

  private:
    variable_id of_;
    T value_;
    Add sum_;
  };

  std::unique_ptr<delta> make_delta(variable_id me) const { return std::make_unique<delta>(me, zero_, sum_); }

private:
  mutable std::mutex mutex_;
  T value_;
  T zero_;
  Add sum_;
};

} // namespace internal

/// A value that tasks add to and the program reads.
///
///     auto bad_lines = ctx.accumulator(0L);
///     lines.for_each([bad_lines](const std::string& line) { if (!valid(line)) bad_lines.add(1); });
///     fmt::print("{} bad lines\n", bad_lines.value());
///
/// What a task adds counts once its partition is done, and once only: not for a failed or a lost attempt, and not twice
/// for one that ran twice. (Spark counts retried transformations again.) A dataset that is computed by two actions adds
/// twice, because two jobs computed it; cache it. `add` outside of a task adds at once. Thread-safe.
///
/// A handle of eight bytes, trivially copyable, so that functions can capture it on every master. The value lives until
/// `destroy` or the end of its context; then all functions throw context_closed.
template <class T, class Add = std::plus<>>
class accumulator {
  using state = internal::accumulator_state<T, Add>;

public:
  /// Of no value, to be assigned to.
  accumulator() = default;

  template <class U>
  void add(U&& amount) const {
    auto* task = internal::current_task();
    if (task == nullptr)
      return reach().add(std::forward<U>(amount));
    auto& slot = task->accumulators[id_];
    if (slot == nullptr)
      slot = reach().make_delta(id_);
    static_cast<typename state::delta&>(*slot).add(std::forward<U>(amount));
  }

  const accumulator& operator+=(T amount) const {
    add(std::move(amount));
    return *this;
  }

  /// The sum of what is committed. Inside a task it throws nested_dataset: no task sees what others add.
  T value() const {
    internal::refuse_inside_task("accumulator::value");
    return reach().value();
  }

  /// Gives the value's memory back. Not while a job uses it. A second call does nothing.
  void destroy() const { internal::destroy_variable(id_); }

  /// For members of types that go through Boost.Serialization.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id_;
  }

private:
  friend class context;
  explicit accumulator(internal::variable_id id) noexcept : id_{id} {}

  state& reach() const { return static_cast<state&>(internal::variable(id_)); }

  internal::variable_id id_ = 0;
};

// By itself it is written as the bytes that it is.
template <class T, class Add>
inline constexpr bool archived_record<accumulator<T, Add>> = false;
template <class T, class Add>
inline constexpr bool raw_record<accumulator<T, Add>> = true;

} // namespace crema
