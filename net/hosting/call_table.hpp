#pragma once

#include "net/descriptor.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace crema::net {

/// The workers of a node, by the tokens by which others call them at its port. Thread-safe.
class call_table {
public:
  /// `control` is the socket over which the worker gets its connections. Throws already_exists: tokens are random, so
  /// that is somebody's mistake, and whoever was first keeps it.
  void add(const std::string& token, std::shared_ptr<const descriptor> control);
  void remove(const std::string& token);

  /// Passes a connection on to the worker that is called by this server name, where there is one. Throws unreachable
  /// where it takes none.
  bool pass(std::string_view server_name, const descriptor& socket) const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const descriptor>> workers_;
};

} // namespace crema::net
