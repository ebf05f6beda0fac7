#pragma once

#include <cstddef>
#include <vector>

namespace crema::internal {

/// Which partitions of a result the tasks of the last stage compute, attempt after attempt. A *place* is a partition's
/// index in what was asked for. Pure.
class result_places {
public:
  /// The first attempt computes all partitions.
  explicit result_places(std::vector<int> partitions);

  /// What task `task` of this attempt computes; -1 where that is known from an earlier one.
  int of(int task) const {
    const auto place = todo_[static_cast<std::size_t>(task)];
    return done_[static_cast<std::size_t>(place)] ? -1 : place;
  }

  /// The result of that task stays.
  void keep(int task) { done_[static_cast<std::size_t>(todo_[static_cast<std::size_t>(task)])] = true; }
  /// None does.
  void drop_all() { done_.assign(done_.size(), false); }
  std::vector<int> missing() const;

  /// The next attempt computes what is missing, or all once more. Returns the partitions.
  std::vector<int> compute_missing();
  std::vector<int> compute_all();

private:
  std::vector<int> partitions_; ///< by place
  std::vector<bool> done_;      ///< by place
  std::vector<int> todo_;       ///< places, by task
};

} // namespace crema::internal
