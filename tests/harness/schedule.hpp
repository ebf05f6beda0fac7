#pragma once

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace crema::testing {

/// Who runs next: the one thing about a run of actors that nobody promises. A strategy to find the orders in which they
/// go wrong.
class schedule {
public:
  virtual ~schedule() = default;

  /// The index of the actor that goes on, of those that can, the longest waiting first. Asked where there are several.
  virtual std::size_t pick(std::span<const caf::actor_id> ready) = 0;
};

/// The longest waiting first, one message each: a fair order, always the same.
std::unique_ptr<schedule> fifo();

/// Anyone, by chance.
std::unique_ptr<schedule> random_order(std::uint64_t seed);

/// The most important one, where chance decides who is important, and changes its mind at `changes` moments within
/// about `steps` steps: finds what takes few, but well-placed, changes of turn (Burckhardt et al., "A Randomized
/// Scheduler with Probabilistic Guarantees of Finding Bugs", 2010).
std::unique_ptr<schedule> priority_changes(std::uint64_t seed, int changes, std::uint64_t steps);

/// By the seed: random orders and priority changes of various sizes.
std::unique_ptr<schedule> any_order(std::uint64_t seed);

/// The given picks, then fifo.
std::unique_ptr<schedule> replayed(std::vector<std::uint64_t> picks);

/// Makes a schedule of a seed, for each run of an exploration.
using schedule_maker = std::function<std::unique_ptr<schedule>(std::uint64_t seed)>;

} // namespace crema::testing
