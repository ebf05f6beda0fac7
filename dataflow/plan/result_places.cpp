#include "dataflow/plan/result_places.hpp"

#include <numeric>
#include <utility>

namespace crema::internal {

result_places::result_places(std::vector<int> partitions)
    : partitions_{std::move(partitions)}, done_(partitions_.size()), todo_(partitions_.size()) {
  std::iota(todo_.begin(), todo_.end(), 0);
}

std::vector<int> result_places::missing() const {
  std::vector<int> places;
  for (std::size_t place = 0; place != done_.size(); ++place)
    if (!done_[place])
      places.push_back(static_cast<int>(place));
  return places;
}

std::vector<int> result_places::compute_missing() {
  todo_ = missing();
  std::vector<int> partitions;
  for (const int place : todo_)
    partitions.push_back(partitions_[static_cast<std::size_t>(place)]);
  return partitions;
}

std::vector<int> result_places::compute_all() {
  todo_.resize(partitions_.size());
  std::iota(todo_.begin(), todo_.end(), 0);
  return partitions_;
}

} // namespace crema::internal
