#include "dataflow/plan/pipeline.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/plan/task.hpp"

#include <algorithm>
#include <utility>

namespace crema::internal {

void block_operator::feed(block_ptr) {
  throw error{errc::internal, "an operator that makes blocks was given one"};
}

bool pipeline::next(block_ptr& out, std::size_t n) {
  out = {};
  if (unfinished_.empty())
    return false;
  auto at = unfinished_.back();
  unfinished_.pop_back();
  while (true) {
    if (operators_[at]->next(out, n))
      unfinished_.push_back(at);
    if (++at == operators_.size() || !out)
      return !unfinished_.empty();
    operators_[at]->feed(std::move(out));
  }
}

namespace {

/// Reads a kept partition.
class store_reader final : public block_operator {
public:
  explicit store_reader(std::shared_ptr<const block_queue> blocks) : blocks_{std::move(blocks)} {}

  bool next(block_ptr& out, std::size_t) override {
    out = {};
    if (at_ == blocks_->size())
      return false;
    out = blocks_->read(at_++);
    return true;
  }

private:
  std::shared_ptr<const block_queue> blocks_;
  std::size_t at_ = 0;
};

std::unique_ptr<pipeline> open_from(const node& top, task_scope& task, int p, bool compute) {
  std::vector<std::unique_ptr<block_operator>> operators;
  node::place at{&top, p};
  while (at.at != nullptr) {
    if (!std::exchange(compute, false) && at.at->stored_in(task.job())) {
      auto blocks = task.job().store(*at.at)->find(at.partition);
      if (!blocks)
        throw error{errc::internal, "partition " + std::to_string(at.partition) + " of " + std::string{at.at->op()}
                                      + " is not in its store: it was dropped while a job needed it"};
      operators.push_back(std::make_unique<store_reader>(std::move(blocks)));
      break;
    }
    if (auto opened = at.at->open(task, at.partition))
      operators.push_back(std::move(opened));
    at = at.at->upstream(task.job(), at.partition);
  }
  std::reverse(operators.begin(), operators.end());
  return std::make_unique<pipeline>(std::move(operators));
}

} // namespace

std::unique_ptr<pipeline> open_pipeline(const node& top, task_scope& task, int p) {
  return open_from(top, task, p, false);
}

std::unique_ptr<pipeline> open_computation(const node& top, task_scope& task, int p) {
  return open_from(top, task, p, true);
}

const job_scope& job_of(const task_scope& task) noexcept {
  return task.job();
}

} // namespace crema::internal
