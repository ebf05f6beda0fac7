#include "tests/harness/testing_engine.hpp"

#include "actors/driver.hpp"
#include "actors/partition.hpp"
#include "actors/running_jobs.hpp"
#include "actors/stage_host.hpp"
#include "tests/harness/failure.hpp"
#include "tests/harness/world.hpp"

#include <algorithm>
#include <utility>

namespace crema::testing {

std::string detail::explain_partition(caf::abstract_actor& actor) {
  using partition = caf::stateful_actor<actors::partition_state, actors::partition_actor::base>;
  const auto* found = dynamic_cast<const partition*>(&actor);
  return found == nullptr ? std::string{} : found->state.waits_for();
}

namespace {

class engine final : public internal::engine {
public:
  engine(simulation& sim, int threads, std::shared_ptr<actors::host_source> hosts, pace when)
      : sim_{sim}, threads_{threads}, hosts_{std::move(hosts)}, pace_{when} {
    sim.explain_with(detail::explain_partition);
  }

  int threads() const noexcept override { return threads_; }

  void start(std::shared_ptr<internal::job_run> job) override {
    actors::start_driver(sim_.system(), *hosts_, jobs_, job);
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
    if (!job->ended())
      static_cast<void>(job->finish(error{errc::internal, "the simulation of this job came to a halt"}));
  }

  simulation& sim_;
  int threads_;
  std::shared_ptr<actors::host_source> hosts_;
  pace pace_;
  actors::running_jobs jobs_;
};

} // namespace

std::unique_ptr<internal::engine> simulated_engine(simulation& sim, int threads, pace when, int hosts) {
  actors::stage_hosts all;
  for (int i = 0; i < std::max(1, hosts); ++i)
    all.push_back(std::make_shared<actors::local_host>(std::max(1, threads)));
  const auto slots = std::max(1, threads) * static_cast<int>(all.size());
  return simulated_engine(sim, slots, std::make_shared<actors::fixed_hosts>(std::move(all)), when);
}

std::unique_ptr<internal::engine> simulated_engine(simulation& sim, int threads,
                                                   std::shared_ptr<actors::host_source> hosts, pace when) {
  return std::make_unique<engine>(sim, threads, std::move(hosts), when);
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
