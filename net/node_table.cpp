#include "net/node_table.hpp"

#include <iterator>
#include <utility>

namespace crema::net {

void append(node_changes& to, node_changes more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

node_changes node_table::join(generation is, const node_facts& facts) {
  if (accepts(is) || is_lost(is))
    return {};
  node_changes changes;
  for (const auto& each : members())
    if (each.facts.name == facts.name || each.facts.where == facts.where)
      append(changes, lose(each.is, "another has come in its place"));
  const auto& joined = members_.emplace(is, member{is, facts}).first->second;
  changes.push_back({node_change::event::joined, joined, {}});
  return changes;
}

node_changes node_table::suspect(generation is) {
  return set_suspected(is, true);
}

node_changes node_table::trust(generation is) {
  return set_suspected(is, false);
}

node_changes node_table::set_suspected(generation is, bool suspected) {
  const auto found = members_.find(is);
  if (found == members_.end() || std::exchange(found->second.suspected, suspected) == suspected)
    return {};
  return {{suspected ? node_change::event::suspected : node_change::event::trusted, found->second, {}}};
}

node_changes node_table::lose(generation is, const std::string& reason) {
  const auto gone = members_.extract(is);
  if (!gone)
    return {};
  lost_.insert(is);
  return {{node_change::event::lost, gone.mapped(), reason}};
}

node_changes node_table::drain(generation is) {
  const auto found = members_.find(is);
  if (found == members_.end() || std::exchange(found->second.draining, true))
    return {};
  return {{node_change::event::draining, found->second, {}}};
}

node_changes node_table::bar(generation is, const std::string& reason) {
  auto changes = lose(is, reason);
  lost_.insert(is);
  return changes;
}

std::vector<member> node_table::members() const {
  std::vector<member> all;
  for (const auto& [is, each] : members_)
    all.push_back(each);
  return all;
}

} // namespace crema::net
