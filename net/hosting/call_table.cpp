#include "net/hosting/call_table.hpp"

#include "dataflow/error.hpp"
#include "net/jobs/worker_call.hpp"
#include "net/jobs/worker_setup.hpp"

#include <utility>

namespace crema::net {

void call_table::add(const std::string& token, std::shared_ptr<const descriptor> control) {
  std::lock_guard lock{mutex_};
  if (!workers_.emplace(token, std::move(control)).second)
    throw error{errc::already_exists, "a worker of this node is called by the token " + token + " already"};
}

void call_table::remove(const std::string& token) {
  std::lock_guard lock{mutex_};
  workers_.erase(token);
}

bool call_table::pass(std::string_view server_name, const descriptor& socket) const {
  const auto call = parse_worker_call(server_name);
  if (!call)
    return false;
  std::unique_lock lock{mutex_};
  const auto found = workers_.find(call->token);
  if (found == workers_.end())
    return false;
  const auto control = found->second;
  lock.unlock();
  send_connection(*control, call->caller, true, socket);
  return true;
}

} // namespace crema::net
