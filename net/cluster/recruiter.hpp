#pragma once

#include "net/cluster/cluster_workers.hpp"
#include "net/cluster/hired_node.hpp"
#include "net/cluster/node_output.hpp"
#include "net/controller_search.hpp"
#include "net/growing_pause.hpp"
#include "net/jobs/worker_roster.hpp"
#include "net/membership.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace crema::net {

/// Sees to it that there is a worker on each node of a cluster: follows the controller, hires the nodes that come, has
/// workers started, and opens the links to them. On the loop's thread, but for what waits.
///
/// A link that is cut costs what the driver had on the node, and not the node: it is dialled again, after a pause that
/// grows, for as long as the controller counts that generation among its nodes.
///
/// Workers are started one after the other: each is told of all that can be called already, and dials them.
class recruiter final : public employer, public std::enable_shared_from_this<recruiter> {
public:
  recruiter(std::shared_ptr<const cluster_context> here, cluster_options options)
      : here_{std::move(here)},
        options_{std::move(options)},
        output_{std::make_shared<node_output>(here_->loop, options_.output)} {}
  ~recruiter() override;

  void begin(profile of);

  /// Ends all of it. `closed` is called, on the loop's thread, when no node has anything of this driver any more.
  void close(std::function<void()> closed);

  // On any thread.

  /// The workers that are ready.
  std::vector<std::shared_ptr<worker_connection>> workers() const;

  /// Waits until each node that is there has a worker that is ready, or is given up; not longer than `patience`.
  /// Whether there is one.
  bool await(std::chrono::milliseconds patience) const;

  /// The same, while anything happens. Throws, with what the nodes have said, where too few come.
  void await_first() const;

  /// Returns when all nodes have the file at `path` by this name; those that come later have it before they work.
  /// Throws io_failure with what each node has said that cannot have it: then none is to use it.
  void add_file(const std::string& name, const std::string& path);

  /// Tasks that all workers run at once.
  int slots() const;

  // Of nodes.

  void moved() override;
  void has_executable(hired_node& there) override;
  void brought(hired_node& there, const cargo& file, const std::string& refusal) override;
  void started(hired_node& there, int number) override;
  void printed(hired_node& there, const worker_printed& said) override;
  void ended(hired_node& there, int number, const std::string& reason) override;
  void draining(hired_node& there) override;
  void gone(hired_node& from, const std::string& reason) override;
  void cut(hired_node& from, const std::string& reason) override;

private:
  class follower;
  class cluster_worker;

  struct hired {
    generation on = 0;     ///< the node
    std::string described; ///< the node, for people
    worker_peer call;      ///< how others reach it
    bool callable = false;
    std::shared_ptr<cluster_worker> connection;
    io_loop::time since{};
    io_loop::id deadline = 0; ///< to get ready; 0 when it is
    std::string reason{};     ///< for which the driver has it ended
  };

  struct place {
    std::shared_ptr<hired_node> node;
    io_loop::time since{};  ///< when its link was begun
    growing_pause pause{};  ///< before another worker takes the place of one that has ended
    growing_pause redial{}; ///< before another link takes the place of one that was cut
    bool prepared = false;  ///< it has the executable, and the link is there
    bool works = false;     ///< it has a worker that is ready
    int failures = 0;       ///< since it had one
    bool awaited = true;    ///< it should have one soon
    bool drains = false;    ///< it gets no more work
  };

  /// A file on its way to the nodes that are there.
  struct delivery {
    std::shared_ptr<const cargo> file;
    std::set<generation> to;
    std::string refusals{};
    std::promise<std::string> over{};
  };

  void deliver_file(delivery& file);
  void no_longer_awaited(generation from, const cargo* file, const std::string& refusal);
  void follow(std::unique_ptr<stream> connection);
  void trouble(const error& why);
  void heard(const node_changes& changes);
  void hire(const member& node);
  void dial_again(generation is);
  void note_failure(place& at, const std::string& reason);
  void note_refusal(const hired_node& of, const std::string& reason);
  void let_go(generation is, const std::string& reason);
  void retire(generation is);
  void leave(generation is);
  void want_worker(generation is);
  void start_next();
  void call(int number);
  void ready(int number);
  void end(int number, const std::string& reason);
  void require_own(const hired_node& there, int number) const;
  std::optional<hired> forget(int number, const std::string& reason);
  void forget_all(generation is, const std::string& reason);
  void replace(generation is, io_loop::time since);
  void count();
  bool settled() const;
  void require_enough() const;

  const std::shared_ptr<const cluster_context> here_;
  const cluster_options options_;
  const std::shared_ptr<node_output> output_;
  std::shared_ptr<worker_roster> roster_;
  std::shared_ptr<controller_search> search_;
  std::shared_ptr<follower> follower_;
  node_view view_;
  std::map<generation, place> places_;
  hired_node::files files_; ///< what each node shall have
  delivery* delivery_ = nullptr;
  std::deque<generation> to_start_; ///< they have the executable and want a worker
  std::optional<int> starting_;
  std::map<int, hired> workers_;
  int next_number_ = 0;
  std::minstd_rand random_{std::random_device{}()};

  std::mutex adding_; ///< a file

  // What those who wait look at.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::chrono::steady_clock::time_point last_move_ = std::chrono::steady_clock::now();
  bool following_ = false;  ///< the controller has said which nodes there are
  std::size_t hiring_ = 0;  ///< nodes that have no worker yet
  std::size_t working_ = 0; ///< nodes that have one
  int slots_ = 0;
  std::map<generation, std::string> refusals_; ///< why nodes have none
  std::string trouble_;                        ///< with the controller
  bool untrusted_ = false;
};

} // namespace crema::net
