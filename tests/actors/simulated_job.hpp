#pragma once

#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"
#include "actors/stage_host.hpp"
#include "tests/actors/fake_job.hpp"
#include "tests/harness/testing.hpp"

#include <memory>
#include <utility>

namespace crema::testing {

/// A fake job in a simulation: started with so many slots on each of so many hosts, before anything of it runs.
class simulated_job {
public:
  simulated_job(simulation& sim, const fake_plan& plan, int slots, bool hold_credit = false, int hosts = 1)
      : simulated_job{sim, fake_job::make(plan), slots, hold_credit, hosts} {}

  simulated_job(simulation& sim, std::shared_ptr<fake_job> job, int slots, bool hold_credit = false, int hosts = 1)
      : simulated_job{sim, std::move(job), std::make_shared<actors::fixed_hosts>(make_hosts(slots, hosts)),
                      hold_credit} {}

  simulated_job(simulation& sim, std::shared_ptr<fake_job> job, std::shared_ptr<actors::host_source> hosts,
                bool hold_credit = false)
      : sim_{sim}, job_{std::move(job)}, hosts_{std::move(hosts)} {
    if (hold_credit)
      job_->hold_credit();
    driver_ = actors::start_driver(sim.system(), *hosts_, running_, job_->run());
  }

  ~simulated_job() {
    for (const char* name : {"crema.driver", "crema.stage", "crema.partition"}) // of a job that did not end
      for (const auto& actor : sim_.living(name))
        sim_.kill(actor);
  }
  simulated_job(const simulated_job&) = delete;
  simulated_job& operator=(const simulated_job&) = delete;

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

  simulation& sim_;
  std::shared_ptr<fake_job> job_;
  std::shared_ptr<actors::host_source> hosts_;
  actors::running_jobs running_;
  actors::driver_actor driver_;
};

} // namespace crema::testing
