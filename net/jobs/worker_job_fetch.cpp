#include "net/jobs/worker_job.hpp"

#include "dataflow/plan/plan_run.hpp"
#include "dataflow/plan/task_report.hpp"

#include <memory>
#include <string>
#include <utility>

// Stored partitions that one worker keeps and another one reads.

namespace crema::net {

using internal::byte_reader;
using internal::byte_writer;

const internal::node& worker_job_state::root_of(int stage, int root) const {
  const auto& roots = planned(stage).roots;
  if (static_cast<std::size_t>(root) >= roots.size()
      || !roots[static_cast<std::size_t>(root)]->stored_in(*run_->plan().scope))
    throw error{errc::corrupt_data, "a message about a store that its job has not"};
  return *roots[static_cast<std::size_t>(root)];
}

void worker_job_state::fetch(int stage, int root, int partition, int keeper) {
  const auto& of = root_of(stage, root);
  if (run_->plan().scope->store(of)->find(partition))
    return; // another stage has fetched it
  auto blocks = std::make_shared<internal::block_queue>(*worker_->resources(), of.codec(), std::string{of.op()},
                                                        of.persistence() != storage::disk);
  fetched_.insert_or_assign({stage, root, partition}, arriving{std::move(blocks), keeper});
  ++share_of(stage).missing;
  tell(fetch_block{job_, stage, root, partition, keeper, worker_->number(), 0});
}

void worker_job_state::give(const fetch_block& wanted) {
  const auto reader = worker_->peer(wanted.reader);
  if (!reader)
    return;
  try {
    const auto& of = root_of(wanted.stage, wanted.root);
    const auto kept = run_->plan().scope->store(of)->find(wanted.partition);
    if (!kept)
      throw error{errc::internal, "partition " + std::to_string(wanted.partition) + " of " + std::string{of.op()}
                                    + " is not in its store: it was dropped while a job needed it"};
    const kept_block numbers{job_, wanted.stage, wanted.root, wanted.partition};
    reader->send(to_outgoing(numbers, [&](byte_writer& out) {
      if (wanted.block < kept->size())
        of.codec()->encode(*kept->read(wanted.block), out);
    }));
  } catch (...) {
    const auto why = current_error({});
    reader->send(
      to_outgoing(fetch_failed{job_, wanted.stage}, [&](byte_writer& out) { internal::encode_error(why, out); }));
  }
}

void worker_job_state::keep(const kept_block& numbers, byte_reader& in) {
  const auto at = fetched_.find({numbers.stage, numbers.root, numbers.partition});
  auto& mine = share_of(numbers.stage);
  if (at == fetched_.end() || mine.missing == 0)
    return; // the share was stopped
  const auto& of = root_of(numbers.stage, numbers.root);
  auto& [blocks, keeper] = at->second;
  if (in.remaining() != 0) {
    blocks->push(of.codec()->decode(in));
    tell(fetch_block{job_, numbers.stage, numbers.root, numbers.partition, keeper, worker_->number(), blocks->size()});
    return;
  }
  run_->plan().scope->store(of)->commit(numbers.partition, std::move(blocks));
  fetched_.erase(at);
  if (--mine.missing == 0)
    run(numbers.stage);
}

} // namespace crema::net
