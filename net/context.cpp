#include "dataflow/context.hpp"

#include "actors/actor_engine.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/machine_limits.hpp"
#include "dataflow/plan/scope.hpp"
#include "net/cluster/cluster_workers.hpp"
#include "net/jobs/worker_processes.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace crema {

namespace {

/// What each of `workers` processes may use.
net::worker_options share_of(const config& settings, int workers) {
  const auto memory = settings.memory_limit == 0 ? internal::default_memory_limit() : settings.memory_limit;
  net::worker_options each;
  each.slots = std::max(1, internal::default_threads() / workers);
  each.io_slots = settings.io_slots;
  each.memory_limit = memory / static_cast<std::size_t>(workers);
  each.spill_directory = settings.spill_directory;
  return each;
}

/// Whose keys this process has where its master names none.
std::string chosen_profile() {
  const char* name = std::getenv("CREMA_PROFILE");
  return name == nullptr || *name == '\0' ? "default" : name;
}

std::unique_ptr<internal::engine> on_cluster(const std::string& profile, std::vector<net::address> controllers,
                                             const config& settings) {
  return net::make_worker_engine(
    net::start_cluster_workers(net::profile::open(profile), {.controllers = std::move(controllers),
                                                             .least = static_cast<std::size_t>(settings.min_nodes)}));
}

std::unique_ptr<internal::engine> make_engine(const config& settings) {
  internal::refuse_inside_task("context");
  validate(settings);
  const auto [where, count, named] = parse_master(settings.master);
  switch (where) {
  case master::kind::inline_:
    return internal::make_inline_engine(count);
  case master::kind::processes:
    return net::make_worker_engine(net::start_workers(count, share_of(settings, count)));
  case master::kind::controllers:
    return on_cluster(chosen_profile(), net::parse_addresses(named), settings);
  case master::kind::profile:
    return on_cluster(named, {}, settings);
  case master::kind::local:
    break;
  }
  return actors::make_actor_engine(count == 0 ? internal::default_threads() : count, settings.io_slots);
}

} // namespace

context::context(const config& settings) : context{settings, make_engine(settings)} {}

} // namespace crema
