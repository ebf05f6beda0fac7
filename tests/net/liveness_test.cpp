#include "net/liveness.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A peer whose time is moved by hand, tick by tick.
class clocked_peer {
public:
  liveness peer{liveness_limits{}, {}};

  /// Moves on by `span`; the first moment at which the peer was `health`, if any.
  std::optional<milliseconds> until(peer_health health, milliseconds span) {
    for (const auto end = time_ + span; time_ < end;) {
      pass(peer.period());
      if (last_.peer == health)
        return time_;
    }
    return {};
  }

  /// One tick, `span` after the last.
  liveness::due pass(milliseconds span) {
    time_ += span;
    last_ = peer.tick(now());
    beats += last_.beat ? 1 : 0;
    return last_;
  }

  void hear() { peer.heard(now()); }
  void write(bool progress, bool waiting) { peer.wrote(now(), progress, waiting); }
  liveness::time now() const { return liveness::time{time_}; }

  int beats = 0;

private:
  milliseconds time_{0};
  liveness::due last_;
};

} // namespace

TEST(Liveness, SuspectsASilentPeerAndThenGivesItUp) {
  clocked_peer silent;
  EXPECT_EQ(silent.until(peer_health::suspect, 10s), 2s);
  EXPECT_EQ(silent.until(peer_health::dead, 10s), 5s);
}

TEST(Liveness, BelievesAPeerThatSpeaksAgain) {
  clocked_peer peer;
  ASSERT_EQ(peer.until(peer_health::suspect, 4s), 2s);
  peer.hear();
  EXPECT_EQ(peer.pass(250ms).peer, peer_health::alive);
  EXPECT_EQ(peer.until(peer_health::dead, 10s), 2s + 5s);
}

TEST(Liveness, HasNoDoubtOfAPeerThatSpeaksEverySecond) {
  clocked_peer peer;
  for (int i = 0; i != 100; ++i) {
    EXPECT_EQ(peer.until(peer_health::suspect, 1s), std::nullopt);
    peer.hear();
  }
}

TEST(Liveness, BeatsOnlyWhereNothingElseIsSent) {
  clocked_peer idle;
  idle.until(peer_health::dead, 4500ms);
  EXPECT_EQ(idle.beats, 9);
  clocked_peer busy;
  for (int i = 0; i != 18; ++i) {
    busy.write(true, false);
    busy.pass(250ms);
  }
  EXPECT_EQ(busy.beats, 0);
}

TEST(Liveness, GivesUpAPeerThatSpeaksButDoesNotRead) {
  clocked_peer peer;
  peer.write(true, true);
  for (int i = 0; i != 19; ++i) {
    peer.hear();
    EXPECT_NE(peer.pass(250ms).peer, peer_health::dead);
    peer.write(false, true);
  }
  peer.hear();
  EXPECT_EQ(peer.pass(250ms).peer, peer_health::dead);
  EXPECT_EQ(peer.beats, 0); // they would only wait with the rest
}

TEST(Liveness, HasPatienceWithAPeerThatReadsSlowly) {
  clocked_peer peer;
  for (int i = 0; i != 100; ++i) {
    peer.hear();
    peer.write(true, true);
    EXPECT_EQ(peer.pass(250ms).peer, peer_health::alive);
  }
}

TEST(Liveness, CountsNoTimeInWhichThisProcessDidNotRun) {
  clocked_peer peer;
  peer.pass(250ms);
  EXPECT_EQ(peer.pass(1h).peer, peer_health::alive);
  EXPECT_EQ(peer.until(peer_health::dead, 10s), 1h + 4750ms); // but the two periods in which it did, count
}

TEST(Liveness, RefusesLimitsThatMakeNoSense) {
  for (const auto& limits : {liveness_limits{0ms, 2s, 5s}, {2s, 2s, 5s}, {1s, 2s, 2s}}) {
    try {
      validate(limits);
      ADD_FAILURE();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
    }
  }
  EXPECT_NO_THROW(validate(liveness_limits{}));
}

} // namespace crema::net
