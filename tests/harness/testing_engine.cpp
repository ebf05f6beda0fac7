#include "tests/harness/testing_engine.hpp"

#include "actors/driver.hpp"
#include "actors/partition.hpp"
#include "actors/running_jobs.hpp"
#include "actors/stage_host.hpp"
#include "tests/harness/failure.hpp"
#include "tests/harness/world.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace crema::testing {

namespace {

std::string explain_partition(caf::abstract_actor& actor) {
  using partition = caf::stateful_actor<actors::partition_state, actors::partition_actor::base>;
  const auto* found = dynamic_cast<const partition*>(&actor);
  return found == nullptr ? std::string{} : found->state.waits_for();
}

class engine final : public internal::engine {
public:
  engine(simulation& sim, int threads, pace when, int hosts) : sim_{sim}, pace_{when} {
    for (int i = 0; i != hosts; ++i)
      hosts_.push_back(std::make_shared<actors::local_host>(threads));
    sim.explain_with(explain_partition);
  }

  int threads() const noexcept override { return hosts_.front()->slots().cpu * static_cast<int>(hosts_.size()); }

  void start(std::shared_ptr<internal::job_run> job) override {
    auto driver = sim_.system().spawn(actors::driver, hosts_, &jobs_);
    jobs_.add(*job, driver);
    caf::anon_send(driver, actors::run_job{job});
    if (pace_ == pace::at_once)
      run_out(job);
  }

  void cancel(const std::shared_ptr<internal::job_run>& job) override {
    jobs_.cancel(*job);
    if (!detail::inside(sim_).running()) // or else whoever waits for the job's end now would wait for ever
      run_out(job);
  }

  void run_all(int n, const std::function<void(int)>& work) override {
    for (int i = 0; i != n; ++i)
      work(i);
  }

private:
  void run_out(const std::shared_ptr<internal::job_run>& job) {
    if (job->ended() || sim_.run_until([&] { return job->ended(); }))
      return;
    ADD_FAILURE() << "a job does not end:\n" << sim_.who_waits() << "the last events:\n" << sim_.trace().to_text();
    // Nobody will ever end it, and its caller waits.
    for (const char* name : {"crema.driver", "crema.stage", "crema.partition"})
      for (const auto& actor : sim_.living(name))
        sim_.kill(actor);
    static_cast<void>(job->finish(error{errc::internal, "the simulation of this job came to a halt"}));
  }

  simulation& sim_;
  actors::stage_hosts hosts_;
  pace pace_;
  actors::running_jobs jobs_;
};

} // namespace

std::unique_ptr<internal::engine> simulated_engine(simulation& sim, int threads, pace when, int hosts) {
  return std::make_unique<engine>(sim, std::max(1, threads), when, std::max(1, hosts));
}

config simulated_config() {
  config settings;
  settings.inline_records = 0;
  settings.progress = false;
  return settings;
}

void detail::run_to_end(simulation& sim, const std::function<bool()>& ended, source_location where) {
  if (!sim.run_until(ended))
    fail_test("the job does not end:\n" + sim.who_waits() + "the last events:\n" + sim.trace().to_text(), where);
}

} // namespace crema::testing
