#include "dataflow/function/capture.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace crema {
namespace {

TEST(Capture, CallsTheFunctionWithItsStatesFirst) {
  const auto f = capture(std::string{"a"}, std::string{"b"},
                         [](const std::string& x, const std::string& y, const std::string& z) { return x + y + z; });
  EXPECT_EQ(f("c"), "abc");
}

TEST(Capture, PassesStatesAsConst) {
  const auto f = capture(1, [](auto& state) { return std::is_const_v<std::remove_reference_t<decltype(state)>>; });
  EXPECT_TRUE(f());
}

TEST(Capture, ForwardsArgumentsAndResults) {
  const auto f = capture(1, [](int, std::unique_ptr<int> moved, int& changed) -> int& {
    changed = *moved;
    return changed;
  });
  int target = 0;
  f(std::make_unique<int>(5), target) += 1;
  EXPECT_EQ(target, 6);
}

TEST(Capture, RunsAMutableLambda) {
  auto f = capture(10, [n = 0](int step) mutable { return n += step; });
  EXPECT_EQ(f(), 10);
  EXPECT_EQ(f(), 20);
  EXPECT_FALSE((std::is_invocable_v<const decltype(f)&>));
}

TEST(Capture, CanBeCalledOnlyWithWhatTheFunctionTakes) {
  using f = decltype(capture(1, [](int, const std::string&) { return 0; }));
  EXPECT_TRUE((std::is_invocable_r_v<int, const f&, std::string>));
  EXPECT_FALSE((std::is_invocable_v<const f&, std::vector<int>>));
  EXPECT_FALSE((std::is_invocable_v<const f&>));
}

TEST(Capture, MovesStatesIn) {
  std::vector<int> large(1000, 7);
  const auto* where = large.data();
  const auto f = capture(std::move(large), [](const std::vector<int>& state) { return state.data(); });
  EXPECT_EQ(f(), where);
}

TEST(Capture, TakesFunctionsAsStates) {
  const auto inner = capture(std::vector<int>{1, 2}, [](const std::vector<int>& v, std::size_t i) { return v.at(i); });
  const auto outer = capture(inner, [](const auto& f, std::size_t i) { return 10 * f(i); });
  EXPECT_EQ(outer(1U), 20);
}

TEST(Capture, TakesATupleAsOneState) {
  const auto f = capture(std::tuple{1, 2}, [](const std::tuple<int, int>& both) { return std::get<1>(both); });
  EXPECT_EQ(f(), 2);
}

TEST(Capture, CallsAMemberFunctionOfItsState) {
  const auto f =
    capture(std::string{"text"}, static_cast<const char& (std::string::*)(std::size_t) const>(&std::string::at));
  EXPECT_EQ(f(2U), 'x');
}

} // namespace
} // namespace crema
