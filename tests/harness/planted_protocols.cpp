#include "tests/harness/planted_protocols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::testing::planted {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Le;
using ::testing::SizeIs;

// All messages are (atom, numbers), so that they need no declaration.
constexpr auto block = caf::atom_constant<caf::atom("block")>{};
constexpr auto credit = caf::atom_constant<caf::atom("credit")>{};
constexpr auto over = caf::atom_constant<caf::atom("over")>{};
constexpr auto result = caf::atom_constant<caf::atom("result")>{};
constexpr auto start = caf::atom_constant<caf::atom("start")>{};
constexpr auto lease = caf::atom_constant<caf::atom("lease")>{};
constexpr auto put = caf::atom_constant<caf::atom("put")>{};
constexpr auto lock = caf::atom_constant<caf::atom("lock")>{};
constexpr auto unlock = caf::atom_constant<caf::atom("unlock")>{};
using block_atom = std::remove_const_t<decltype(block)>;
using credit_atom = std::remove_const_t<decltype(credit)>;
using over_atom = std::remove_const_t<decltype(over)>;
using result_atom = std::remove_const_t<decltype(result)>;
using start_atom = std::remove_const_t<decltype(start)>;
using lease_atom = std::remove_const_t<decltype(lease)>;
using put_atom = std::remove_const_t<decltype(put)>;
using lock_atom = std::remove_const_t<decltype(lock)>;
using unlock_atom = std::remove_const_t<decltype(unlock)>;

// -- streams ----------------------------------------------------------------------------------------------------------

struct producer_state {
  int next = 1;
  int credit = 2;
};

caf::behavior producer(caf::stateful_actor<producer_state>* self, const caf::actor& consumer, int blocks) {
  const auto go_on = [=] {
    auto& state = self->state;
    for (; state.credit != 0 && state.next <= blocks; --state.credit)
      self->send(consumer, block, state.next++);
    if (state.next > blocks && state.credit == 2) {
      self->send(consumer, over);
      self->quit();
    }
  };
  go_on();
  return {[=](credit_atom) {
    ++self->state.credit;
    go_on();
  }};
}

struct consumer_state {
  int sum = 0;
  int ends = 0;
  bool begun = false;
};

caf::behavior consumer(caf::stateful_actor<consumer_state>* self, const caf::actor& listener, mistake planted) {
  return {
    [=](block_atom, int value) {
      auto& state = self->state;
      state.begun = true;
      state.sum += value;
      if (planted != mistake::lost_credit || state.ends == 0)
        self->send(caf::actor_cast<caf::actor>(self->current_sender()), credit);
    },
    [=](over_atom) {
      auto& state = self->state;
      if (planted == mistake::forgotten_end && !state.begun)
        return;
      if (++state.ends == 2) {
        self->send(listener, result, state.sum);
        self->quit();
      }
    },
  };
}

// -- commits ----------------------------------------------------------------------------------------------------------

caf::behavior worker(caf::event_based_actor* self, const caf::actor& driver, int attempt, bool dies) {
  return {[=](start_atom) {
    self->send(driver, result, attempt);
    self->quit(dies ? caf::exit_reason::unhandled_exception : caf::exit_reason::normal);
  }};
}

struct driver_state {
  int attempt = 0;
  bool done = false;
};

caf::behavior driver(caf::stateful_actor<driver_state>* self, const std::vector<caf::actor>& workers,
                     std::vector<int>* committed, mistake planted) {
  self->set_down_handler([=](const caf::down_msg& down) {
    auto& state = self->state;
    if (down.reason && !state.done && state.attempt + 1 < static_cast<int>(workers.size()))
      self->send(workers[static_cast<std::size_t>(++state.attempt)], start);
  });
  for (const auto& one : workers)
    self->monitor(one);
  self->send(workers[0], start);
  return {[=](result_atom, int attempt) {
    auto& state = self->state;
    const bool first = !state.done || planted == mistake::double_commit;
    if (!first || (attempt != state.attempt && planted != mistake::wrong_attempt))
      return;
    state.done = true;
    committed->push_back(attempt);
  }};
}

// -- leases -----------------------------------------------------------------------------------------------------------

struct store_state {
  int token = 0;
  std::vector<int> written{}; ///< the token of each write
};

/// Whoever asks gets the lease; the holder before is fenced off.
caf::behavior store(caf::stateful_actor<store_state>* self, mistake planted) {
  return {
    [=](lease_atom) {
      const int token = ++self->state.token;
      self->send(caf::actor_cast<caf::actor>(self->current_sender()), lease, token);
    },
    [=](put_atom, int token) {
      if (token == self->state.token || planted == mistake::missing_fence)
        self->state.written.push_back(token);
    },
  };
}

caf::behavior holder(caf::event_based_actor* self, const caf::actor& store) {
  self->send(store, lease);
  return {[=](lease_atom, int token) {
    for (int i = 0; i != 3; ++i)
      self->send(store, put, token);
    self->quit();
  }};
}

// -- locks ------------------------------------------------------------------------------------------------------------

