#include "actors/actor_threads.hpp"

#include "actors/scheduler.hpp"

#include <caf/logger.hpp>

#include <cstddef>

namespace crema::actors {

namespace {

/// Messages that an actor handles before others get their turn. Few, because one of them may be a slice of a task.
constexpr std::size_t messages_per_turn = 4;

} // namespace

actor_threads::actor_threads(int threads) {
  config_.load<scheduler>();
  config_.set("scheduler.max-threads", static_cast<std::size_t>(threads));
  config_.set("scheduler.max-throughput", messages_per_turn);
  config_.set("logger.verbosity", caf::atom("quiet"));
  system_.emplace(config_);
}

caller_of_actors::caller_of_actors() noexcept : inside_{caf::logger::current_logger() != nullptr} {}

caller_of_actors::~caller_of_actors() {
  if (!inside_)
    caf::logger::set_current_actor_system(nullptr);
}

} // namespace crema::actors
