#pragma once

#include <mutex>
#include <string>

namespace crema {

struct job_metrics;

namespace internal {

/// A file with a JSON array that grows by one element for each job.
///
/// Making it truncates the file and throws io_failure with path and reason where that fails: a wrong path is known
/// before the first job, not after the last. Its end closes the array; a process that is killed leaves the elements so
/// far. What cannot be written later (a full disk) is said once on stderr, because no job has failed by it.
/// Thread-safe. Cost: one write a job.
class metrics_log {
public:
  explicit metrics_log(std::string path);
  metrics_log(const metrics_log&) = delete;
  metrics_log& operator=(const metrics_log&) = delete;
  ~metrics_log();

  void add(const job_metrics& job);

private:
  void write(const std::string& text) noexcept;

  std::string path_;
  int file_;
  std::mutex mutex_;
  bool empty_ = true;
  bool failed_ = false;
};

} // namespace internal
} // namespace crema
