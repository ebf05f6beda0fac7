#include "dataflow/plan/store_task.hpp"

#include "dataflow/plan/pipeline.hpp"

#include <utility>

namespace crema::internal {

namespace {

std::string title_of(const node& stored) {
  return std::string{stored.op()} + " at " + to_string(stored.where());
}

class store_task final : public task {
public:
  store_task(std::shared_ptr<const job_scope> job, task_id id, const node& stored)
      : scope_{std::move(job), id},
        stored_{&stored},
        blocks_{std::make_shared<block_queue>(scope_.resources(), stored.codec(), title_of(stored),
                                              stored.persistence() != storage::disk)} {
    running_task here{scope_};
    from_ = open_computation(stored, scope_, id.partition);
  }

  ~store_task() override {
    running_task here{scope_};
    from_.reset();
  }

  step_result step(emitter& out, std::chrono::steady_clock::time_point until) override {
    running_task here{scope_};
    do {
      block_ptr records;
      const bool more = from_->next(records, block_records);
      if (records) {
        scope_.counters.rows_out += records->size();
        scope_.counters.bytes_out += records->bytes();
        ++scope_.counters.blocks_out;
        blocks_->push(std::move(records));
      }
      if (!more) {
        scope_.counters.spilled_bytes += blocks_->spilled_bytes();
        return step_result::done;
      }
      if (std::exchange(scope_.starved, false))
        return step_result::starved;
    } while (out.now() < until);
    return step_result::more;
  }

  void commit() override { scope_.job().store(*stored_)->commit(scope_.id().partition, std::move(blocks_)); }

  task_scope& scope() noexcept override { return scope_; }

private:
  static constexpr std::size_t block_records = 16 * 1024;

  task_scope scope_;
  const node* stored_;
  std::shared_ptr<block_queue> blocks_;
  std::unique_ptr<pipeline> from_;
};

} // namespace

task_factory store_task_factory(const node& stored) {
  return [&stored](std::shared_ptr<const job_scope> job, task_id id) -> std::unique_ptr<task> {
    return std::make_unique<store_task>(std::move(job), id, stored);
  };
}

} // namespace crema::internal
