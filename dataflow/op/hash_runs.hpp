#pragma once

#include "dataflow/block/block_queue.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/sort/loser_tree.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crema::internal {

/// Runs of records on disk, each in ascending order of `Hash`, and their merge, a group of equal hashes at a time.
///
///     runs.begin(); runs.push(block); …; runs.end();   // as often as memory is short
///     runs.finish();
///     while (runs.next_group([&](record&& r) { … })) …
template <class T, class Hash>
class hash_runs {
public:
  hash_runs(task_scope& task, const block_codec* codec, std::string what)
      : task_{&task}, codec_{codec}, what_{std::move(what)} {}

  bool empty() const noexcept { return runs_.empty(); }

  void begin() { runs_.push_back(std::make_unique<block_queue>(task_->resources(), codec_, what_, false)); }
  void push(block_ptr records) { runs_.back()->push(std::move(records)); }
  void end() {
    runs_.back()->finish();
    task_->counters.spills += 1;
    task_->counters.spilled_bytes += runs_.back()->spilled_bytes();
  }

  void finish() {
    if (runs_.empty())
      return;
    std::vector<source> sources;
    sources.reserve(runs_.size());
    for (const auto& run : runs_)
      sources.emplace_back(*run);
    merge_.emplace(std::move(sources), std::less<>{});
  }

  /// Gives the records of the next hash to `take`; false when there are none left.
  template <class Take>
  bool next_group(Take&& take) {
    if (!merge_ || merge_->empty())
      return false;
    const auto hash = merge_->top().head();
    do {
      take(std::move(merge_->top().record()));
      merge_->advance();
    } while (!merge_->empty() && merge_->top().head() == hash);
    return true;
  }

private:
  class source {
  public:
    explicit source(block_queue& run) : run_{&run} {}

    bool next() {
      ++at_;
      while (!records_ || at_ == records_->size()) {
        if (block_ == run_->size())
          return false;
        records_ = run_->take(block_++);
        at_ = 0;
      }
      hash_ = Hash{}(record());
      return true;
    }
    std::uint64_t head() const noexcept { return hash_; }
    T& record() { return *(block_cast<T>(records_).begin() + at_); }

  private:
    block_queue* run_;
    block_ptr records_;
    std::size_t block_ = 0;
    std::size_t at_ = ~std::size_t{0};
    std::uint64_t hash_ = 0;
  };

  task_scope* task_;
  const block_codec* codec_;
  std::string what_;
  std::vector<std::unique_ptr<block_queue>> runs_;
  std::optional<loser_tree<source, std::less<>>> merge_;
};

} // namespace crema::internal
