#include "actors/exchange.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using crema::actors::charge;
using crema::actors::exchange;
using crema::internal::block;
using crema::internal::block_base;
using crema::internal::block_ptr;

/// A block that costs `bytes`.
class sized_block final : public block_base {
public:
  sized_block(std::size_t bytes, int n) : number{n} { bytes_ = bytes; }

  const int number;
};

block_ptr of_bytes(std::size_t bytes, int number = 0) {
  return block_ptr{new sized_block{bytes, number}};
}

/// Takes all that may leave now; its numbers.
std::vector<int> leaving(exchange& out) {
  std::vector<int> numbers;
  while (auto parcel = out.next())
    numbers.push_back(static_cast<sized_block&>(*parcel->records).number);
  return numbers;
}

using numbers = std::vector<int>;

TEST(Exchange, LetsBlocksLeaveWithinTheWindow) {
  exchange out{1, 100};
  for (int i = 0; i != 5; ++i)
    out.push(0, of_bytes(30, i));
  EXPECT_EQ(leaving(out), (numbers{0, 1, 2}));
  EXPECT_TRUE(out.blocked());
  EXPECT_EQ(out.on_the_way(), 90u);
}

TEST(Exchange, LetsAsMuchLeaveAsIsGranted) {
  exchange out{1, 100};
  for (int i = 0; i != 5; ++i)
    out.push(0, of_bytes(50, i));
  leaving(out);
  out.granted(0, 50);
  EXPECT_EQ(leaving(out), numbers{2});
  out.granted(0, 100);
  EXPECT_EQ(leaving(out), (numbers{3, 4}));
  EXPECT_FALSE(out.blocked());
  EXPECT_FALSE(out.settled());
  out.granted(0, 100);
  EXPECT_TRUE(out.settled());
}

TEST(Exchange, GivesEachReceiverItsShareOfTheWindow) {
  exchange out{4, 100};
  out.push(2, of_bytes(25, 0));
  out.push(2, of_bytes(1, 1));
  EXPECT_EQ(leaving(out), numbers{0});
  out.granted(2, 25);
  EXPECT_EQ(leaving(out), numbers{1});
}

TEST(Exchange, LetsABlockLargerThanTheWindowTravelAlone) {
  exchange out{2, 100};
  out.push(0, of_bytes(1000, 0));
  out.push(1, of_bytes(1000, 1));
  EXPECT_EQ(leaving(out), numbers{0});
  out.granted(0, 1000);
  EXPECT_EQ(leaving(out), numbers{1});
}

TEST(Exchange, ChargesAnEmptyBlockToo) {
  exchange out{1, 100};
  out.push(0, of_bytes(0));
  leaving(out);
  EXPECT_FALSE(out.settled());
  out.granted(0, charge(*of_bytes(0)));
  EXPECT_TRUE(out.settled());
}

TEST(Exchange, DropsWhatWaitsWhenItIsCleared) {
  exchange out{1, 1};
  out.push(0, of_bytes(1, 0));
  out.push(0, of_bytes(1, 1));
  leaving(out);
  out.clear();
  EXPECT_FALSE(out.blocked());
}

TEST(Exchange, KeepsOrderAndCreditWhateverIsGrantedWhen) {
  for (unsigned seed = 0; seed != 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const std::size_t receivers = 1 + random() % 20;
    const std::size_t window = 1 + random() % 1000;
    exchange out{receivers, window};
    std::map<int, numbers> pushed;
    std::map<int, numbers> sent;
    std::vector<std::pair<int, std::size_t>> travelling;
    int next = 0;
    while (next != 200 || !out.settled()) {
      if (next != 200 && random() % 2 == 0) {
        const int to = static_cast<int>(random() % receivers);
        pushed[to].push_back(next);
        out.push(to, of_bytes(random() % 300, next++));
      } else if (!travelling.empty()) {
        std::swap(travelling[random() % travelling.size()], travelling.back());
        out.granted(travelling.back().first, travelling.back().second);
        travelling.pop_back();
      }
      while (auto parcel = out.next()) {
        const auto bytes = charge(*parcel->records);
        std::size_t same = 0;
        std::size_t all = 0;
        for (const auto& [to, size] : travelling) {
          same += to == parcel->receiver ? size : 0;
          all += size;
        }
        ASSERT_TRUE(all == 0 || all + bytes <= window);
        ASSERT_TRUE(same == 0 || same + bytes <= window / receivers);
        travelling.emplace_back(parcel->receiver, bytes);
        sent[parcel->receiver].push_back(static_cast<sized_block&>(*parcel->records).number);
      }
      // What waits can leave as soon as everything is granted: nothing is ever stuck.
      ASSERT_TRUE(!out.blocked() || !travelling.empty());
    }
    ASSERT_EQ(sent, pushed);
  }
}

} // namespace
