#include "dataflow/context.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/stage.hpp"

#include <numeric>

namespace crema {

namespace {

std::shared_ptr<internal::worker_resources> make_resources(const config& settings) {
  const auto limit = settings.memory_limit != 0 ? settings.memory_limit : internal::default_memory_limit();
  return std::make_shared<internal::worker_resources>(limit, settings.spill_directory);
}

} // namespace

context::context(config settings, std::unique_ptr<internal::engine> runner) {
  internal::refuse_inside_task("context");
  auto resources = make_resources(settings);
  state_ = std::make_shared<internal::context_state>(std::move(settings), std::move(resources), std::move(runner));
}

context::~context() {
  state_->close();
}

void context::close() {
  internal::refuse_inside_task("context::close");
  state_->close();
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
    throw error{errc::invalid_argument,
                std::string{op} + ": the number of partitions must be at least 1, not " + std::to_string(n)};
  return n;
}

void persist(const node& of, storage level) {
  refuse_inside_task("persist");
  of.persist(level);
  if (level == storage::none && of.context())
    of.context()->caches()->drop(of.id());
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
