#pragma once

#include "net/link.hpp"
#include "net/node_table.hpp"

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// What the controller, nodes and drivers say to each other over links: all of it on this page. Commands are imperative,
// events past tense. Each struct lists its members once, which is how it is written and read; docs/wire.md draws
// values.

namespace crema::net {

// -- both sides, first of all ---------------------------------------------------------------------------------------

struct introduce {
  static constexpr std::uint16_t kind = first_message_kind;
  std::string version;    ///< of crema
  std::string name;       ///< what logs call the sender
  std::int64_t clock = 0; ///< nanoseconds since 1970, as the sender's wall clock says
  static auto members(auto& m) { return std::tie(m.version, m.name, m.clock); }
};

// -- anybody to the controller or to a node -------------------------------------------------------------------------

/// Asks to be dialled there, so as to know whether others can reach it.
struct dial_back {
  static constexpr std::uint16_t kind = introduce::kind + 1;
  address where;
  static auto members(auto& m) { return std::tie(m.where); }
};

struct dialled_back {
  static constexpr std::uint16_t kind = introduce::kind + 2;
  std::string failure; ///< empty: it was reached
  static auto members(auto& m) { return std::tie(m.failure); }
};

// -- a node to the controller, and back -----------------------------------------------------------------------------

struct register_node {
  static constexpr std::uint16_t kind = introduce::kind + 3;
  node_facts facts;
  generation claimed = 0; ///< what it has been, or 0
  static auto members(auto& m) { return std::tie(m.facts, m.claimed); }
};

struct node_registered {
  static constexpr std::uint16_t kind = introduce::kind + 4;
  generation is = 0;
  static auto members(auto& m) { return std::tie(m.is); }
};

struct node_refused {
  static constexpr std::uint16_t kind = introduce::kind + 5;
  std::string reason;
  static auto members(auto& m) { return std::tie(m.reason); }
};

// -- a driver to the controller, and back ---------------------------------------------------------------------------

/// Asks for the nodes, and from then on for every change.
struct follow_nodes {
  static constexpr std::uint16_t kind = introduce::kind + 6;
  static auto members(auto&) { return std::tie(); }
};

struct nodes_known {
  static constexpr std::uint16_t kind = introduce::kind + 7;
  std::uint32_t epoch = 0;
  std::vector<member> nodes;
  static auto members(auto& m) { return std::tie(m.epoch, m.nodes); }
};

struct node_changed {
  static constexpr std::uint16_t kind = introduce::kind + 8;
  node_change change;
  static auto members(auto& m) { return std::tie(m.change); }
};

} // namespace crema::net
