#pragma once

#include "net/messages.hpp"
#include "net/profile.hpp"

#include <chrono>
#include <string>

namespace crema::command {

/// What the controller of a profile knows of its nodes, asked as a driver would. Throws unreachable where it does not
/// answer in time, and what `dial` throws.
net::nodes_known ask_for_nodes(const net::profile& of, std::chrono::milliseconds patience);

/// Has the node of that name drain, and waits until it has left, which it does after `within` at the latest. Throws
/// not_found with the names that there are, and unreachable where the node is lost instead.
void drain_node(const net::profile& of, const std::string& name, std::chrono::milliseconds within);

} // namespace crema::command
