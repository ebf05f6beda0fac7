#include "dataflow/plan/attempts.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace crema::internal {

void attempts::lose(std::string how, task_names with) {
  how_.push_back(std::move(how));
  with_.merge(with);
}

std::optional<error> attempts::next() {
  losses_.insert(losses_.end(), std::make_move_iterator(how_.begin()), std::make_move_iterator(how_.end()));
  how_.clear();
  if (suspects_)
    std::erase_if(*suspects_, [&](const auto& suspect) { return !with_.contains(suspect.first); });
  else
    suspects_ = with_;
  with_.clear();
  ++current_;
  if (current_ == most || (current_ >= enough_for_one && suspects_->size() == 1))
    return give_up();
  return {};
}

bool attempts::commits_first(const task_key& task) {
  if (current_ == 0)
    return true;
  const bool first = committed_.insert(task).second;
  recomputed_ += first ? 0 : 1;
  return first;
}

error attempts::give_up() const {
  constexpr std::size_t most_names = 8;
  std::string blamed;
  std::size_t named = 0;
  for (const auto& [task, name] : *suspects_)
    if (named++ < most_names)
      blamed += (blamed.empty() ? "" : ", ") + name;
  if (named > most_names)
    blamed += fmt::format(" and {} more", named - most_names);
  return {errc::unreachable,
          fmt::format("workers were lost in each of {} attempts at the job; {}; the losses: {}", current_,
                      blamed.empty() ? std::string{"no task was on all that were lost"}
                                     : "each time with " + blamed + " unfinished",
                      losses())};
}

std::string attempts::losses() const {
  return fmt::format("{}", fmt::join(losses_, "; "));
}

namespace {

/// How many shuffles follow each other at most on a way from a source to `top`. Ancestors of any number, so no
/// recursion.
int chained_shuffles(const node& top) {
  std::unordered_map<const node*, int> depth;
  std::vector<const node*> open{&top};
  while (!open.empty()) {
    const auto* at = open.back();
    bool ready = true;
    int most = 0;
    for (const auto& parent : at->parents())
      if (const auto known = depth.find(parent.get()); known != depth.end()) {
        most = std::max(most, known->second);
      } else {
        ready = false;
        open.push_back(parent.get());
      }
    if (!ready)
      continue;
    open.pop_back();
    depth[at] = most + (at->kind() == dependency::wide ? 1 : 0);
  }
  return depth[&top];
}

} // namespace

bool is_settled(const node& top) {
  return chained_shuffles(top) <= 1;
}

} // namespace crema::internal
