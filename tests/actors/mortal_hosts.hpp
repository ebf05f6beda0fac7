#pragma once

#include "actors/stage_host.hpp"
#include "tests/harness/simulation.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace crema::testing {

/// Hosts of a simulation that can be lost as workers are: with all that runs on one, at once, at any step. Their stages
/// and partitions live in the simulation; the driver sees no more of them than of a worker's.
class mortal_hosts final : public actors::host_source {
public:
  /// Each with so many slots.
  mortal_hosts(simulation& sim, std::size_t count, int slots);
  ~mortal_hosts() override;

  actors::stage_hosts hosts(const std::vector<std::uint64_t>& avoided) override;
  std::chrono::milliseconds patience() const override { return patience_; }

  void set_patience(std::chrono::milliseconds time) { patience_ = time; }
  std::size_t living() const noexcept { return hosts_.size(); }
  int losses() const noexcept { return losses_; }

  /// Ends the nth of those that live, counted round.
  void kill(std::size_t nth);
  /// Another one comes.
  void add();

private:
  class host;

  simulation& sim_;
  int slots_;
  std::uint64_t last_number_ = 0;
  int losses_ = 0;
  std::chrono::milliseconds patience_{0};
  std::vector<std::shared_ptr<host>> hosts_;
};

} // namespace crema::testing
