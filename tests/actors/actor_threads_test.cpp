#include "actors/actor_threads.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>

namespace crema::actors {
namespace {

using namespace std::chrono_literals;

TEST(ActorThreads, DeliverWhatActorsSendThemselvesWithADelay) {
  std::promise<void> arrived;
  std::optional<actor_threads> threads;
  {
    const caller_of_actors guard;
    threads.emplace(1);
    threads->system().spawn([&arrived](caf::event_based_actor* self) -> caf::behavior {
      self->delayed_send(self, 1ms, 7);
      return {[&arrived, self](int) {
        arrived.set_value();
        self->quit();
      }};
    });
  }
  EXPECT_EQ(arrived.get_future().wait_for(60s), std::future_status::ready);
}

} // namespace
} // namespace crema::actors
