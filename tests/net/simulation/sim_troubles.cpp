#include "tests/net/simulation/sim_troubles.hpp"

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace crema::testing {

namespace {

using namespace std::chrono_literals;

/// Short ones that nobody may notice, and such that peers are given up.
constexpr std::array durations{std::chrono::nanoseconds{100ms}, std::chrono::nanoseconds{1s},
                               std::chrono::nanoseconds{3s}, std::chrono::nanoseconds{7s},
                               std::chrono::nanoseconds{12s}};

struct happening {
  std::string text;
  std::function<void()> strikes;
};

std::string machine_text(std::uint32_t machine) {
  return machine == 0 ? "the driver's machine" : "machine " + std::to_string(machine);
}

std::string for_a_while(std::chrono::nanoseconds time) {
  return " for " + std::to_string(time / 1ms) + " ms";
}

void isolate(sim_cluster& cluster, std::uint32_t machine, std::chrono::nanoseconds time) {
  for (std::uint32_t other = 0; other <= cluster.workers(); ++other)
    if (other != machine) {
      cluster.part(machine, other, time);
      cluster.part(other, machine, time);
    }
}

/// Each pair of machines is parted for a time of its own, from a moment of its own.
void swizzle(simulation& sim, sim_cluster& cluster) {
  for (std::uint32_t one = 0; one <= cluster.workers(); ++one)
    for (std::uint32_t other = one + 1; other <= cluster.workers(); ++other) {
      const auto from = std::chrono::nanoseconds{1ms} * sim.draws().below(2000);
      const auto time = durations[sim.draws().below(durations.size())];
      cluster.later(from, [&cluster, one, other, time] {
        cluster.part(one, other, time);
        cluster.part(other, one, time);
      });
    }
}

void flap(sim_cluster& cluster, std::uint32_t one, std::uint32_t other) {
  for (int i = 0; i != 10; ++i)
    cluster.later(i * 300ms, [&cluster, one, other] {
      cluster.part(one, other, 100ms);
      cluster.part(other, one, 100ms);
    });
}

happening draw(simulation& sim, sim_cluster& cluster, trouble kind) {
  auto& draws = sim.draws();
  const auto machine = static_cast<std::uint32_t>(1 + draws.below(cluster.workers()));
  const auto other =
    (machine + 1 + static_cast<std::uint32_t>(draws.below(cluster.workers()))) % (cluster.workers() + 1);
  const auto time = durations[draws.below(durations.size())];
  const auto whom = machine_text(machine);
  const auto both = whom + " and " + machine_text(other);
  switch (kind) {
  case trouble::kill:
    return {"the worker on " + whom + " is killed, away" + for_a_while(time),
            [=, &cluster] { cluster.kill(machine, time); }};
  case trouble::power:
    return {whom + " has no power" + for_a_while(time), [=, &cluster] { cluster.cut_power(machine, time); }};
  case trouble::pause:
    return {whom + " stops" + for_a_while(time), [=, &cluster] { cluster.pause(machine, time); }};
  case trouble::pause_driver:
    return {"the driver's machine stops" + for_a_while(time), [=, &cluster] { cluster.pause(0, time); }};
  case trouble::part:
    return {both + " are parted" + for_a_while(time), [=, &cluster] {
              cluster.part(machine, other, time);
              cluster.part(other, machine, time);
            }};
  case trouble::part_one_way:
    return {"nothing comes from " + whom + " to " + machine_text(other) + for_a_while(time),
            [=, &cluster] { cluster.part(machine, other, time); }};
  case trouble::isolate:
    return {whom + " is isolated" + for_a_while(time), [=, &cluster] { isolate(cluster, machine, time); }};
  case trouble::swizzle:
    return {"connections break off one by one", [&] { swizzle(sim, cluster); }};
  case trouble::flap:
    return {both + " hear each other now and then", [=, &cluster] { flap(cluster, machine, other); }};
  case trouble::cut:
    return {"the connections of " + both + " break", [=, &cluster] { cluster.cut(machine, other); }};
  case trouble::slow:
    return {"the network is slow", [&cluster, time] { cluster.slow_down({time / 100, time / 50}); }};
  case trouble::jump:
    return {"the clock of " + whom + " jumps", [=, &cluster] { cluster.jump(machine, 1h); }};
  case trouble::drift:
    return {"the clock of " + whom + " is fast", [=, &cluster] { cluster.drift(machine, 100'000); }};
  case trouble::replay:
    break;
  }
  return {"old messages of " + both + " come late", [=, &cluster] { cluster.replay_old(machine, other); }};
}

} // namespace

void arrange(simulation& sim, sim_cluster& cluster, std::span<const trouble> kinds, std::size_t most,
             std::uint64_t within) {
  sim.draws().up_to(most, [&] {
    const auto kind = sim.draws().one_of(kinds);
    const auto step = sim.draws().below(within);
    auto happens = draw(sim, cluster, kind);
    sim.before_step(sim.steps() + step, std::move(happens.text), std::move(happens.strikes));
    return kind;
  });
}

} // namespace crema::testing
