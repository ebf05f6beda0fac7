#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <set>

// [quote messages]
/// To a bank: send money to its peer.
struct transfer {
  int id = 0;
  std::int64_t amount = 0;
};
/// To whoever asked: the peer has the money; or there was not enough.
struct transferred {
  int id = 0;
};
struct refused {
  int id = 0;
};

/// From bank to bank: here is money; and: thank you.
struct credit {
  int id = 0;
  std::int64_t amount = 0;
};
struct credited {
  int id = 0;
};

/// To itself, later: ask again if there was no answer.
struct retry {
  int id = 0;
};
// [end]

// So that traces and failures can show them.
template <class Inspector>
auto inspect(Inspector& f, transfer& x) {
  return f(caf::meta::type_name("transfer"), x.id, x.amount);
}
template <class Inspector>
auto inspect(Inspector& f, transferred& x) {
  return f(caf::meta::type_name("transferred"), x.id);
}
template <class Inspector>
auto inspect(Inspector& f, refused& x) {
  return f(caf::meta::type_name("refused"), x.id);
}
template <class Inspector>
auto inspect(Inspector& f, credit& x) {
  return f(caf::meta::type_name("credit"), x.id, x.amount);
}
template <class Inspector>
auto inspect(Inspector& f, credited& x) {
  return f(caf::meta::type_name("credited"), x.id);
}
template <class Inspector>
auto inspect(Inspector& f, retry& x) {
  return f(caf::meta::type_name("retry"), x.id);
}

// [quote bank]
struct bank_state {
  static inline const char* name = "bank";

  struct pending {
    std::int64_t amount;
    caf::actor customer;
  };
  std::int64_t balance = 0;
  std::map<int, pending> sent; ///< not answered yet
  std::set<int> received;      ///< transfers that have been credited
  bool forgetful = false;      ///< does not look whether it has seen a transfer before
};

inline caf::behavior bank(caf::stateful_actor<bank_state>* self, const caf::actor& peer, std::int64_t balance,
                          bool forgetful) {
  self->state.balance = balance;
  self->state.forgetful = forgetful;
  const auto send_money = [=](int id, std::int64_t amount) {
    self->send(peer, credit{id, amount});
    self->delayed_send(self, std::chrono::seconds{1}, retry{id});
  };
  return {
    [=](transfer t) {
      auto& state = self->state;
      const auto customer = caf::actor_cast<caf::actor>(self->current_sender());
      if (state.balance < t.amount) {
        self->send(customer, refused{t.id});
        return;
      }
      state.balance -= t.amount;
      state.sent.emplace(t.id, bank_state::pending{t.amount, customer});
      send_money(t.id, t.amount);
    },
    [=](retry r) {
      if (const auto at = self->state.sent.find(r.id); at != self->state.sent.end())
        send_money(r.id, at->second.amount);
    },
    [=](credited c) {
      if (const auto done = self->state.sent.extract(c.id))
        self->send(done.mapped().customer, transferred{c.id});
    },
    [=](credit c) {
      const bool is_new = self->state.received.insert(c.id).second;
      if (is_new || self->state.forgetful)
        self->state.balance += c.amount;
      return credited{c.id};
    },
  };
}
// [end]
