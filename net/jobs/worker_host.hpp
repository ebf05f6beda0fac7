#pragma once

#include "actors/stage_host.hpp"
#include "net/jobs/job_workers.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace crema::net {

/// A worker of a job, as a host of its stages.
class worker_host final : public actors::stage_host {
public:
  worker_host(std::shared_ptr<job_workers> workers, std::size_t index) : workers_{std::move(workers)}, index_{index} {}

  actors::slot_counts slots() const noexcept override { return {}; } // the worker knows
  std::optional<std::uint64_t> worker() const noexcept override;
  void begin(const internal::plan_run& plan) override;
  void end(const internal::plan_run& plan) override;
  actors::share_actor spawn(actors::driver_actor::pointer driver, actors::stage_assignment work) override;

private:
  std::shared_ptr<job_workers> workers_;
  std::size_t index_;
};

/// All of them, in their order.
actors::stage_hosts hosts_of(const std::shared_ptr<job_workers>& workers);

} // namespace crema::net
