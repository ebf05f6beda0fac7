#include "net/jobs/job_workers.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/plan_run.hpp"
#include "net/message_codec.hpp"

#include <algorithm>
#include <utility>

namespace crema::net {

namespace {

shared_bytes share(internal::byte_writer bytes) {
  auto owner = std::make_shared<const internal::byte_writer>(std::move(bytes));
  const auto all = owner->bytes();
  return {std::move(owner), all};
}

} // namespace

std::size_t job_workers::index_of(int number) const {
  for (std::size_t i = 0; i != workers_.size(); ++i)
    if (workers_[i]->number() == number)
      return i;
  throw error{errc::corrupt_data, "worker " + std::to_string(number) + " does not take part in the job"};
}

void job_workers::write(const internal::plan_run& plan) {
  auto encoded = internal::encode_plan(plan.plan());
  for (const auto id : encoded.variables) {
    if (std::ranges::all_of(workers_, [id](const auto& worker) { return worker->knows(id); }))
      continue;
    internal::byte_writer out;
    internal::encode_variable(id, out);
    variables_.emplace(id, share(std::move(out)));
  }
  plan_ = share(std::move(encoded.bytes));
}

void job_workers::begin(const internal::plan_run& plan, std::size_t index) {
  if (!plan_.owner)
    write(plan);
  auto& worker = *workers_[index];
  for (const auto& [id, bytes] : variables_)
    if (worker.learn(id))
      worker.send(
        {static_cast<std::uint16_t>(job_kind::define_variable), to_outgoing(define_variable{id}).head, bytes});
  for (const auto& file : *files_)
    if (worker.learn(file.number))
      worker.send(to_outgoing(define_file{file.number}, [&](internal::byte_writer& out) {
        put(file.name, out);
        put(file.path, out);
      }));
  auto order = to_outgoing(begin_plan{job_, static_cast<int>(index), plan.attempt()}, [&](internal::byte_writer& out) {
    out.varint(workers_.size());
    for (const auto& one : workers_)
      out.varint(static_cast<std::uint64_t>(one->number()));
  });
  order.body = plan_;
  worker.send(std::move(order));
}

} // namespace crema::net
