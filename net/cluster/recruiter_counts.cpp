#include "net/cluster/recruiter.hpp"

#include "dataflow/error.hpp"

#include <algorithm>

// What those see who wait for workers.

namespace crema::net {

/// Says how many nodes there are of each kind.
void recruiter::count() {
  std::size_t working = 0;
  std::size_t hiring = 0;
  int slots = 0;
  for (const auto& [is, at] : places_)
    if (at.works) {
      ++working;
      slots += static_cast<int>(at.node->node().facts.cpu_slots);
    } else if (at.awaited && !at.drains) {
      ++hiring;
    }
  std::lock_guard lock{mutex_};
  working_ = working;
  hiring_ = hiring;
  slots_ = slots;
  changed_.notify_all();
}

std::vector<std::shared_ptr<worker_connection>> recruiter::workers() const {
  std::lock_guard lock{mutex_};
  return roster_ ? roster_->members() : std::vector<std::shared_ptr<worker_connection>>{};
}

int recruiter::slots() const {
  std::lock_guard lock{mutex_};
  return std::max(1, slots_);
}

bool recruiter::settled() const {
  return following_ && hiring_ == 0 && working_ != 0;
}

bool recruiter::await(std::chrono::milliseconds patience) const {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, patience, [this] { return settled(); });
  return working_ != 0;
}

void recruiter::await_first() const {
  std::unique_lock lock{mutex_};
  const auto over = [this] {
    const bool all_refused = following_ && hiring_ == 0 && working_ == 0 && !refusals_.empty();
    return untrusted_ || all_refused || (settled() && working_ >= options_.least);
  };
  while (!over() && std::chrono::steady_clock::now() < last_move_ + options_.patience)
    changed_.wait_until(lock, last_move_ + options_.patience);
  require_enough();
}

void recruiter::require_enough() const {
  if (!following_)
    throw error{untrusted_ ? errc::untrusted : errc::unreachable,
                "the cluster's controller "
                  + (trouble_.empty() ? "does not say which nodes there are" : "cannot be reached: " + trouble_)};
  if (working_ >= options_.least)
    return;
  auto text = std::to_string(options_.least) + (options_.least == 1 ? " node is" : " nodes are") + " needed, and "
              + std::to_string(working_) + " can run this program";
  for (const auto& [is, why] : refusals_)
    text += "; " + why;
  if (refusals_.empty())
    text += ": start more with crema node";
  throw error{errc::unreachable, text};
}

} // namespace crema::net
