#pragma once

#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"
#include "tests/actors/fake_job.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <cstdint>
#include <random>

namespace crema::testing {

/// An actor system without threads: one message at a time, in an order that a seed decides.
class deterministic_system {
public:
  deterministic_system() : system_{configure(config_)} {}

  caf::actor_system& operator*() noexcept { return system_; }
  caf::actor_system* operator->() noexcept { return &system_; }

  /// Whether some actor has a message.
  bool busy() { return jobs().has_job(); }

  /// Runs one message of the actor that has waited longest.
  void run_one() { jobs().run_once(); }

  void run() {
    while (busy())
      run_one();
  }

  /// Runs one message of an actor picked at random.
  template <class Random>
  void run_any(Random& random) {
    auto& queue = jobs().jobs;
    std::swap(queue.front(), queue[random() % queue.size()]);
    run_one();
  }

  /// As run_any, but `last` only runs when nobody else has a message.
  template <class Random>
  void run_any_but(const actors::driver_actor& last, Random& random) {
    auto& queue = jobs().jobs;
    std::swap(queue.front(), queue[random() % queue.size()]);
    if (queue.size() > 1 && queue.front() == dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(last)))
      std::swap(queue.front(), queue.back());
    run_one();
  }

  /// Starts `job` on so many hosts with so many slots each; runs nothing.
  actors::driver_actor start(const fake_job& job, int slots, int hosts = 1) {
    actors::stage_hosts all;
    for (int i = 0; i != hosts; ++i)
      all.push_back(std::make_shared<actors::local_host>(slots));
    auto driver = system_.spawn(actors::driver, std::move(all), &running_);
    running_.add(*job.run(), driver);
    caf::anon_send(driver, actors::run_job{job.run()});
    return driver;
  }

  actors::running_jobs& running() noexcept { return running_; }

private:
  static caf::actor_system_config& configure(caf::actor_system_config& config) {
    config.set("scheduler.policy", caf::atom("testing"));
    return config;
  }

  caf::scheduler::test_coordinator& jobs() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

  caf::actor_system_config config_;
  actors::running_jobs running_;
  caf::actor_system system_;
};

} // namespace crema::testing
