#pragma once

#include "dataflow/result_handler.hpp"
#include "dataflow/view/call.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace crema::internal {

/// Throws what `async_result::get` throws for the calls that have failed, if any of `calls` has.
void throw_failures(const std::vector<std::pair<int, error>>& failures, std::size_t calls);

/// The results of calls, as they come. Thread-safe, but for `at`.
template <class V>
class call_log {
public:
  struct entry {
    int engine = 0;
    std::optional<call_result<V>> result;
  };

  explicit call_log(std::size_t calls) : entries_(calls) {}

  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t done() const {
    std::lock_guard lock{mutex_};
    return done_;
  }

  /// Calls from `first` on are made on `engine`.
  void assign(std::size_t first, std::size_t calls, int engine) {
    std::lock_guard lock{mutex_};
    for (std::size_t i = first; i != first + calls; ++i)
      entries_[i].engine = engine;
  }

  /// A call that is made again, because an engine was lost, counts once.
  void add(call_piece<call_result<V>>& results) {
    std::lock_guard lock{mutex_};
    auto at = static_cast<std::size_t>(results.first);
    for (auto& result : results.second) {
      auto& known = entries_.at(at++).result;
      done_ += known ? 0 : 1;
      known = std::move(result);
    }
  }

  /// Once all calls are over.
  const entry& at(std::size_t call) const { return entries_[call]; }

private:
  mutable std::mutex mutex_;
  std::vector<entry> entries_;
  std::size_t done_ = 0;
};

/// Brings the results of one job's calls to the log.
template <class V>
class call_handler final : public result_handler {
public:
  /// `more` gives the calls that come next, if any do.
  using next_calls = std::function<std::optional<job_plan>()>;

  explicit call_handler(std::shared_ptr<call_log<V>> log, next_calls more = {})
      : log_{std::move(log)}, more_{std::move(more)} {}

  void accept(int, block_ptr records, credit_token) override {
    auto& results = block_cast<call_piece<call_result<V>>>(records);
    if (results.movable())
      for (auto& piece : results)
        log_->add(piece);
    else
      for (const auto& piece : std::as_const(results)) {
        auto copy = piece;
        log_->add(copy);
      }
  }

  std::optional<job_plan> next_plan() override { return more_ ? more_() : std::optional<job_plan>{}; }

private:
  std::shared_ptr<call_log<V>> log_;
  next_calls more_;
};

} // namespace crema::internal