struct lock_state {
  std::vector<caf::response_promise> waiting{};
  bool taken = false;
};

caf::behavior mutex(caf::stateful_actor<lock_state>* self, int) {
  return {
    [=](lock_atom) {
      auto promise = self->make_response_promise();
      if (std::exchange(self->state.taken, true))
        self->state.waiting.push_back(promise);
      else
        promise.deliver(lock);
      return promise;
    },
    [=](unlock_atom) {
      auto& waiting = self->state.waiting;
      self->state.taken = !waiting.empty();
      if (!waiting.empty()) {
        waiting.front().deliver(lock);
        waiting.erase(waiting.begin());
      }
    },
  };
}

caf::behavior client(caf::event_based_actor* self, const caf::actor& first, const caf::actor& second) {
  self->request(first, caf::infinite, lock).then([=](lock_atom) {
    self->request(second, caf::infinite, lock).then([=](lock_atom) {
      self->send(second, unlock);
      self->send(first, unlock);
      self->quit();
    });
  });
  return {[](int) {}};
}

// -- jobs -------------------------------------------------------------------------------------------------------------

using parts = std::vector<caf::actor>;

struct part_state {
  parts peers{}; ///< whom it would talk to
};

caf::behavior part(caf::stateful_actor<part_state>* self, const caf::actor& boss, bool fails) {
  return {[=](start_atom, const parts& peers) {
    self->state.peers = peers;
    self->send(boss, result, fails ? -1 : 1);
  }};
}

struct boss_state {
  parts all{};
  int left = 3;
};

caf::behavior boss(caf::stateful_actor<boss_state>* self, int failing, mistake planted) {
  auto& all = self->state.all;
  for (int i = 0; i != 3; ++i)
    all.push_back(self->spawn(part, caf::actor_cast<caf::actor>(self), i == failing));
  for (const auto& one : all)
    self->send(one, start, all);
  return {[=](result_atom, int value) {
    auto& state = self->state;
    const bool failed = value < 0;
    if (!failed && --state.left != 0)
      return;
    if (!failed || planted != mistake::leak)
      for (const auto& one : state.all)
        self->send_exit(one, caf::exit_reason::user_shutdown);
    self->quit();
  }};
}

} // namespace

void streams(simulation& sim, mistake planted) {
  auto listener = sim.probe("listener");
  auto to = sim.named("consumer", sim.spawn(consumer, listener.actor(), planted));
  auto one = sim.named("producer", sim.spawn(producer, to, 3));
  auto idler = sim.named("idler", sim.spawn(producer, to, 0));
  sim.run();
  ASSERT_EQ(listener.count(), 1u) << sim.who_waits();
  listener.expect<result_atom, int>(::testing::_, 6);
}

void commits(simulation& sim, mistake planted) {
  std::vector<int> committed;
  std::vector<caf::actor> workers;
  // Results go through a relay whose links are bad; the ends of workers are told directly.
  caf::actor to;
  auto relay = sim.probe("relay");
  relay.autopilot([&to](probe& self, const letter& mail) {
    self.turn_to(mail);
    self.forward(to);
  });
  const auto deaths = sim.draws().number(0, 2);
  for (int i = 0; i != 3; ++i)
    workers.push_back(sim.spawn(worker, relay.actor(), i, i < deaths));
  to = sim.named("driver", sim.spawn(driver, workers, &committed, planted));
  sim.unreliable(relay, {.duplicate = 0.3, .delay = 0.3, .longest_delay = 1s});
  sim.run_for(10s);
  EXPECT_THAT(committed, SizeIs(Le(1))) << "committed twice";
  if (!committed.empty()) {
    EXPECT_EQ(committed[0], sim.state_of<driver_state>(to).attempt) << "an earlier attempt was committed";
  }
  sim.kill(to);
}

void leases(simulation& sim, mistake planted) {
  auto shared = sim.named("store", sim.spawn(store, planted));
  sim.unreliable(shared, {.delay = 0.3, .longest_delay = 3s});
  sim.spawn(holder, shared);
  sim.run_for(1s); // the lease
  sim.spawn(holder, shared);
  sim.run_for(10s);
  const auto& written = sim.state_of<store_state>(shared).written;
  EXPECT_TRUE(std::ranges::is_sorted(written))
    << "written after its lease had run out: " << ::testing::PrintToString(written);
}

void locks(simulation& sim, mistake planted) {
  auto a = sim.named("lock_a", sim.spawn(mutex, 0)), b = sim.named("lock_b", sim.spawn(mutex, 0));
  auto one = sim.named("one", sim.spawn(client, a, b));
  auto two = sim.named("two", planted == mistake::dead_lock ? sim.spawn(client, b, a) : sim.spawn(client, a, b));
  sim.run();
  EXPECT_TRUE(!sim.is_alive(one) && !sim.is_alive(two)) << "dead-lock:\n" << sim.who_waits();
}

void jobs(simulation& sim, mistake planted) {
  sim.named("boss", sim.spawn(boss, sim.draws().number(0, 9), planted)); // most succeed
  sim.run();
}

} // namespace crema::testing::planted
