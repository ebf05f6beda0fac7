#pragma once

#include "actors/stage.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace crema::actors {

/// A place where the tasks of a job run, with slots of its own: the threads of this process, or a worker elsewhere.
class stage_host {
public:
  virtual ~stage_host() = default;

  /// How many tasks of one stage may produce there at once.
  virtual slot_counts slots() const noexcept = 0;

  /// The number by which a driver knows who keeps a stored partition; none is this process.
  virtual std::optional<std::uint64_t> worker() const noexcept { return {}; }

  /// A plan is to run, and has ended: between the two come its shares. `begin` may throw what fails the job.
  virtual void begin(const internal::plan_run& /*plan*/) {}
  virtual void end(const internal::plan_run& /*plan*/) {}

  /// Spawns the actor that runs a share of a stage there, or stands for it here. The driver watches it: once it is
  /// down, nothing of the share is left.
  virtual share_actor spawn(driver_actor::pointer driver, stage_assignment work) = 0;
};

using stage_hosts = std::vector<std::shared_ptr<stage_host>>;

/// Where drivers get the hosts of their jobs: anew for each attempt, so that hosts which have come meanwhile take part.
/// Thread-safe; outlives the drivers.
class host_source {
public:
  virtual ~host_source() = default;

  /// The hosts of one attempt: those that are there now, but for `avoided` workers where others are left.
  virtual stage_hosts hosts(const std::vector<std::uint64_t>& avoided) = 0;

  /// How long a job may wait for a host where there is none.
  virtual std::chrono::milliseconds patience() const { return {}; }
};

/// The threads of the actor system in which the driver lives.
class local_host final : public stage_host {
public:
  explicit local_host(int slots, int io_slots = slot_counts{}.io) noexcept : slots_{slots, io_slots} {}

  slot_counts slots() const noexcept override { return slots_; }
  share_actor spawn(driver_actor::pointer driver, stage_assignment work) override;

private:
  slot_counts slots_;
};

/// Always the same hosts, which are never lost.
class fixed_hosts final : public host_source {
public:
  explicit fixed_hosts(stage_hosts all) : all_{std::move(all)} {}
  stage_hosts hosts(const std::vector<std::uint64_t>&) override { return all_; }

private:
  stage_hosts all_;
};

} // namespace crema::actors
