#pragma once

#include "actors/stage.hpp"

#include <memory>
#include <vector>

namespace crema::actors {

/// A place where the tasks of a job run, with slots of its own: the threads of this process, or a worker elsewhere.
class stage_host {
public:
  virtual ~stage_host() = default;

  /// How many tasks of one stage may produce there at once.
  virtual slot_counts slots() const noexcept = 0;

  /// A plan is to run, and has ended: between the two come its shares. `begin` may throw what fails the job.
  virtual void begin(const internal::plan_run& /*plan*/) {}
  virtual void end(const internal::plan_run& /*plan*/) {}

  /// Spawns the actor that runs a share of a stage there, or stands for it here. The driver watches it: once it is
  /// down, nothing of the share is left.
  virtual share_actor spawn(driver_actor::pointer driver, stage_assignment work) = 0;
};

/// The hosts of a job, which outlive its driver.
using stage_hosts = std::vector<std::shared_ptr<stage_host>>;

/// The threads of the actor system in which the driver lives.
class local_host final : public stage_host {
public:
  explicit local_host(int slots, int io_slots = slot_counts{}.io) noexcept : slots_{slots, io_slots} {}

  slot_counts slots() const noexcept override { return slots_; }
  share_actor spawn(driver_actor::pointer driver, stage_assignment work) override;

private:
  slot_counts slots_;
};

} // namespace crema::actors
