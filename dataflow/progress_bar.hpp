#pragma once

#include "dataflow/plan/progress.hpp"

#include <chrono>
#include <vector>

namespace crema::internal {

/// The line on stderr that shows how far a long job is: stages, partitions done, rows a second, time left.
/// Shows nothing unless it is wanted and stderr is a terminal; takes its line away when it ends.
class progress_bar {
public:
  static constexpr std::chrono::milliseconds first_shown_after{500};
  static constexpr std::chrono::milliseconds interval{200};

  explicit progress_bar(bool wanted);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar();

  void show(const std::vector<stage_progress>& stages, std::chrono::nanoseconds elapsed);

private:
  bool shown_ = false;
  bool wanted_;
};

} // namespace crema::internal
