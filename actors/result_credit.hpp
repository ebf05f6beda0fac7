#pragma once

#include "actors/interfaces.hpp"

#include <cstddef>
#include <memory>
#include <mutex>

namespace crema::actors {

/// Brings the credit of result blocks back to the task that made them: each block travels with a token, whose end, on
/// any thread and at any time, grants the block's bytes. Tokens may outlive the task, and even the engine: they then do
/// nothing. What the grant needs is there from the beginning, so that none gets lost where memory runs out.
/// Thread-safe.
class result_credit : public std::enable_shared_from_this<result_credit> {
public:
  explicit result_credit(partition_actor task);

  internal::credit_token token(std::size_t bytes);

  /// From here on tokens do nothing.
  void close() noexcept;

private:
  struct owed;

  std::mutex mutex_;
  partition_actor task_;
};

} // namespace crema::actors
