#pragma once

#include "net/event_loop.hpp"
#include "tests/harness/simulation.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace crema::testing {

/// What a descriptor of a simulation says when a loop looks at it.
class sim_source {
public:
  virtual ~sim_source() = default;

  /// The epoll events that are there.
  virtual std::uint32_t ready() const = 0;
};

/// The loop of one simulated process: an actor of a simulation, on a machine of it. Every call that it makes is a step,
/// so others may do anything between two of them.
///
/// Its clock is the simulation's, but for where it began (all differ) and for how fast it goes.
class sim_loop final : public net::event_loop {
public:
  sim_loop(simulation& sim, std::uint32_t machine, const std::string& name);
  sim_loop(const sim_loop&) = delete;
  sim_loop& operator=(const sim_loop&) = delete;
  ~sim_loop() override;

  time now() const noexcept override;
  void run(task work) override;
  id watch(int fd, std::uint32_t events, on_ready ready) override;
  void rewatch(id watched, std::uint32_t events) override;
  void unwatch(id watched) override;
  id call_at(time when, task work) override;
  void cancel(id call) override;

  std::uint32_t machine() const noexcept { return machine_; }

  /// The process is gone: nothing is called any more, and what was to be called is destroyed.
  void close();
  bool closed() const noexcept { return closed_; }

  /// Its clock goes on by so much at once, as after its machine slept.
  void jump(std::chrono::nanoseconds by);
  /// From here on its clock goes too fast by so many millionths.
  void drift(int ppm);

  // -- of the network -------------------------------------------------------------------------------------------------

  /// Gives `source` a descriptor.
  int attach(const sim_source& source);
  void detach(int fd);
  /// Something may be ready that was not.
  void check(int fd);

private:
  struct watcher {
    int fd;
    std::uint32_t events;
    std::shared_ptr<on_ready> ready;
    bool queued = false;
  };

  void take_turn();
  void queue(const char* what, task work);
  void call_ready(id watched);
  void call_due();
  void set_alarm();
  std::chrono::nanoseconds reaches(time when) const;

  simulation& sim_;
  const std::uint32_t machine_;
  caf::actor actor_;
  bool closed_ = false;
  std::deque<task> queue_;
  std::map<int, const sim_source*> sources_;
  std::map<id, watcher> watchers_;
  std::map<std::pair<time, id>, task> calls_;
  std::unordered_map<id, time> call_times_;
  std::chrono::nanoseconds alarm_ = std::chrono::nanoseconds::max(); ///< the next one, in the simulation's time
  id last_id_ = 0;
  int last_fd_ = 1000;

  // The clock: it said `began_at_` at `began_`.
  time began_at_;
  std::chrono::nanoseconds began_;
  int gain_ppm_ = 0;
};

} // namespace crema::testing
