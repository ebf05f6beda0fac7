#pragma once

#include "dataflow/added_files.hpp"
#include "net/executables/executable_store.hpp"
#include "net/jobs/worker_setup.hpp"
#include "net/link.hpp"
#include "net/membership.hpp"

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
  std::vector<generation> given_up; ///< by controllers that the driver has followed before: those it refuses
  static auto members(auto& m) { return std::tie(m.given_up); }
  bool valid() const { return given_up.size() <= node_view::most_given_up; }
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

// -- who asks for a drain, the controller, the node, and its drivers ------------------------------------------------
//
//     crema cluster drain                        controller                              node
//       │── drain_node ────────────────────────────▶│── drain ──────────────────────────▶│  or a signal there
//       │◀───────────────────────── drain_passed ───│◀──────────────────── drain_begun ──│──▶ its drivers
//       │◀───────────── node_changed, to draining ──│
//       │◀───────────────── node_changed, to lost ──│◀───────────────── it has left ─────│

/// Asks the controller to have the node of that name leave once its work is done, or after this time.
struct drain_node {
  static constexpr std::uint16_t kind = introduce::kind + 20;
  std::string name;
  std::uint64_t within = 0; ///< milliseconds
  static auto members(auto& m) { return std::tie(m.name, m.within); }
};

/// The controller has told the node, or cannot.
struct drain_passed {
  static constexpr std::uint16_t kind = introduce::kind + 21;
  generation is = 0; ///< of the node, or 0
  static auto members(auto& m) { return std::tie(m.is); }
};

struct drain {
  static constexpr std::uint16_t kind = introduce::kind + 22;
  std::uint64_t within = 0; ///< milliseconds
  static auto members(auto& m) { return std::tie(m.within); }
};

/// The node takes no new work from here on.
struct drain_begun {
  static constexpr std::uint16_t kind = introduce::kind + 23;
  static auto members(auto&) { return std::tie(); }
};

// -- a driver to a node, and back -----------------------------------------------------------------------------------
//
//     driver                                     node
//       │── offer_executable ──────────────────────▶│
//       │◀───────────────── executable_wanted ──────│  or executable_ready, where the node has it
//       │── executable_chunk … ────────────────────▶│
//       │◀──────────────── executable_progress … ───│
//       │◀─────────────────── executable_ready ─────│  or executable_refused
//       │── start_worker ──────────────────────────▶│
//       │◀───────────────────── worker_started ─────│
//       │◀──────────────────── worker_printed … ────│
//       │◀───────────────────────── worker_ended ───│  in place of worker_started, or when it has ended
//
// The end of their link ends all workers that the driver has on the node. A driver that has nothing more to say leaves;
// the node ends its side when all of those workers have ended.

struct offer_executable {
  static constexpr std::uint16_t kind = introduce::kind + 9;
  executable_id what;
  static auto members(auto& m) { return std::tie(m.what); }
};

/// The same for a file that its workers may open by this name. Files come one after the other, behind the executable,
/// and their bytes and answers are those of an executable.
struct offer_file {
  static constexpr std::uint16_t kind = introduce::kind + 24;
  std::string name;
  executable_id what;
  static auto members(auto& m) { return std::tie(m.name, m.what); }
  bool valid() const { return internal::is_file_name(name); }
};

struct executable_wanted {
  static constexpr std::uint16_t kind = introduce::kind + 10;
  static auto members(auto&) { return std::tie(); }
};

/// Of a message whose payload is the next bytes of the executable, and nothing else.
inline constexpr std::uint16_t executable_chunk = introduce::kind + 11;

/// So many bytes are written.
struct executable_progress {
  static constexpr std::uint16_t kind = introduce::kind + 12;
  std::uint64_t received = 0;
  static auto members(auto& m) { return std::tie(m.received); }
};

struct executable_ready {
  static constexpr std::uint16_t kind = introduce::kind + 13;
  static auto members(auto&) { return std::tie(); }
};

/// It cannot run there, or cannot be stored.
struct executable_refused {
  static constexpr std::uint16_t kind = introduce::kind + 14;
  std::string reason;
  static auto members(auto& m) { return std::tie(m.reason); }
};

/// Starts the executable as worker `number` of this driver. The node says how much of it the worker may use.
struct start_worker {
  static constexpr std::uint16_t kind = introduce::kind + 15;
  int number = 0;
  std::string token; ///< by which others call it (jobs/worker_call.hpp)
  std::string build; ///< what the worker must find itself to be
  std::vector<std::string> arguments;
  std::vector<worker_peer> peers;
  static auto members(auto& m) { return std::tie(m.number, m.token, m.build, m.arguments, m.peers); }
};

/// From here on it can be called.
struct worker_started {
  static constexpr std::uint16_t kind = introduce::kind + 16;
  int number = 0;
  static auto members(auto& m) { return std::tie(m.number); }
};

/// Lines that it wrote on standard error. Who listens too slowly misses some.
struct worker_printed {
  static constexpr std::uint16_t kind = introduce::kind + 17;
  int number = 0;
  std::uint64_t missed = 0; ///< bytes before these lines
  std::string lines;
  static auto members(auto& m) { return std::tie(m.number, m.missed, m.lines); }
};

/// It could not be started, or has ended.
struct worker_ended {
  static constexpr std::uint16_t kind = introduce::kind + 18;
  int number = 0;
  std::string reason; ///< with the last lines of its output
  static auto members(auto& m) { return std::tie(m.number, m.reason); }
};

struct stop_worker {
  static constexpr std::uint16_t kind = introduce::kind + 19;
  int number = 0;
  static auto members(auto& m) { return std::tie(m.number); }
};

} // namespace crema::net
