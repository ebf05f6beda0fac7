#include "dataflow/view/client.hpp"

#include "dataflow/inline_engine.hpp"
#include "tests/engines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace crema {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class views : public ::testing::TestWithParam<testing::engine_shape> {
protected:
  client c{testing::test_config(), testing::make_engine(GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Engines, views, testing::engine_shapes(), testing::engine_name);

std::vector<int> numbers(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST_P(views, SayHelloFromAllEngines) {
  auto greetings = c.all().map([](int) { return std::string{"hello world"}; }, std::array{0, 1}).get();
  EXPECT_THAT(greetings, ElementsAre("hello world", "hello world"));
}

TEST_P(views, CallOnceOnEachEngine) {
  EXPECT_EQ(c.all().apply([] { return 7; }).get(), std::vector<int>(static_cast<std::size_t>(c.size()), 7));
  EXPECT_THAT(c[0].apply([](int a, const std::string& b) { return b + std::to_string(a); }, 4, std::string{"n"}).get(),
              ElementsAre("n4"));
  EXPECT_EQ(c[-1].apply([] { return 1; }).outcomes().front().engine, c.size() - 1);
  c.all().apply([] {}).get();
}

TEST_P(views, KeepTheOrderOfWhatTheyMap) {
  for (const int n : {0, 1, 2, 7, 100, 3001}) {
    std::vector<std::string> expected;
    for (const int i : numbers(n))
      expected.push_back(std::to_string(i * 3));
    const auto triple = [](int i) { return std::to_string(i * 3); };
    EXPECT_EQ(c.all().map(triple, numbers(n)).get(), expected);
    EXPECT_EQ(c[-1].map(triple, numbers(n)).get(), expected);
    EXPECT_EQ(c.balanced().map(triple, numbers(n)).get(), expected);
    EXPECT_EQ(c.balanced().map(io_bound(triple), numbers(std::min(n, 100))).get().size(),
              static_cast<std::size_t>(std::min(n, 100)));
  }
}

TEST_P(views, ReportEveryFailureAndEveryResult) {
  const auto odd_only = [](int i) {
    if (i % 2 == 0)
      throw std::invalid_argument{"even: " + std::to_string(i)};
    return i;
  };
  for (const bool balanced : {false, true}) {
    auto calls = balanced ? c.balanced().map(odd_only, numbers(5)) : c.all().map(odd_only, numbers(5));
    const auto all = calls.outcomes();
    ASSERT_EQ(all.size(), 5U);
    for (int i = 0; i != 5; ++i) {
      const auto& each = all[static_cast<std::size_t>(i)];
      EXPECT_EQ(each.ok(), i % 2 != 0);
      if (i % 2 != 0) {
        EXPECT_EQ(each.value, i);
      } else {
        EXPECT_EQ(each.failure->where().type, "std::invalid_argument");
        EXPECT_EQ(each.failure->text(), "even: " + std::to_string(i));
      }
    }
    EXPECT_EQ(calls.progress().done, 5U);
  }
  try {
    c.all().map(odd_only, numbers(5)).get();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::user_exception);
    EXPECT_THAT(e.text(), HasSubstr("3 of 5 calls failed"));
    for (const char* each : {"even: 0", "even: 2", "even: 4"})
      EXPECT_THAT(e.text(), HasSubstr(each));
  }
  EXPECT_THROW(c[0].map(odd_only, std::vector{2}).get(), error);
}

TEST_P(views, ScatterAndGather) {
  for (const int n : {0, 1, 5, 1000}) {
    const auto parts = c.all().scatter(numbers(n));
    EXPECT_EQ(parts.gather(), numbers(n));
    const auto sums =
      parts.apply([](const std::vector<int>& mine) { return std::accumulate(mine.begin(), mine.end(), 0L); });
    auto per_engine = parts.apply([](const std::vector<int>& mine) { return mine.size(); }).get();
    ASSERT_EQ(per_engine.size(), static_cast<std::size_t>(c.size()));
    const auto [least, most] = std::minmax_element(per_engine.begin(), per_engine.end());
    EXPECT_LE(*most - *least, 1U);
  }
}

TEST_P(views, ChooseEnginesAsPythonDoes) {
  EXPECT_EQ(c.slice(0, 1).size(), 1);
  EXPECT_EQ(c.slice(0, 1000).size(), c.size());
  EXPECT_EQ(c.slice(-1, 1000).size(), 1);
  EXPECT_EQ(c.slice(0, c.size(), 2).size(), (c.size() + 1) / 2);
  EXPECT_THROW(c[c.size()], error);
  EXPECT_THROW(c[-c.size() - 1], error);
  EXPECT_THROW(c.slice(1, 1), error);
  EXPECT_THROW(c.slice(0, 1, 0), error);
}

TEST(client, RefusesFunctionsThatCannotTravel) {
  client c{testing::test_config(), testing::make_engine({"three_workers", 1, testing::distance::sockets, 3})};
  int here = 0;
  try {
    c.all().apply([&here] { return ++here; }).get();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::not_portable);
  }
}

/// Where calls wait until so many have come.
class gate {
public:
  explicit gate(int expected) : expected_{expected} {}

  bool pass() {
    std::unique_lock lock{mutex_};
    if (++arrived_ >= expected_)
      opened_.notify_all();
    return opened_.wait_for(lock, 60s, [this] { return arrived_ >= expected_; });
  }

private:
  const int expected_;
  std::mutex mutex_;
  std::condition_variable opened_;
  int arrived_ = 0;
};

TEST(client, MakesManyWaitingCallsAtOnceOnTwoThreads) {
  client c{testing::test_config(), testing::make_engine({"two_threads", 2})};
  gate all_there{200};
  const auto passed = c.balanced().map(io_bound([&](int) { return all_there.pass(); }), numbers(200)).get();
  EXPECT_EQ(std::count(passed.begin(), passed.end(), true), 200);
}

TEST(client, GivesTheRestToWhoIsFree) {
  client c{testing::test_config(), testing::make_engine({"two_threads", 2})};
  std::mutex mutex;
  std::condition_variable changed;
  int others = 0;
  // The first call is over once all that are not in its piece have been made, which takes the other engine.
  const auto last = [&](int i) {
    std::unique_lock lock{mutex};
    if (i != 0) {
      ++others;
      changed.notify_all();
      return true;
    }
    return changed.wait_for(lock, 60s, [&] { return others >= 75; });
  };
  EXPECT_THAT(c.balanced().map(last, numbers(100)).get(), ::testing::Each(true));
}

TEST(client, WaitsNoLongerThanItIsTold) {
  client c{testing::test_config(), testing::make_engine({"two_threads", 2})};
  gate closed{2};
  auto waiting = c[0].apply([&] { return closed.pass(); });
  EXPECT_FALSE(waiting.ready());
  EXPECT_THROW(waiting.get_for(1ms), error);
  EXPECT_EQ(waiting.progress().done, 0U);
  closed.pass();
  EXPECT_THAT(waiting.get_for(60s), ElementsAre(true));
}

TEST(client, CancelsCallsThatHaveNotBegun) {
  client c{testing::test_config(), testing::make_engine({"one_thread", 1})};
  gate begun{2};
  gate finish{2};
  auto calls = c.balanced().map(
    [&](int i) {
      if (i == 0) {
        begun.pass();
        finish.pass();
      }
      return i;
    },
    numbers(1000));
  begun.pass();
  calls.cancel();
  finish.pass();
  const auto all = calls.outcomes();
  EXPECT_EQ(all.back().failure->code(), errc::cancelled);
}

} // namespace
} // namespace crema
