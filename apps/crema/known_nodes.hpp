#pragma once

#include "net/messages.hpp"
#include "net/profile.hpp"

#include <chrono>

namespace crema::command {

/// What the controller of a profile knows of its nodes, asked as a driver would. Throws unreachable where it does not
/// answer in time, and what `dial` throws.
net::nodes_known ask_for_nodes(const net::profile& of, std::chrono::milliseconds patience);

} // namespace crema::command
