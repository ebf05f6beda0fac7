#pragma once

#include "net/stream.hpp"
#include "tests/net/simulation/sim_loop.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace crema::testing {

/// How long what is written from one machine to another is on its way: `base`, and up to `jitter` more.
struct travel_time {
  std::chrono::nanoseconds base{0};
  std::chrono::nanoseconds jitter{0};
};

/// The network of a simulation: ordered streams between loops, as TCP gives them. What is written stays on its way
/// while the network is parted, and comes when it is healed; streams of different pairs of processes overtake each
/// other. Bytes neither get lost nor come twice, which TCP sees to; connections break.
class sim_network {
public:
  /// `weather` is on no machine that can fail.
  sim_network(simulation& sim, sim_loop& weather) : sim_{sim}, weather_{weather} {}
  sim_network(const sim_network&) = delete;
  sim_network& operator=(const sim_network&) = delete;

  /// The two ends of a new connection.
  std::pair<std::unique_ptr<net::stream>, std::unique_ptr<net::stream>> connect(sim_loop& one, sim_loop& other);

  /// All connections between two machines break: each side sees a reset.
  void cut(std::uint32_t one, std::uint32_t other);

  /// Nothing more comes from one machine to the other, until it is unblocked.
  void block(std::uint32_t from, std::uint32_t to);
  void unblock(std::uint32_t from, std::uint32_t to);
  bool blocked(std::uint32_t from, std::uint32_t to) const { return blocked_.contains({from, to}); }

  void slow_down(std::uint32_t from, std::uint32_t to, travel_time takes) { times_[{from, to}] = takes; }

  /// The process on this machine is gone. Its peers see that at once where its system lives on; else when another
  /// process begins there.
  void crash(std::uint32_t machine, bool system_lives);
  void reboot(std::uint32_t machine);

  /// From here on frames are remembered, the last thousand of each pair of machines.
  void remember_frames() { remembers_ = true; }
  using frame_filter = std::function<bool(std::uint16_t kind, std::span<const std::byte> payload)>;
  /// Sends those that one machine has sent to the other before, and that are wanted, once more, on the connection that
  /// there is between the two now. How many.
  std::size_t replay(std::uint32_t from, std::uint32_t to, const frame_filter& wanted);

  /// Connections of which both ends are there.
  std::size_t open() const;
  /// What is on its way and does not come, and from where to where.
  std::string describe() const;

private:
  class end;
  struct connection;

  /// What is on its way in one direction.
  struct parcel {
    enum class kind { bytes, finish, reset };
    kind of = kind::bytes;
    std::vector<std::byte> bytes{};
    std::chrono::nanoseconds due{0};
  };

  void send(const std::shared_ptr<connection>& on, std::size_t from, parcel what);
  void break_off(const std::shared_ptr<connection>& on, std::size_t to);
  void deliver(const std::shared_ptr<connection>& on, std::size_t to);
  void remember(connection& on, std::size_t from, std::span<const std::byte> bytes);
  void close(const std::shared_ptr<connection>& on, std::size_t side, bool in_good_order);

  simulation& sim_;
  sim_loop& weather_;
  std::vector<std::shared_ptr<connection>> connections_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> blocked_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, travel_time> times_;
  bool remembers_ = false;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::deque<std::vector<std::byte>>> frames_;
};

} // namespace crema::testing
