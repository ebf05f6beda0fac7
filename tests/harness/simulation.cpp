#include "tests/harness/simulation.hpp"

#include "tests/harness/failure.hpp"
#include "tests/harness/world.hpp"

#include <algorithm>
#include <utility>

namespace crema::testing {

detail::world_owner::world_owner(simulation_settings settings) : world_{std::make_unique<world>(std::move(settings))} {}

detail::world_owner::~world_owner() = default;

detail::world& detail::inside(simulation& sim) noexcept {
  return *sim.world_;
}

simulation::simulation(simulation_settings settings)
    : world_owner{std::move(settings)}, actor_verbs{*world_}, message_verbs{*world_}, fault_verbs{*world_} {}

bool simulation::run_one() {
  return world_->step();
}

std::uint64_t simulation::run(source_location where) {
  const auto before = steps();
  while (run_one())
    if (steps() - before > world_->settings.most_steps)
      detail::fail_test("no rest after " + std::to_string(steps() - before) + " steps:\n" + who_waits()
                          + "the last events:\n" + trace().to_text(20),
                        where);
  return steps() - before;
}

std::uint64_t simulation::run_steps(std::uint64_t most) {
  const auto before = steps();
  while (steps() - before < most && run_one()) {
  }
  return steps() - before;
}

bool simulation::run_until(const std::function<bool()>& done) {
  const auto before = steps();
  while (!done())
    if (steps() - before > world_->settings.most_steps || !run_one())
      return done(); // what was arranged for a step may have run the rest
  return true;
}

std::uint64_t simulation::run_for(std::chrono::nanoseconds time) {
  const auto before = steps();
  const auto end = now() + time;
  run();
  for (auto next = world_->timers(); !next.empty() && next.front().due <= end; next = world_->timers()) {
    advance(std::max(next.front().due - now(), std::chrono::nanoseconds{0}));
    run();
  }
  advance(std::max(end - now(), std::chrono::nanoseconds{0}));
  run();
  return steps() - before;
}

bool simulation::idle() const {
  return world_->idle();
}

std::uint64_t simulation::steps() const noexcept {
  return world_->steps;
}

// -- time -------------------------------------------------------------------------------------------------------------

std::chrono::nanoseconds simulation::now() const {
  return world_->now();
}

void simulation::advance(std::chrono::nanoseconds time) {
  world_->demand_outside();
  world_->advance(time);
}

bool simulation::fire_next_timer() {
  world_->demand_outside();
  return world_->turns->clock().fire_next();
}

std::vector<timer_view> simulation::pending_timers() const {
  return world_->timers();
}

std::optional<std::chrono::nanoseconds> simulation::next_timer() const {
  return world_->next_timer();
}

void simulation::set_time_per_look(std::chrono::nanoseconds time) {
  world_->turns->clock().set_time_per_look(time);
}

choices& simulation::draws() noexcept {
  return world_->settings.draws;
}

const crema::testing::trace& simulation::trace() const noexcept {
  return world_->log;
}

void simulation::note(std::string text) {
  world_->note({trace_event::kind::note, 0, 0, std::move(text)});
}

void simulation::may_leak() {
  world_->may_leak = true;
}

} // namespace crema::testing
