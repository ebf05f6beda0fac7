#pragma once

#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"
#include "actors/stage_host.hpp"
#include "tests/actors/fake_job.hpp"
#include "tests/harness/testing.hpp"

#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace crema::testing {

/// A fake job in a simulation: started with so many slots on each of so many hosts, before anything of it runs.
class simulated_job {
public:
  simulated_job(simulation& sim, const fake_plan& plan, int slots, bool hold_credit = false, int hosts = 1)
      : simulated_job{sim, fake_job::make(plan), slots, hold_credit, hosts} {}

  simulated_job(simulation& sim, std::shared_ptr<fake_job> job, int slots, bool hold_credit = false, int hosts = 1)
      : job_{std::move(job)}, driver_{sim.system().spawn(actors::driver, make_hosts(slots, hosts), &running_)} {
    if (hold_credit)
      job_->hold_credit();
    running_.add(*job_->run(), driver_);
    caf::anon_send(driver_, actors::run_job{job_->run()});
  }

  fake_job* operator->() const noexcept { return job_.get(); }
  const actors::driver_actor& driver() const noexcept { return driver_; }
  bool ended() const { return job_->run()->ended(); }
  void cancel() { running_.cancel(*job_->run()); }

private:
  static actors::stage_hosts make_hosts(int slots, int hosts) {
    actors::stage_hosts all;
    for (int i = 0; i != hosts; ++i)
      all.push_back(std::make_shared<actors::local_host>(slots));
    return all;
  }

  std::shared_ptr<fake_job> job_;
  actors::running_jobs running_;
  actors::driver_actor driver_;
};

} // namespace crema::testing
