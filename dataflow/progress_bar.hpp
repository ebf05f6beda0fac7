#pragma once

#include "dataflow/plan/progress.hpp"
#include "dataflow/thin/chrono.hpp"

#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace crema::internal {

/// What the bar says about one stage.
struct stage_line {
  int number = 1; ///< from 1 on
  int stages = 1;
  std::string title; ///< ASCII: the name of an operation
  int done = 0;
  int tasks = 0;
  std::uint64_t rows = 0;              ///< of the tasks that are done
  std::chrono::nanoseconds running{0}; ///< since the stage began
};

/// The line as text of at most `width` columns:
///
///     stage 1/3 reduce_by_key [=====>            ] 12/40 1.2M rows/s 00:03 left
///
/// Rows a second are those of the tasks that are done over the time so far; time left assumes that tasks take equally
/// long. Where it is narrow the bar shrinks first, then the rate, the time, the bar and the title go. Pure.
std::string to_text(const stage_line& line, int width);

/// The lines on stderr that show how far a long job is, one for each running stage.
///
/// Nothing is written unless it is wanted and the file is a terminal that can be rewritten (TERM is neither empty nor
/// "dumb") and whose foreground this process has. The lines are rewritten in place and taken away at the end. Of
/// several bars at once in a process only the first to show something shows. Not thread-safe.
class progress_bar {
public:
  static constexpr std::chrono::milliseconds first_shown_after{500};
  static constexpr std::chrono::milliseconds interval{200};
  static constexpr int most_lines = 4; ///< further stages show when these are done

  explicit progress_bar(bool wanted, int terminal = STDERR_FILENO);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar();

  /// Rewrites the lines; `elapsed` is the time since the job began.
  void show(const std::vector<stage_progress>& stages, std::chrono::nanoseconds elapsed);

private:
  struct sight {
    std::chrono::nanoseconds began;
    int done;
  };

  std::vector<stage_line> running(const std::vector<stage_progress>& stages, std::chrono::nanoseconds elapsed);
  bool take_terminal();

  int terminal_;
  bool wanted_;
  int lines_ = 0; ///< on the terminal now
  bool first_ = true;
  std::unordered_map<int, sight> seen_; ///< by stage
};

} // namespace crema::internal
