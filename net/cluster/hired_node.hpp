#pragma once

#include "net/cluster_peer.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace crema::net {

class hired_node;

/// Who has work for nodes hears from each of them. On the loop's thread.
class employer {
public:
  virtual ~employer() = default;

  /// Something has happened, so nobody needs to lose patience.
  virtual void moved() = 0;

  virtual void has_executable(hired_node& there) = 0;

  // What it says of a worker that is not on it makes no sense, and is refused as corrupt_data.
  virtual void started(hired_node& there, int number) = 0;
  virtual void printed(hired_node& there, const worker_printed& said) = 0;
  virtual void ended(hired_node& there, int number, const std::string& reason) = 0;

  /// The node takes no new work.
  virtual void draining(hired_node& there) = 0;

  /// The node is of no use: it cannot run the executable, or says what no node says.
  virtual void gone(hired_node& from, const std::string& reason) = 0;

  /// The node cannot be reached, or not any more, which may be the network's fault.
  virtual void cut(hired_node& from, const std::string& reason) = 0;
};

/// A driver's link to one node: brings the executable there, once, and has workers started. When its owner has heard
/// that it is gone or cut, it is over. On the loop's thread.
class hired_node final : public cluster_peer {
public:
  hired_node(std::shared_ptr<const cluster_context> here, member node, std::weak_ptr<employer> owner)
      : cluster_peer{std::move(here)}, node_{std::move(node)}, owner_{std::move(owner)} {}

  /// Dials it.
  void begin(std::chrono::milliseconds patience);

  /// Nothing is told any more, and what the driver has there ends.
  void dismiss();

  /// The same in good order: what its workers still print is told. `until_left` is kept until it knows.
  void leave(std::shared_ptr<void> until_left);

  const member& node() const noexcept { return node_; }

  /// Whether it has introduced itself over this link.
  bool reached() const noexcept { return peer().has_value(); }

  void received(message from_node) override;

  using cluster_peer::on;
  void on(const executable_wanted&) { send_more(); }
  void on(const executable_progress& said);
  void on(const executable_ready&);
  void on(const executable_refused& said) { give_up(said.reason); }
  void on(const worker_started& said);
  void on(const worker_printed& said);
  void on(const worker_ended& said);
  void on(const drain_begun&);

private:
  void introduced() override;
  void gone(const link_end& how) override;
  void give_up(const std::string& reason);
  void be_cut(const std::string& reason);
  std::shared_ptr<employer> end(const std::string& reason);
  void send_more();

  const member node_;
  std::weak_ptr<employer> owner_;
  std::shared_ptr<void> until_left_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0; ///< of the executable, as the node says
};

} // namespace crema::net
