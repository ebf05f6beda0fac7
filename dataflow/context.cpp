#include "dataflow/context.hpp"

#include "dataflow/block/page_buffer.hpp"
#include "dataflow/error.hpp"
#include "dataflow/interrupts.hpp"
#include "dataflow/machine_limits.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/stage.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <numeric>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace crema {

namespace {

// Freed buffers that are kept for reuse: nobody reserves them, so the budget gives its share of the limit away.
std::size_t kept_buffers(std::size_t memory_limit) {
  return std::min(std::size_t{256} << 20, memory_limit / 8);
}

// What tasks take by force, so that each gets on however little is left: the budget holds it ready.
std::size_t least_shares(std::size_t memory_limit, int threads) {
  return std::min(memory_limit / 8, static_cast<std::size_t>(threads) * (std::size_t{16} << 20));
}

/// A wish for a limit on the kept page buffers of this process. The least of the living ones is in force, because a
/// small budget is a promise that a second context must not break; without any it is what it was before the first.
class page_buffer_wish {
public:
  explicit page_buffer_wish(std::size_t bytes) {
    std::lock_guard lock{living().mutex};
    if (living().wishes.empty())
      living().before = internal::page_buffer_limit();
    mine_ = living().wishes.insert(bytes);
    apply();
  }
  page_buffer_wish(const page_buffer_wish&) = delete;
  page_buffer_wish& operator=(const page_buffer_wish&) = delete;
  ~page_buffer_wish() {
    std::lock_guard lock{living().mutex};
    living().wishes.erase(mine_);
    apply();
  }

private:
  struct all {
    std::mutex mutex;
    std::multiset<std::size_t> wishes;
    std::size_t before = 0;
  };
  static all& living() {
    static all& one = *new all; // outlives contexts that are static objects
    return one;
  }
  static void apply() {
    const auto& [mutex, wishes, before] = living();
    internal::limit_page_buffers(wishes.empty() ? before : std::min(before, *wishes.begin()));
  }

  std::multiset<std::size_t>::iterator mine_;
};

/// What the datasets of a context may outlive it with.
struct context_resources : page_buffer_wish, internal::worker_resources {
  context_resources(std::size_t limit, const std::string& spill_base, int threads)
      : page_buffer_wish{kept_buffers(limit)},
        worker_resources{limit, spill_base, kept_buffers(limit) + least_shares(limit, threads), threads} {}
};

void check_spill_directory(const std::string& path) {
  struct stat status {};
  int problem = 0;
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), W_OK | X_OK) != 0)
    problem = errno;
  else if (!S_ISDIR(status.st_mode))
    problem = ENOTDIR;
  if (problem != 0)
    throw error{errc::io_failure, "spill_directory: cannot make files in \"" + path + "\": " + std::strerror(problem)};
}

std::shared_ptr<internal::worker_resources> make_resources(const config& settings, int threads) {
  validate(settings);
  if (!settings.spill_directory.empty())
    check_spill_directory(settings.spill_directory);
  const auto limit = settings.memory_limit != 0 ? settings.memory_limit : internal::default_memory_limit();
  return std::make_shared<context_resources>(limit, settings.spill_directory, threads);
}

} // namespace

context::context(config settings, std::unique_ptr<internal::engine> runner) {
  internal::refuse_inside_task("context");
  auto resources = make_resources(settings, runner->threads());
  state_ = std::make_shared<internal::context_state>(std::move(settings), std::move(resources), std::move(runner));
  internal::close_when_interrupted(*state_);
}

context::~context() {
  state_->close();
  internal::leave_alone(*state_);
}

void context::close() {
  internal::refuse_inside_task("context::close");
  state_->close();
  internal::leave_alone(*state_);
}

void context::add_file(const std::string& path) const {
  internal::refuse_inside_task("context::add_file");
  state_->add_file(path);
}

int context::slots() const noexcept {
  return state_->slots();
}

int context::default_parallelism() const noexcept {
  return state_->default_parallelism();
}

std::size_t context::memory_used() const noexcept {
  return state_->resources()->memory.used();
}

std::size_t context::memory_limit() const noexcept {
  return state_->resources()->memory.limit();
}

namespace internal {

int checked_partitions(std::string_view op, int n) {
  if (n < 1)
    throw error{errc::invalid_argument, fmt::format("{}: the number of partitions must be at least 1, not {}", op, n)};
  return n;
}

void persist(const node& of, storage level) {
  refuse_inside_task("persist");
  of.persist(level);
  if (level == storage::none && of.context())
    of.context()->drop_cache(of);
}

std::string explain(const node_ptr& of) {
  refuse_inside_task("explain");
  std::vector<int> all(static_cast<std::size_t>(of->partitions()));
  std::iota(all.begin(), all.end(), 0);
  const auto& context = of->context();
  return to_text(compile({of, "result", std::move(all), {}},
                         std::make_shared<job_scope>(0, context->resources(), context->caches())));
}

} // namespace internal
} // namespace crema
