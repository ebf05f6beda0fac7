#include "dataflow/function/portable.hpp"

#include "dataflow/block/boost_codec.hpp"
#include "dataflow/error.hpp"
#include "dataflow/function/capture.hpp"

#include <boost/serialization/vector.hpp>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

template <class F>
F round_trip(const F& f) {
  byte_writer out;
  encode_function(f, out);
  byte_reader in{out.bytes()};
  auto copy = decode_function<F>(in);
  EXPECT_EQ(in.remaining(), 0U);
  return copy;
}

template <class Signature, class F>
erased_function<Signature> erased_round_trip(const F& f) {
  byte_writer out;
  encode_function<Signature>(f, out);
  byte_reader in{out.bytes()};
  auto copy = decode_erased<Signature>(in);
  EXPECT_EQ(in.remaining(), 0U);
  return copy;
}

template <class Call>
error failure_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e;
  }
  return {errc::internal, "nothing was thrown"};
}

int twice(int x) {
  return 2 * x;
}

struct account {
  int balance = 10;
  int fee = 1;
  virtual ~account() = default;
  int after_fee() const { return balance - fee; }
  virtual int interest(int percent) const { return balance * percent; }
};

struct savings : account {
  int interest(int percent) const override { return 2 * balance * percent; }
};

struct scaler {
  std::vector<int> factors;
  int operator()(int x) const { return x * factors.at(0); }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& factors;
  }
};

TEST(Portable, BringsBackClosuresByTheirBytes) {
  int a = 3;
  double d = 0.5;
  const std::optional<int> maybe = 4;
  const std::pair<int, int> two{1, 2};
  EXPECT_EQ(round_trip([](int x) { return x + 1; })(1), 2);
  EXPECT_EQ(round_trip([=](int x) { return x + 1; })(1), 2);
  EXPECT_EQ(round_trip([a, d](int x) { return a * d * x; })(2), 3.0);
  EXPECT_EQ(round_trip([maybe](int x) { return *maybe + x; })(1), 5);
  EXPECT_EQ(round_trip([two](int x) { return two.second + x; })(1), 3);
  EXPECT_EQ(round_trip(std::plus{})(1, 2), 3);
}

TEST(Portable, BringsBackFunctionsAndMembers) {
  const savings s;
  EXPECT_EQ(round_trip(&twice)(4), 8);
  EXPECT_EQ(s.*round_trip(&account::fee), 1);
  EXPECT_EQ((s.*round_trip(&account::after_fee))(), 9);
  EXPECT_EQ((s.*round_trip(&account::interest))(2), 40);
  EXPECT_EQ(round_trip(static_cast<int (*)(int)>(nullptr)), nullptr);
}

TEST(Portable, BringsBackFunctionObjectsThroughTheirSerialize) {
  EXPECT_EQ(round_trip(scaler{{7, 8}})(2), 14);
}

TEST(Portable, BringsBackCapturedStatesOfEveryKind) {
  const auto f = capture(
    std::vector<std::string>{"a", "b"}, scaler{{2}}, &twice, [n = 3](int x) { return x + n; },
    std::optional<double>{0.5}, std::tuple<int, std::string>{1, "t"}, std::tuple<>{},
    [](const auto& words, const auto& scale, auto* function, const auto& add, auto half, const auto& tuple, const auto&,
       int x) { return words.at(1) + std::get<1>(tuple) + std::to_string(scale(function(add(x))) * *half); });
  EXPECT_EQ(check_portable(f), std::nullopt);
  EXPECT_EQ(round_trip(f)(1), f(1));
  EXPECT_EQ(f(1), "bt8.000000");
  EXPECT_EQ(round_trip(capture(std::tuple{1, 2}, [](const auto& t) { return std::get<1>(t); }))(), 2);
}

