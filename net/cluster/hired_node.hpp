#pragma once

#include "net/cluster/own_executable.hpp"
#include "net/cluster_peer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace crema::net {

class hired_node;

/// Who has work for nodes hears from each of them. On the loop's thread.
class employer {
public:
  virtual ~employer() = default;

  /// Something has happened, so nobody needs to lose patience.
  virtual void moved() = 0;

  /// And all files that it was hired with.
  virtual void has_executable(hired_node& there) = 0;

  /// The file that `bring` named is there, or, where there is a reason, cannot be.
  virtual void brought(hired_node& there, const cargo& file, const std::string& refusal) = 0;

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

/// A driver's link to one node: brings the executable there, once, and files, and has workers started. When its owner
/// has heard that it is gone or cut, it is over. On the loop's thread.
class hired_node final : public cluster_peer {
public:
  using files = std::vector<std::shared_ptr<const cargo>>;

  hired_node(std::shared_ptr<const cluster_context> here, member node, files first, std::weak_ptr<employer> owner)
      : cluster_peer{std::move(here)},
        node_{std::move(node)},
        files_{std::move(first)},
        first_{files_.size()},
        owner_{std::move(owner)} {}

  /// Dials it.
  void begin(std::chrono::milliseconds patience);

  /// Brings another file there.
  void bring(std::shared_ptr<const cargo> file);

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
  void on(const executable_refused& said);
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
  void offer_next();
  void send_more();
  const cargo& current() const;

  const member node_;
  files files_;             ///< behind the executable
  const std::size_t first_; ///< how many of them it must have before it works
  std::weak_ptr<employer> owner_;
  std::shared_ptr<void> until_left_;
  std::size_t there_ = 0; ///< of the executable and the files: what the node has, or has refused
  bool offered_ = false;  ///< the next of them
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0; ///< of it, as the node says
};

} // namespace crema::net
