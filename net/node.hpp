#pragma once

#include "net/cluster_peer.hpp"
#include "net/hosting/host.hpp"
#include "net/listener.hpp"
#include "net/profile.hpp"

#include <chrono>
#include <cstdint>
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
  std::uint64_t memory = 0; ///< bytes that each worker may use for records
  std::string work_directory = default_work_directory();
  std::uint64_t max_executables = std::uint64_t{2} << 30; ///< bytes of executables that are kept
  link_options links{};
};

/// What a node says to who runs it, on the loop's thread.
struct node_events {
  std::function<void(const node_facts& facts, generation is)> registered; ///< or again, perhaps as another one
  std::function<void(const std::string& reason)>
    refused; ///< by the controller, the first time, and it does not try again
  std::function<void(const std::string& line)> log;
  /// Somebody wants it to drain, and to leave after this time at the latest.
  std::function<void(std::chrono::milliseconds within)> drain_asked{};
  /// It drains, and has no work any more.
  std::function<void()> drained{};
};

/// A node of a cluster: has a port of its own, registers with the controller, and does so again, after a pause that
/// grows, whenever the controller is gone, or refuses what it took before. It may start before the controller does.
///
/// Drivers come to its port, send their executables, and have them run as workers, each of which may use as much as the
/// options say. Through the same port workers are reached. When the link of a driver ends, all that it has here ends.
class node {
public:
  /// Listens when it returns. Throws what profile, listener, work_directory and executable_store throw.
  node(io_loop& loop, const profile& of, const node_options& options, node_events events);

  /// Leaves the cluster, in good order where the controller answers in time, and ends all workers. Nothing is called
  /// any more.
  ~node();

  /// Takes no new work from here on, and has the controller and its drivers know: they let what they run here end, and
  /// leave. `node_events::drained` is called when all of them have, soon where there is none. On any thread.
  void drain();

  const node_facts& facts() const noexcept { return facts_; }

private:
  class registration;
  class drivers;

  io_loop& loop_;
  node_facts facts_;
  host host_;
  std::shared_ptr<drivers> drivers_;
  std::shared_ptr<registration> registration_;
  std::optional<listener> listener_;
};

} // namespace crema::net
