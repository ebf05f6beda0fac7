#pragma once

#include "dataflow/error.hpp"
#include "net/cluster_peer.hpp"
#include "net/growing_pause.hpp"
#include "net/profile.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace crema::net {

/// Finds the controller of a profile, and again whenever it is lost, after a pause that grows. On the loop's thread.
class controller_search : public std::enable_shared_from_this<controller_search> {
public:
  using on_found = std::function<void(std::unique_ptr<stream> connection)>;
  using on_trouble = std::function<void(const error& why, std::chrono::milliseconds pause)>;

  /// Without `controllers` it looks where the profile's connection file says, each time anew.
  controller_search(std::shared_ptr<const cluster_context> here, profile of, std::vector<address> controllers,
                    on_found found, on_trouble trouble);

  /// Looks for it now, or after a pause, for this reason.
  void begin();
  void begin_again(const error& why);

  /// The controller does what is expected of it: the next pause is a short one.
  void succeeded() { pause_.reset(); }

  /// For good: nothing is called any more.
  void stop();

private:
  void try_next(std::vector<address> left);

  const std::shared_ptr<const cluster_context> here_;
  const profile profile_;
  const std::vector<address> controllers_;
  on_found found_;
  on_trouble trouble_;
  growing_pause pause_;
  std::minstd_rand random_{std::random_device{}()};
  io_loop::id pausing_ = 0;
  bool stopped_ = false;
};

} // namespace crema::net
