#include "net/jobs/worker_host.hpp"

#include "dataflow/plan/plan_run.hpp"
#include "net/jobs/remote_share.hpp"

namespace crema::net {

std::optional<std::uint64_t> worker_host::worker() const noexcept {
  return static_cast<std::uint64_t>(workers_->all()[index_]->number());
}

void worker_host::begin(const internal::plan_run& plan) {
  workers_->begin(plan, index_);
}

void worker_host::end(const internal::plan_run&) {
  workers_->all()[index_]->send(to_outgoing(end_plan{workers_->job()}));
}

actors::share_actor worker_host::spawn(actors::driver_actor::pointer driver, actors::stage_assignment work) {
  return driver->spawn<caf::monitored>(remote_share, actors::driver_actor{driver}, std::move(work), workers_);
}

actors::stage_hosts hosts_of(const std::shared_ptr<job_workers>& workers) {
  actors::stage_hosts hosts;
  for (std::size_t i = 0; i != workers->all().size(); ++i)
    hosts.push_back(std::make_shared<worker_host>(workers, i));
  return hosts;
}

} // namespace crema::net
