#pragma once

#include "net/cluster/own_executable.hpp"
#include "net/controller.hpp"
#include "net/node.hpp"
#include "net/work_directory.hpp"

#include "dataflow/config.hpp"
#include "tests/net/temporary_directory.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace crema::testing {

/// A cluster on loopback, with keys of its own: a profile, its controller, and nodes in this process, which run workers
/// of this same executable.
class loopback_cluster {
public:
  /// `links` are the controller's; `log` is called on a thread of the cluster's.
  explicit loopback_cluster(const net::link_options& links = {}, net::controller::on_log log = nullptr) {
    ::setenv("XDG_CONFIG_HOME", root_.path().c_str(), 1);
    keys_.emplace(net::profile::create("mars", {{"127.0.0.1", 1}}));
    controller_.emplace(loop_, *keys_, net::controller_options{.listen = {"127.0.0.1", 0}, .links = links},
                        std::move(log));
  }
  ~loopback_cluster() {
    nodes_.clear();
    controller_.reset();
    ::unsetenv("XDG_CONFIG_HOME");
  }
  loopback_cluster(const loopback_cluster&) = delete;
  loopback_cluster& operator=(const loopback_cluster&) = delete;

  /// `log` is called on a thread of the cluster's.
  void add_node(const std::string& name, std::uint32_t slots = 1,
                std::function<void(const std::string&)> log = nullptr) {
    const net::node_options options{
      .name = name, .cpu_slots = slots, .memory = std::uint64_t{64} << 20, .work_directory = work()};
    nodes_.emplace(name, std::make_unique<net::node>(loop_, *keys_, options, net::node_events{{}, {}, std::move(log)}));
  }
  void remove_node(const std::string& name) { nodes_.erase(name); }

  /// Spares nodes that use this work directory from being sent this program each: it is large, not being stripped.
  void store_this_executable() const {
    const auto& own = net::this_executable();
    const net::work_directory made{work()};
    const net::executable_store store{work() + "/executables", own.id.size};
    auto transfer = store.receive(own.id);
    transfer.add(own.bytes.bytes);
    std::move(transfer).finish();
  }

  const net::profile& keys() const { return *keys_; }
  const net::address& controller() const { return controller_->where(); }

  config settings(int nodes) const {
    config found;
    found.master = "crema://" + net::to_string(controller());
    found.min_nodes = nodes;
    found.inline_records = 0; // else tiny jobs would stay here
    found.progress = false;
    return found;
  }

  std::string work() const { return root_.path("work"); }
  std::string path(const std::string& name) const { return root_.path(name); }

private:
  net::temporary_directory root_;
  net::io_loop loop_;
  std::optional<net::profile> keys_;
  std::optional<net::controller> controller_;
  std::map<std::string, std::unique_ptr<net::node>> nodes_;
};

} // namespace crema::testing
