#include "tests/net/simulation/sim_network.hpp"

#include "dataflow/error.hpp"
#include "net/frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/epoll.h>

namespace crema::testing {

namespace {

constexpr std::size_t capacity = std::size_t{64} << 10; ///< bytes that a writer may be ahead of the reader
constexpr std::size_t remembered = 1000;

} // namespace

struct sim_network::connection {
  /// One of the two processes, and what comes to it.
  struct side {
    sim_loop* loop = nullptr;
    std::uint32_t machine = 0;
    int fd = 0;
    bool there = true;   ///< it has not closed its end, and lives
    bool silent = false; ///< it was gone without a word
    bool has_reset = false;
    std::deque<parcel> coming;
    std::deque<parcel> arrived;
    std::size_t read = 0; ///< bytes of the first that arrived
    std::size_t held = 0; ///< bytes in both
    std::chrono::nanoseconds last_due{0};
    std::vector<std::byte> begun; ///< the frame that it is sending
    std::size_t frames_sent = 0;
  };
  std::array<side, 2> sides;
};

// -- an end -----------------------------------------------------------------------------------------------------------

class sim_network::end final : public net::stream, public sim_source {
public:
  end(sim_network& network, std::shared_ptr<connection> on, std::size_t side)
      : network_{network}, on_{std::move(on)}, side_{side} {
    mine().fd = mine().loop->attach(*this);
  }

  ~end() override {
    mine().loop->detach(mine().fd);
    network_.close(on_, side_, !aborted_);
  }

  int native_handle() const noexcept override { return mine().fd; }

  std::uint32_t ready() const override {
    const auto& me = mine();
    std::uint32_t events = me.arrived.empty() ? 0U : EPOLLIN;
    if (theirs().held < capacity)
      events |= EPOLLOUT;
    return me.has_reset ? events | EPOLLERR | EPOLLHUP : events;
  }

  result read(std::span<std::byte> into) override {
    auto& me = mine();
    if (me.arrived.empty())
      return {.blocked = true};
    auto& first = me.arrived.front();
    if (first.of == parcel::kind::reset)
      fail();
    if (first.of == parcel::kind::finish)
      return {.ended = true};
    const auto n = std::min(into.size(), first.bytes.size() - me.read);
    std::memcpy(into.data(), first.bytes.data() + me.read, n);
    me.read += n;
    me.held -= n;
    if (me.read == first.bytes.size()) {
      me.arrived.pop_front();
      me.read = 0;
    }
    if (theirs().there)
      theirs().loop->check(theirs().fd);
    return {.bytes = n};
  }

  result write(std::span<const iovec> pieces) override {
    if (mine().has_reset)
      fail();
    parcel what;
    for (const auto& each : pieces) {
      const auto room = capacity - std::min(capacity, theirs().held + what.bytes.size());
      const auto* begin = static_cast<const std::byte*>(each.iov_base);
      what.bytes.insert(what.bytes.end(), begin, begin + std::min(room, each.iov_len));
      if (room < each.iov_len)
        break;
    }
    const auto n = what.bytes.size();
    if (n == 0)
      return {.blocked = true};
    network_.remember(*on_, side_, what.bytes);
    network_.send(on_, side_, std::move(what));
    return {.bytes = n};
  }

  void finish() noexcept override { network_.send(on_, side_, {parcel::kind::finish}); }
  void abort() noexcept override { aborted_ = true; }

private:
  [[noreturn]] static void fail() { throw error{errc::unreachable, "the connection broke: Connection reset by peer"}; }
  connection::side& mine() const noexcept { return on_->sides[side_]; }
  connection::side& theirs() const noexcept { return on_->sides[1 - side_]; }

