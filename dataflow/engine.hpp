#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace crema::internal {

class job_run;

/// What runs compiled jobs: the seam between what to compute and how.
///
/// Three stand behind it: the inline engine (the caller's thread; the reference), the actor engine of one process
/// (actors/), and the engine whose workers are processes of their own (net/jobs/). All functions are thread-safe.
class engine {
public:
  virtual ~engine() = default;

  /// Threads that tasks run on: the default number of partitions.
  virtual int threads() const noexcept = 0;

  /// Processes that tasks run in: a partition's number modulo this says where.
  virtual int hosts() const noexcept { return 1; }

  /// Runs the job. Returns when it has started (or, inline, when it has ended or paused); the job itself says when it
  /// has ended.
  virtual void start(std::shared_ptr<job_run> job) = 0;

  /// Goes on with a job that paused until somebody wants its results, in the thread that calls, up to its next pause or
  /// its end; false where it is not paused. Only an engine without threads of its own lets jobs pause.
  virtual bool resume(const std::shared_ptr<job_run>&) { return false; }

  /// Asks a running job to end early; it then ends as cancelled, with everything given back.
  virtual void cancel(const std::shared_ptr<job_run>& job) = 0;

  /// Calls `work`, which must not throw, with 0 to n - 1, on the engine's threads, and returns when all calls have.
  virtual void run_all(int n, const std::function<void(int)>& work) = 0;

  /// The cache or shared variable `id` is gone: what other processes keep of it may go, too. Must not call back.
  virtual void forget(std::uint64_t /*id*/) noexcept {}

  /// From here on tasks in other processes find the file at `path`, which stays as it is, by this name
  /// (added_files.hpp), in place of one that had it. Throws what keeps it from there.
  virtual void add_file(const std::string& /*name*/, const std::string& /*path*/) {}
};

} // namespace crema::internal
