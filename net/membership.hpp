#pragma once

#include "net/node_table.hpp"

namespace crema::net {

/// The controller's view of the nodes, which counts. Pure; what becomes of nodes comes from their links.
///
///     membership nodes{epoch};
///     auto [is, changes] = nodes.join(facts, claimed); // tell the node what it is now, and all drivers the changes
///     …
///     tell_drivers(nodes.table().lose(is, "the connection broke"));
///
/// A generation is `epoch` (32 bits), which grows whenever a controller starts, and a number. So those of a new
/// controller are larger than all that an old one gave, and a node that outlived its controller may keep what it is:
/// the jobs that run on it do not notice.
class membership {
public:
  explicit membership(std::uint32_t epoch) noexcept : epoch_{epoch} {}

  struct welcome {
    generation is = 0;
    node_changes changes;
  };

  /// A node has come. `claimed` is the generation that it has been, 0 for none: it stays that if an earlier controller
  /// gave it and nothing here contradicts, else it is a new one.
  welcome join(const node_facts& facts, generation claimed);

  /// Earlier controllers have given these up, as a driver knows that followed them and refuses them for ever: nobody
  /// stays or becomes one of them here. What this controller or a later one gave does not count.
  node_changes give_up(const std::vector<generation>& all);

  std::uint32_t epoch() const noexcept { return epoch_; }
  node_table& table() noexcept { return table_; }
  const node_table& table() const noexcept { return table_; }

private:
  const std::uint32_t epoch_;
  std::uint32_t last_ = 0;
  node_table table_;
};

/// A driver's view of the nodes: what the controller says, and what the driver has seen itself. Pure.
///
/// A node that the driver has given up stays given up, whatever the controller says of that generation. When the
/// controller is gone, the view stays as it was.
class node_view {
public:
  static constexpr std::size_t most_given_up = 4096;

  /// All nodes, as the controller of this epoch says on a new connection. Those it does not name are lost if it has
  /// named them before; if it is a new one, it may not have heard of them yet.
  node_changes snapshot(std::uint32_t epoch, const std::vector<member>& members);

  node_changes apply(const node_change& said);

  /// The driver's own link to the node has ended.
  node_changes lose(generation is, const std::string& reason) { return table_.lose(is, reason); }

  /// The node itself has said that it drains.
  node_changes drain(generation is) { return table_.drain(is); }

  /// The latest of those that controllers have given up, for the next one to know: it might let them be what they were.
  std::vector<generation> given_up() const;

  const node_table& table() const noexcept { return table_; }

private:
  node_changes take(const member& said);
  node_changes noted(node_changes changes);

  std::uint32_t epoch_ = 0;
  std::set<generation> named_;    ///< by this controller
  std::set<generation> given_up_; ///< by any
  node_table table_;
};

} // namespace crema::net
