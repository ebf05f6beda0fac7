#pragma once

#include "net/message_codec.hpp"

#include <cstdint>
#include <string>
#include <tuple>

// What workers say about each other, beside the messages of jobs (job_message.hpp):
//
//     worker ──greet──▶ worker            "you are in my table": each side, first of all
//     worker ──greet──▶ driver            "I am here": first of all
//     worker ──peer_met, peer_missed──▶ driver

namespace crema::net {

inline constexpr std::uint16_t first_peer_kind = 0x100;

struct greet {
  static constexpr std::uint16_t kind = first_peer_kind;
  static auto members(auto&) { return std::tie(); }
};

/// That worker has greeted the sender: their connection works in both directions.
struct peer_met {
  static constexpr std::uint16_t kind = first_peer_kind + 1;
  int number = 0;
  static auto members(auto& m) { return std::tie(m.number); }
};

/// The sender cannot reach that worker, or not any more.
struct peer_missed {
  static constexpr std::uint16_t kind = first_peer_kind + 2;
  int number = 0;
  std::string why; ///< a sentence that names both
  static auto members(auto& m) { return std::tie(m.number, m.why); }
};

} // namespace crema::net
