#include "net/jobs/job_workers.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/plan_run.hpp"

#include <utility>

namespace crema::net {

namespace {

shared_bytes share(internal::byte_writer bytes) {
  auto owner = std::make_shared<const internal::byte_writer>(std::move(bytes));
  const auto all = owner->bytes();
  return {std::move(owner), all};
}

} // namespace

worker_connection& job_workers::numbered(int number) const {
  for (const auto& one : workers_)
    if (one->number() == number)
      return *one;
  throw error{errc::corrupt_data, "worker " + std::to_string(number) + " does not take part in the job"};
}

void job_workers::write(const internal::plan_run& plan) {
  if (job_ == plan.id())
    return;
  auto encoded = internal::encode_plan(plan.plan());
  variables_.clear();
  for (const auto id : encoded.variables) {
    internal::byte_writer out;
    internal::encode_variable(id, out);
    variables_.emplace(id, share(std::move(out)));
  }
  plan_ = share(std::move(encoded.bytes));
  job_ = plan.id();
}

void job_workers::begin(const internal::plan_run& plan, std::size_t index) {
  write(plan);
  auto& worker = *workers_[index];
  for (const auto& [id, bytes] : variables_)
    if (worker.learn(id))
      worker.send(
        {static_cast<std::uint16_t>(job_kind::define_variable), to_outgoing(define_variable{id}).head, bytes});
  auto order = to_outgoing(begin_plan{plan.id(), static_cast<int>(index)}, [&](internal::byte_writer& out) {
    out.varint(workers_.size());
    for (const auto& one : workers_)
      out.varint(static_cast<std::uint64_t>(one->number()));
  });
  order.body = plan_;
  worker.send(std::move(order));
}

} // namespace crema::net
