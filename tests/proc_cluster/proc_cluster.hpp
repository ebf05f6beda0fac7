#pragma once

#include "dataflow/context.hpp"
#include "tests/loopback_cluster.hpp"
#include "tests/proc_cluster/link_proxy.hpp"
#include "tests/system/child_program.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace crema::testing {

/// Limits for tests: who gives no sign of life for 2 s is dead.
inline constexpr net::liveness_limits short_liveness{std::chrono::milliseconds{100}, std::chrono::milliseconds{700},
                                                     std::chrono::milliseconds{2000}};

/// A process and all below it: a node's daemon, the guardians of its workers, and the workers.
class process_tree {
public:
  explicit process_tree(pid_t root);

  const std::vector<pid_t>& all() const& noexcept { return all_; }
  void signal(int number) const;

private:
  std::vector<pid_t> all_; ///< from the root on
};

struct node_setup {
  std::uint32_t slots = 1;
  bool behind_proxy = false;
  std::vector<std::string> words{}; ///< more of them, for `crema node`
};

/// A cluster of real processes: each node is a `crema node` of its own; the controller and the driver are in the test's
/// process. What a test leaves behind, it is failed for: its end looks for processes, files and descriptors.
///
///     proc_cluster mars;
///     auto& b = mars.add("b", {.behind_proxy = true});
///     const auto ctx = mars.connect(1);
///     … b.signal(SIGSTOP) …
///
/// Tasks learn by `node_of_this_process` on which node they are.
class proc_cluster {
public:
  /// `seed` is for what the proxies do to bytes.
  explicit proc_cluster(std::uint64_t seed = 1);
  ~proc_cluster();
  proc_cluster(const proc_cluster&) = delete;
  proc_cluster& operator=(const proc_cluster&) = delete;

  class node {
  public:
    node(const proc_cluster& of, const std::string& name, const node_setup& setup, std::uint64_t seed);

    child_program& daemon() noexcept { return *daemon_; }
    link_proxy& proxy() noexcept { return *proxy_; }
    pid_t pid() const noexcept { return pid_; }
    process_tree tree() const { return process_tree{pid()}; }

  private:
    std::atomic<pid_t> pid_ = 0; ///< the proxy asks for it, too
    std::unique_ptr<link_proxy> proxy_;
    std::unique_ptr<child_program> daemon_;
  };

  /// Returns when it is registered.
  node& add(const std::string& name, const node_setup& setup = {});

  /// A context with a worker on each of at least so many nodes.
  std::unique_ptr<context> connect(int nodes) const;

  /// What the controller has logged.
  std::string log() const;

  /// Returns when it has logged that; after a minute that is a failure.
  void await_log(const std::string& part) const;

  loopback_cluster& base() noexcept { return *base_; }
  std::string path(const std::string& name) const { return base_->path(name); }

private:
  friend class node;

  const std::size_t descriptors_;
  const std::uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::condition_variable logged_;
  std::string log_;
  std::unique_ptr<loopback_cluster> base_;
  std::vector<std::unique_ptr<node>> nodes_;
};

/// Empty where it is none of a proc_cluster.
std::string node_of_this_process();

/// The TCP port at which a process listens: the first that the system names.
net::address port_of(pid_t process);

/// Runs small jobs until the workers of a context are so many, and says which; fewer after a minute.
std::set<long> workers_once(context& ctx, std::size_t wanted);

std::size_t open_descriptors();

} // namespace crema::testing
