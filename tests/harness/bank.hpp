#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>

// A small system of actors for the tests of the harness.

namespace bank {

struct deposit {
  std::int64_t amount = 0;
};
struct withdraw {
  std::int64_t amount = 0;
};
struct withdrawn {
  std::int64_t amount = 0;
};
struct refused {
  std::int64_t amount = 0;
};
struct balance {};

template <class Inspector>
auto inspect(Inspector& f, deposit& x) {
  return f(caf::meta::type_name("deposit"), x.amount);
}
template <class Inspector>
auto inspect(Inspector& f, withdraw& x) {
  return f(caf::meta::type_name("withdraw"), x.amount);
}
template <class Inspector>
auto inspect(Inspector& f, withdrawn& x) {
  return f(caf::meta::type_name("withdrawn"), x.amount);
}
template <class Inspector>
auto inspect(Inspector& f, refused& x) {
  return f(caf::meta::type_name("refused"), x.amount);
}
template <class Inspector>
auto inspect(Inspector& f, balance&) {
  return f(caf::meta::type_name("balance"));
}

inline bool operator==(withdrawn a, withdrawn b) {
  return a.amount == b.amount;
}

struct account_state {
  static inline const char* name = "account";
  std::int64_t amount = 0;
};

/// Answers withdrawals to whoever asks, by message.
inline caf::behavior account(caf::stateful_actor<account_state>* self, std::int64_t amount) {
  self->state.amount = amount;
  return {
    [=](deposit d) { self->state.amount += d.amount; },
    [=](withdraw w) {
      const auto teller = caf::actor_cast<caf::actor>(self->current_sender());
      if (self->state.amount < w.amount) {
        self->send(teller, refused{w.amount});
      } else {
        self->state.amount -= w.amount;
        self->send(teller, withdrawn{w.amount});
      }
    },
    [=](balance) { return self->state.amount; },
  };
}

} // namespace bank
