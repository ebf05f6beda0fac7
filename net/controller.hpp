#pragma once

#include "net/cluster_peer.hpp"
#include "net/listener.hpp"
#include "net/membership.hpp"
#include "net/profile.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crema::net {

struct controller_options {
  address listen{"127.0.0.1", 7123};
  std::optional<address> advertise{}; ///< what nodes and drivers shall dial; else where it listens
  link_options links{};
};

/// Keeps the list of a cluster's nodes: they register, drivers follow. Jobs do without it: it may die and come back.
///
/// It counts its start in the profile's connection file, and writes there where it can be reached. A node whose own
/// port cannot be reached from here is refused. Of nodes that it did not lose itself it believes drivers that an
/// earlier controller gave them up: they have to join again. What happens is logged, a line each, on the loop's thread.
class controller {
public:
  using on_log = std::function<void(const std::string& line)>;

  /// Listens when it returns. Throws what profile and listener throw.
  controller(io_loop& loop, const profile& of, const controller_options& options, on_log log);
  ~controller();

  /// What nodes and drivers dial.
  const address& where() const noexcept { return where_; }
  std::uint32_t epoch() const noexcept { return epoch_; }

private:
  class registry;
  class registered_peer;

  io_loop& loop_;
  std::uint32_t epoch_ = 0;
  address where_;
  std::shared_ptr<registry> registry_;
  std::optional<listener> listener_;
};

} // namespace crema::net
