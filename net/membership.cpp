#include "net/membership.hpp"

#include <utility>

namespace crema::net {

namespace {

std::uint32_t epoch_of(generation is) {
  return static_cast<std::uint32_t>(is >> 32);
}

} // namespace

membership::welcome membership::join(const node_facts& facts, generation claimed) {
  const bool keeps = claimed != 0 && epoch_of(claimed) < epoch_ && !table_.accepts(claimed) && !table_.is_lost(claimed);
  const auto is = keeps ? claimed : (generation{epoch_} << 32 | ++last_);
  return {is, table_.join(is, facts)};
}

node_changes membership::give_up(const std::vector<generation>& all) {
  node_changes changes;
  for (const auto is : all)
    if (epoch_of(is) < epoch_)
      append(changes, table_.bar(is, "an earlier controller has given it up"));
  return changes;
}

node_changes node_view::snapshot(std::uint32_t epoch, const std::vector<member>& members) {
  if (std::exchange(epoch_, epoch) != epoch)
    named_.clear();
  node_changes changes;
  const auto before = std::exchange(named_, {});
  for (const auto& each : members)
    named_.insert(each.is);
  for (const auto is : before)
    if (!named_.contains(is))
      append(changes, table_.lose(is, "the controller has given it up"));
  for (const auto& each : members)
    append(changes, take(each));
  return noted(std::move(changes));
}

node_changes node_view::apply(const node_change& said) {
  if (said.what == node_change::event::lost) {
    named_.erase(said.node.is);
    return noted(table_.lose(said.node.is, said.reason));
  }
  named_.insert(said.node.is);
  return noted(take(said.node));
}

node_changes node_view::noted(node_changes changes) {
  for (const auto& each : changes)
    if (each.what == node_change::event::lost)
      given_up_.insert(each.node.is);
  while (given_up_.size() > most_given_up)
    given_up_.erase(given_up_.begin());
  return changes;
}

std::vector<generation> node_view::given_up() const {
  return {given_up_.begin(), given_up_.end()};
}

node_changes node_view::take(const member& said) {
  auto changes = table_.join(said.is, said.facts);
  append(changes, said.suspected ? table_.suspect(said.is) : table_.trust(said.is));
  if (said.draining)
    append(changes, table_.drain(said.is));
  return changes;
}

} // namespace crema::net