TEST(Portable, RunsAFunctionWhoseTypeIsNotKnownToTheReader) {
  int a = 3;
  EXPECT_EQ(erased_round_trip<int(int)>([a](int x) { return a + x; })(1), 4);
  EXPECT_EQ(erased_round_trip<int(int)>(&twice)(4), 8);
  EXPECT_EQ(erased_round_trip<int(const account&)>(&account::after_fee)(account{}), 9);
  EXPECT_EQ(erased_round_trip<std::string(std::string)>([](auto s) { return s + s; })("ab"), "abab");
  int called = 0;
  erased_round_trip<void(int&)>([](int& n) { return ++n; })(called);
  EXPECT_EQ(called, 1);
}

TEST(Portable, KeepsTheStateOfEachErasedFunctionApart) {
  byte_writer out;
  encode_function<int()>([n = 0]() mutable { return ++n; }, out);
  byte_reader one{out.bytes()};
  byte_reader two{out.bytes()};
  const auto first = decode_erased<int()>(one);
  const auto second = decode_erased<int()>(two);
  EXPECT_EQ(first(), 1);
  EXPECT_EQ(first(), 2);
  EXPECT_EQ(second(), 1);
}

TEST(Portable, RefusesToWriteWhatCanOnlyRunHere) {
  int a = 1;
  byte_writer out;
  const auto e = failure_of([&] { encode_function([&a](int x) { return a + x; }, out); });
  EXPECT_EQ(e.code(), errc::not_portable);
  EXPECT_THAT(e.text(), testing::HasSubstr("captures by reference"));
  EXPECT_EQ(out.size(), 0U);
}

TEST(Portable, RefusesAFunctionOfAnotherTypeOrSignature) {
  byte_writer out;
  const auto one = [](int x) { return x; };
  const auto other = [](int x) { return x + 1; };
  encode_function<int(int)>(one, out);
  const auto read_as = [&](auto read) {
    return failure_of([&] {
      byte_reader in{out.bytes()};
      read(in);
    });
  };
  EXPECT_EQ(read_as([](auto& in) { decode_function<decltype(one)>(in); }).text(), "nothing was thrown");
  EXPECT_EQ(read_as([](auto& in) { decode_function<decltype(other)>(in); }).code(), errc::corrupt_data);
  const auto e = read_as([](auto& in) { decode_erased<long(long)>(in); });
  EXPECT_EQ(e.code(), errc::corrupt_data);
  EXPECT_THAT(e.text(), testing::AllOf(testing::HasSubstr("int (int)"), testing::HasSubstr("long (long)")));
}

struct only_here {};

// No other function has this signature, so every flipped bit and every truncation must end in an error. Among functions
// of one signature a damaged address may name another one: whoever sends functions protects them by a checksum.
TEST(Portable, NeverFollowsADamagedAddress) {
  byte_writer out;
  encode_function<int(only_here)>([](only_here) { return 1; }, out);
  const std::vector<std::byte> good(out.bytes().begin(), out.bytes().end());
  for (std::size_t bit = 0; bit != 8 * good.size(); ++bit) {
    auto damaged = good;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    byte_reader in{damaged};
    EXPECT_THROW(decode_erased<int(only_here)>(in), error) << "bit " << bit;
  }
  for (std::size_t size = 0; size != good.size(); ++size) {
    byte_reader in{std::span{good}.first(size)};
    EXPECT_THROW(decode_erased<int(only_here)>(in), error) << "size " << size;
  }
}

TEST(Portable, NeverFollowsRandomBytes) {
  constexpr unsigned seed = 20260101;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  for (int round = 0; round != 20'000; ++round) {
    std::vector<std::byte> bytes(random() % 12);
    for (auto& each : bytes)
      each = static_cast<std::byte>(random());
    if (!bytes.empty())
      bytes[0] = std::byte{0}; // an offset in this executable, else nearly all ask for a library
    byte_reader in{bytes};
    EXPECT_THROW(decode_erased<int(std::vector<only_here>)>(in), error);
  }
}

} // namespace
} // namespace crema::internal
