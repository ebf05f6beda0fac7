#pragma once

#include "net/cluster_peer.hpp"
#include "net/growing_pause.hpp"
#include "net/listener.hpp"
#include "net/profile.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crema::net {

struct node_options {
  std::string name{}; ///< empty: the address that others dial
  address listen{"127.0.0.1", 0};
  std::optional<address> advertise{}; ///< what others shall dial; else where it listens
  std::vector<address> controllers{}; ///< empty: what the profile's connection file says, each time anew
  std::uint32_t cpu_slots = 1;
  std::uint32_t io_slots = 256;
  std::uint64_t memory = 0;
  link_options links{};
};

/// What a node says to who runs it, on the loop's thread.
struct node_events {
  std::function<void(const node_facts& facts, generation is)> registered; ///< or again, perhaps as another one
  std::function<void(const std::string& reason)> refused; ///< by the controller, and it does not try again
  std::function<void(const std::string& line)> log;
};

/// A node of a cluster: has a port of its own, registers with the controller, and does so again, after a pause that
/// grows, whenever the controller is gone. It may start before the controller does.
class node {
public:
  /// Listens when it returns. Throws what profile and listener throw.
  node(io_loop& loop, const profile& of, const node_options& options, node_events events);

  /// Leaves the cluster, in good order where the controller answers in time. Nothing is called any more.
  ~node();

  const node_facts& facts() const noexcept { return facts_; }

private:
  class registration;

  io_loop& loop_;
  node_facts facts_;
  std::shared_ptr<registration> registration_;
  std::optional<listener> listener_;
};

} // namespace crema::net
