#include "tests/net/simulation/sim_network.hpp"

#include "dataflow/error.hpp"
#include "net/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <sys/epoll.h>

namespace {

using namespace crema::testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string name_of(const std::exception& e) {
  return e.what();
}

/// Two machines, and a connection between them.
class SimNetwork : public ::testing::Test {
protected:
  simulation sim;
  sim_loop weather{sim, 9, "weather"};
  sim_loop a{sim, 1, "a"};
  sim_loop b{sim, 2, "b"};
  sim_network network{sim, weather};
  std::unique_ptr<crema::net::stream> at_a;
  std::unique_ptr<crema::net::stream> at_b;

  SimNetwork() {
    std::tie(at_a, at_b) = network.connect(a, b);
    sim.may_leak();
  }

  static std::size_t write(crema::net::stream& to, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return to.write({&piece, 1}).bytes;
  }

  /// All that is there; "." behind it is the end, "!" a reset.
  static std::string read(crema::net::stream& from) {
    std::string text;
    std::array<std::byte, 100> room;
    try {
      for (;;) {
        const auto got = from.read(room);
        text.append(reinterpret_cast<const char*>(room.data()), got.bytes);
        if (got.ended)
          return text + '.';
        if (got.blocked)
          return text;
      }
    } catch (const crema::error& e) {
      EXPECT_EQ(e.code(), crema::errc::unreachable) << name_of(e);
      return text + '!';
    }
  }
};

TEST_F(SimNetwork, BringsBytesInOrder) {
  EXPECT_EQ(write(*at_a, "one "), 4U);
  EXPECT_EQ(write(*at_a, "two"), 3U);
  EXPECT_EQ(read(*at_b), "one two");
  EXPECT_EQ(read(*at_b), "");
  EXPECT_EQ(write(*at_b, "three"), 5U);
  at_b->finish();
  EXPECT_EQ(read(*at_a), "three.");
}

TEST_F(SimNetwork, CallsWhoWatches) {
  std::string seen;
  b.watch(at_b->native_handle(), EPOLLIN, [&](std::uint32_t) { seen += read(*at_b) + '|'; });
  sim.run();
  EXPECT_EQ(seen, "");
  write(*at_a, "one");
  sim.run();
  write(*at_a, "two");
  sim.run();
  EXPECT_EQ(seen, "one|two|");
}

TEST_F(SimNetwork, KeepsWhatIsOnItsWayWhileItIsParted) {
  network.block(1, 2);
  write(*at_a, "late");
  write(*at_b, "in time");
  EXPECT_EQ(read(*at_b), "");
  EXPECT_EQ(read(*at_a), "in time");
  EXPECT_EQ(network.describe(), "  machine 1 to machine 2: 4 bytes are on their way, the network is parted\n");
  network.unblock(1, 2);
  EXPECT_EQ(read(*at_b), "late");
  EXPECT_EQ(network.describe(), "");
}

TEST_F(SimNetwork, TakesTimeAndKeepsTheOrder) {
  network.slow_down(1, 2, {10ms, 50ms});
  for (int i = 0; i != 20; ++i)
    write(*at_a, std::to_string(i) + ' ');
  EXPECT_EQ(read(*at_b), "");
  std::string all;
  for (int i = 0; i != 60; ++i) {
    sim.run_for(1ms);
    if (i < 9) {
      EXPECT_EQ(read(*at_b), "");
    }
    all += read(*at_b);
  }
  EXPECT_EQ(all, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ");
}

TEST_F(SimNetwork, StopsAWriterWhoIsTooFarAhead) {
  const std::string much(100'000, 'x');
  const auto taken = write(*at_a, much);
  EXPECT_LT(taken, much.size());
  EXPECT_EQ(write(*at_a, "more"), 0U);
  bool writable = false;
  a.watch(at_a->native_handle(), EPOLLOUT, [&](std::uint32_t) { writable = true; });
  sim.run_steps(10);
  EXPECT_FALSE(writable);
  EXPECT_EQ(read(*at_b).size(), taken);
  sim.run_steps(10);
  EXPECT_TRUE(writable);
}

TEST_F(SimNetwork, BreaksConnections) {
  write(*at_a, "seen");
  network.cut(2, 1);
  EXPECT_EQ(read(*at_b), "seen!");
  EXPECT_EQ(read(*at_a), "!");
  EXPECT_THROW(write(*at_a, "x"), crema::error);
}

TEST_F(SimNetwork, LetsPeersSeeAnEndOrAReset) {
  at_a.reset();
  EXPECT_EQ(read(*at_b), ".");
  EXPECT_EQ(network.open(), 0U);
  auto [one, other] = network.connect(a, b);
  one->abort();
  one.reset();
  EXPECT_EQ(read(*other), "!");
}

TEST_F(SimNetwork, LetsPeersSeeACrashAtOnceOrWhenTheMachineIsBack) {
  network.crash(1, false);
  EXPECT_EQ(read(*at_b), "");
  write(*at_b, "nobody");
  EXPECT_THAT(network.describe(), HasSubstr("6 bytes are on their way, and there is nobody"));
  network.reboot(1);
  EXPECT_EQ(read(*at_b), "!");
  network.crash(2, true);
  EXPECT_EQ(network.open(), 0U);
}

TEST_F(SimNetwork, SendsFramesOnceMore) {
  network.remember_frames();
  const auto frame = [](std::uint16_t kind, std::string_view text) {
    std::string bytes;
    for (const auto each : crema::net::frame_header(kind, text.size()))
      bytes += static_cast<char>(each);
    return bytes.append(text);
  };
  const auto first = frame(1, "a"), second = frame(2, "bc");
  write(*at_a, first + second.substr(0, 5));
  EXPECT_EQ(network.replay(1, 2, [](auto, auto) { return true; }), 0U) << "in the middle of a frame";
  write(*at_a, second.substr(5));
  EXPECT_EQ(read(*at_b), first + second);
  EXPECT_EQ(network.replay(1, 2, [](std::uint16_t kind, auto payload) { return kind == 2 && payload.size() == 2; }),
            1U);
  EXPECT_EQ(read(*at_b), second);
}

// -- loops ------------------------------------------------------------------------------------------------------------

TEST(SimLoop, CallsAtItsTime) {
  simulation sim;
  sim.may_leak();
  sim_loop loop{sim, 1, "loop"};
  std::vector<int> called;
  loop.call_at(loop.now() + 2s, [&] { called.push_back(2); });
  loop.call_at(loop.now() + 1s, [&] { called.push_back(1); });
  const auto cancelled = loop.call_at(loop.now() + 1s, [&] { called.push_back(3); });
  loop.cancel(cancelled);
  loop.run([&] { called.push_back(0); });
  sim.run();
  EXPECT_THAT(called, ElementsAre(0));
  sim.run_for(999ms);
  EXPECT_THAT(called, ElementsAre(0));
  sim.run_for(1ms);
  EXPECT_THAT(called, ElementsAre(0, 1));
  loop.jump(1h);
  sim.run();
  EXPECT_THAT(called, ElementsAre(0, 1)) << "an alarm is on its way";
  sim.run_for(1ms);
  EXPECT_THAT(called, ElementsAre(0, 1, 2));
}

TEST(SimLoop, HasAClockOfItsOwn) {
  simulation sim;
  sim.may_leak();
  sim_loop one{sim, 1, "one"}, other{sim, 2, "other"};
  EXPECT_NE(one.now(), other.now());
  const auto from = one.now();
  one.drift(100'000);
  bool called = false;
  one.call_at(from + 11s, [&] { called = true; });
  sim.run_for(9999ms);
  EXPECT_FALSE(called);
  sim.run_for(2ms);
  EXPECT_TRUE(called);
  EXPECT_GE(one.now() - from, 11s);
}

TEST(SimLoop, CallsNothingOnceItIsClosed) {
  simulation sim;
  sim_loop loop{sim, 1, "loop"};
  bool called = false;
  loop.run([&] { called = true; });
  loop.call_at(loop.now(), [&] { called = true; });
  loop.close();
  loop.run([&] { called = true; });
  sim.run_for(1s);
  EXPECT_FALSE(called);
}

} // namespace
