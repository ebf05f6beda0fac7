#pragma once

#include "net/address.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace crema::net {

/// One life of a node. A node that was given up, or started anew, comes back as another generation; later ones are
/// larger.
using generation = std::uint64_t;

/// What a node says of itself.
struct node_facts {
  std::string name;
  address where; ///< of its port, as others reach it
  std::uint32_t cpu_slots = 0;
  std::uint32_t io_slots = 0;
  std::uint64_t memory = 0; ///< bytes that its workers may use for records

  static auto members(auto& f) { return std::tie(f.name, f.where, f.cpu_slots, f.io_slots, f.memory); }
  bool operator==(const node_facts&) const = default;
};

struct member {
  generation is = 0;
  node_facts facts;
  bool suspected = false;
  bool draining = false; ///< it gets no more work, and leaves when what it has is done

  static auto members(auto& m) { return std::tie(m.is, m.facts, m.suspected, m.draining); }
  bool operator==(const member&) const = default;
};

/// What has become of a node.
struct node_change {
  enum class event : std::uint8_t { joined, suspected, trusted, lost, draining };
  event what = event::joined;
  member node;
  std::string reason; ///< of a loss

  static auto members(auto& c) { return std::tie(c.what, c.node, c.reason); }
  bool valid() const { return what <= event::draining; }
  bool operator==(const node_change&) const = default;
};

using node_changes = std::vector<node_change>;

void append(node_changes& to, node_changes more);

/// The nodes that live, as far as somebody knows: events in, changes out. Pure.
///
/// Of a name, and of an address, one generation lives at a time: another that joins ends it. What is lost stays lost:
/// nothing that is said of such a generation, or in its name, counts any more. Events for generations that are unknown,
/// lost, or in that state already change nothing, so they may come late and more than once.
class node_table {
public:
  node_changes join(generation is, const node_facts& facts);
  node_changes suspect(generation is);
  node_changes trust(generation is);
  node_changes lose(generation is, const std::string& reason);

  /// For good: a node that drains does so until it is lost.
  node_changes drain(generation is);

  /// The same, also of a generation that is not known here: it will not be taken in.
  node_changes bar(generation is, const std::string& reason);

  /// Whether a message of this generation is to be heeded.
  bool accepts(generation is) const { return members_.contains(is); }

  /// Whether it lived and is lost, or is barred.
  bool is_lost(generation is) const { return lost_.contains(is); }

  /// Those that live, the oldest generation first.
  std::vector<member> members() const;

private:
  node_changes set_suspected(generation is, bool suspected);

  std::map<generation, member> members_;
  std::set<generation> lost_;
};

} // namespace crema::net
