#pragma once

#include "dataflow/plan/plan_writer.hpp"
#include "dataflow/plan/variable.hpp"

#include <utility>

namespace crema {

namespace internal {

template <class T>
class broadcast_value final : public shared_variable {
public:
  explicit broadcast_value(T held, const source_location& where = {})
      : shared_variable{where}, value{std::move(held)} {}

  std::string_view kind() const noexcept override { return "broadcast"; }
  void write(plan_writer& out) const override {
    if constexpr (encodable<T>)
      out.made_of<shared_variable, broadcast_value>(value);
    else
      out.refuse_value(typeid(T), "its value");
  }

  const T value;
};

} // namespace internal

/// A read-only value that functions of any dataset can use: one copy per process, none per task or record.
///
///     auto stop_words = ctx.broadcast(load_stop_words());
///     words.filter([stop_words](const std::string& w) { return !stop_words->contains(w); });
///
/// A handle of eight bytes, trivially copyable, so that functions can capture it on every master, also inside of their
/// own types. The value lives until `destroy` or the end of its context, whatever becomes of the handles. Thread-safe,
/// because nobody can change the value. Cost: reaching the value takes a nanosecond or two; an inner loop does so once.
template <class T>
class broadcast {
public:
  /// Of no value, to be assigned to.
  broadcast() = default;

  /// Throws context_closed when the value is gone.
  const T& value() const { return static_cast<const internal::broadcast_value<T>&>(internal::variable(id_)).value; }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }

  /// Gives the value's memory back, in all processes. Not while a job uses it. A second call does nothing.
  void destroy() const { internal::destroy_variable(id_); }

  /// For members of types that go through Boost.Serialization.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id_;
  }

private:
  friend class context;
  explicit broadcast(internal::variable_id id) noexcept : id_{id} {}

  internal::variable_id id_ = 0;
};

// By itself it is written as the bytes that it is.
template <class T>
inline constexpr bool archived_record<broadcast<T>> = false;
template <class T>
inline constexpr bool raw_record<broadcast<T>> = true;

} // namespace crema