  sim_network& network_;
  const std::shared_ptr<connection> on_;
  const std::size_t side_;
  bool aborted_ = false;
};

std::pair<std::unique_ptr<net::stream>, std::unique_ptr<net::stream>> sim_network::connect(sim_loop& one,
                                                                                           sim_loop& other) {
  auto made = std::make_shared<connection>();
  for (const auto& [side, loop] : {std::pair{0, &one}, {1, &other}}) {
    made->sides[static_cast<std::size_t>(side)].loop = loop;
    made->sides[static_cast<std::size_t>(side)].machine = loop->machine();
  }
  connections_.push_back(made);
  return {std::make_unique<end>(*this, made, 0), std::make_unique<end>(*this, made, 1)};
}

void sim_network::close(const std::shared_ptr<connection>& on, std::size_t side, bool in_good_order) {
  auto& closing = on->sides[side];
  if (!closing.there)
    return;
  closing.there = false;
  if (in_good_order)
    send(on, side, {parcel::kind::finish});
  else
    send(on, side, {parcel::kind::reset});
  std::erase_if(connections_, [](const auto& each) {
    return std::ranges::none_of(each->sides, [](const auto& one) { return one.there || one.silent; });
  });
}

// -- on the way -------------------------------------------------------------------------------------------------------

void sim_network::send(const std::shared_ptr<connection>& on, std::size_t from, parcel what) {
  auto& to = on->sides[1 - from];
  const auto takes = times_.find({on->sides[from].machine, to.machine});
  auto due = sim_.now();
  if (takes != times_.end()) {
    due += takes->second.base;
    if (const auto jitter = static_cast<std::uint64_t>(takes->second.jitter.count()); jitter != 0)
      due += std::chrono::nanoseconds{sim_.draws().below(jitter)};
  }
  to.last_due = what.due = std::max(due, to.last_due);
  to.held += what.bytes.size();
  to.coming.push_back(std::move(what));
  deliver(on, 1 - from);
}

void sim_network::deliver(const std::shared_ptr<connection>& on, std::size_t to) {
  auto& side = on->sides[to];
  if (!side.there || blocked(on->sides[1 - to].machine, side.machine))
    return;
  bool came = false;
  for (; !side.coming.empty() && side.coming.front().due <= sim_.now(); came = true) {
    side.has_reset = side.has_reset || side.coming.front().of == parcel::kind::reset;
    side.arrived.push_back(std::move(side.coming.front()));
    side.coming.pop_front();
  }
  if (came)
    side.loop->check(side.fd);
  if (!side.coming.empty())
    weather_.call_at(weather_.now() + (side.coming.front().due - sim_.now()), [this, on, to] { deliver(on, to); });
}

void sim_network::block(std::uint32_t from, std::uint32_t to) {
  blocked_.emplace(from, to);
}

void sim_network::unblock(std::uint32_t from, std::uint32_t to) {
  blocked_.erase({from, to});
  for (const auto& each : std::vector{connections_})
    for (const std::size_t side : {0, 1})
      deliver(each, side);
}

// -- what breaks ------------------------------------------------------------------------------------------------------

/// That side sees a reset at once.
void sim_network::break_off(const std::shared_ptr<connection>& on, std::size_t to) {
  auto& side = on->sides[to];
  if (!side.there)
    return;
  side.coming.clear();
  side.has_reset = true;
  side.arrived.push_back({parcel::kind::reset});
  side.loop->check(side.fd);
}

void sim_network::cut(std::uint32_t one, std::uint32_t other) {
  for (const auto& each : std::vector{connections_}) {
    const auto at = std::minmax(each->sides[0].machine, each->sides[1].machine);
    if (at != std::minmax(one, other))
      continue;
    break_off(each, 0);
    break_off(each, 1);
  }
}

void sim_network::crash(std::uint32_t machine, bool system_lives) {
  for (const auto& each : std::vector{connections_})
    for (const std::size_t side : {0, 1}) {
      auto& gone = each->sides[side];
      if (gone.machine != machine || !gone.there)
        continue;
      gone.there = false;
      gone.silent = true;
    }
  if (system_lives)
    reboot(machine);
}

void sim_network::reboot(std::uint32_t machine) {
  for (const auto& each : std::vector{connections_})
    for (const std::size_t side : {0, 1})
      if (each->sides[side].machine == machine && std::exchange(each->sides[side].silent, false))
        send(each, side, {parcel::kind::reset});
}

// -- frames -----------------------------------------------------------------------------------------------------------

void sim_network::remember(connection& on, std::size_t from, std::span<const std::byte> bytes) {
  if (!remembers_)
    return;
  auto& sender = on.sides[from];
  auto& begun = sender.begun;
  begun.insert(begun.end(), bytes.begin(), bytes.end());
  for (;;) {
    std::uint32_t length = 0;
    if (begun.size() < net::frame_header_bytes)
      return;
    std::memcpy(&length, begun.data(), sizeof length);
    const auto size = net::frame_header_bytes + length;
    if (begun.size() < size)
      return;
    auto& known = frames_[{sender.machine, on.sides[1 - from].machine}];
    known.emplace_back(begun.begin(), begun.begin() + static_cast<std::ptrdiff_t>(size));
    if (known.size() > remembered)
      known.pop_front();
    begun.erase(begun.begin(), begun.begin() + static_cast<std::ptrdiff_t>(size));
    ++sender.frames_sent;
  }
}

std::size_t sim_network::replay(std::uint32_t from, std::uint32_t to, const frame_filter& wanted) {
  std::size_t count = 0;
  for (const auto& each : std::vector{connections_})
    for (const std::size_t side : {0, 1}) {
      const auto& sender = each->sides[side];
      const auto& receiver = each->sides[1 - side];
      if (sender.machine != from || receiver.machine != to || !sender.there || !receiver.there
          || sender.frames_sent == 0 || !sender.begun.empty())
        continue;
      for (const auto& frame : frames_[{from, to}]) {
        std::uint16_t kind = 0;
        std::memcpy(&kind, frame.data() + sizeof(std::uint32_t), sizeof kind);
        if (!wanted(kind, std::span{frame}.subspan(net::frame_header_bytes)))
          continue;
        send(each, side, {parcel::kind::bytes, frame});
        ++count;
      }
    }
  return count;
}

std::size_t sim_network::open() const {
  return static_cast<std::size_t>(
    std::ranges::count_if(connections_, [](const auto& each) { return each->sides[0].there && each->sides[1].there; }));
}

std::string sim_network::describe() const {
  std::string text;
  for (const auto& each : connections_)
    for (const std::size_t side : {0, 1}) {
      const auto& to = each->sides[side];
      const auto from = each->sides[1 - side].machine;
      if (!to.coming.empty())
        text += "  machine " + std::to_string(from) + " to machine " + std::to_string(to.machine) + ": "
                + std::to_string(to.held) + " bytes are on their way"
                + (blocked(from, to.machine) ? ", the network is parted"
                   : to.there                ? ""
                                             : ", and there is nobody")
                + '\n';
    }
  return text;
}

} // namespace crema::testing
