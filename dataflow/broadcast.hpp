#pragma once

#include <memory>
#include <utility>

namespace crema {

/// A read-only value that functions of any dataset can use: one copy per process, none per task or record.
///
///     auto stop_words = ctx.broadcast(load_stop_words());
///     words.filter([stop_words](const std::string& w) { return !stop_words->contains(w); });
///
/// A handle; copying it copies a reference. Thread-safe, because nobody can change the value.
template <class T>
class broadcast {
public:
  explicit broadcast(T value) : value_{std::make_shared<const T>(std::move(value))} {}

  const T& value() const noexcept { return *value_; }
  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_.get(); }

private:
  std::shared_ptr<const T> value_;
};

} // namespace crema
