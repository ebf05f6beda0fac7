#include "tests/harness/schedule.hpp"

#include "tests/harness/chance.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace crema::testing {

namespace {

class in_order final : public schedule {
public:
  std::size_t pick(std::span<const caf::actor_id>) override { return 0; }
};

class by_chance final : public schedule {
public:
  explicit by_chance(std::uint64_t seed) : chance_{seed} {}

  std::size_t pick(std::span<const caf::actor_id> ready) override { return chance_.below(ready.size()); }

private:
  detail::chance chance_;
};

class by_priority final : public schedule {
public:
  by_priority(std::uint64_t seed, int changes, std::uint64_t steps) : chance_{seed} {
    for (int i = 0; i < changes; ++i)
      moments_.push_back(chance_.below(std::max<std::uint64_t>(1, steps)));
    std::ranges::sort(moments_, std::greater<>{});
  }

  std::size_t pick(std::span<const caf::actor_id> ready) override {
    auto best = most_important(ready);
    for (; !moments_.empty() && moments_.back() <= step_; moments_.pop_back()) {
      priorities_[ready[best]] = moments_.size(); // below everything that chance gave
      best = most_important(ready);
    }
    ++step_;
    return best;
  }

private:
  std::size_t most_important(std::span<const caf::actor_id> ready) {
    std::size_t best = 0;
    for (std::size_t i = 1; i != ready.size(); ++i)
      if (priority(ready[i]) > priority(ready[best]))
        best = i;
    return best;
  }

  std::uint64_t priority(caf::actor_id actor) {
    const auto [at, is_new] = priorities_.try_emplace(actor, 0);
    if (is_new)
      at->second = chance_.next() | std::uint64_t{1} << 32;
    return at->second;
  }

  detail::chance chance_;
  std::vector<std::uint64_t> moments_; ///< the next one last
  std::unordered_map<caf::actor_id, std::uint64_t> priorities_;
  std::uint64_t step_ = 0;
};

class as_before final : public schedule {
public:
  explicit as_before(std::vector<std::uint64_t> picks) : picks_{std::move(picks)} {}

  std::size_t pick(std::span<const caf::actor_id> ready) override {
    return next_ == picks_.size() ? 0 : std::min<std::size_t>(picks_[next_++], ready.size() - 1);
  }

private:
  std::vector<std::uint64_t> picks_;
  std::size_t next_ = 0;
};

} // namespace

std::unique_ptr<schedule> fifo() {
  return std::make_unique<in_order>();
}

std::unique_ptr<schedule> random_order(std::uint64_t seed) {
  return std::make_unique<by_chance>(seed);
}

std::unique_ptr<schedule> priority_changes(std::uint64_t seed, int changes, std::uint64_t steps) {
  return std::make_unique<by_priority>(seed, changes, steps);
}

std::unique_ptr<schedule> any_order(std::uint64_t seed) {
  detail::chance chance{seed};
  if (chance.below(2) == 0)
    return random_order(chance.next());
  const auto changes = static_cast<int>(chance.below(6));
  const auto steps = std::uint64_t{8} << chance.below(9);
  return priority_changes(chance.next(), changes, steps);
}

std::unique_ptr<schedule> replayed(std::vector<std::uint64_t> picks) {
  return std::make_unique<as_before>(std::move(picks));
}

} // namespace crema::testing
