#include "dataflow/function/portability.hpp"

#include "dataflow/function/capture.hpp"
#include "dataflow/function/portable.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

using enum portability;

struct plain_state {
  int number = 1;
  double weight = 2;
};

class counter {
public:
  auto by_this() {
    return [this](int x) { return x + value_; };
  }
  auto by_copy() {
    return [*this](int x) { return x + value_; };
  }
  int value() const { return value_; }
  int value_ = 7;
};

struct scaler {
  std::vector<int> factors;
  int operator()(int x) const { return x * factors.front(); }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& factors;
  }
};

struct shifter {
  std::vector<int> by;
  int operator()(int x) const { return x + by.front(); }
};
template <class Archive>
void serialize(Archive& archive, shifter& s, unsigned) {
  archive& s.by;
}

struct polymorphic {
  virtual ~polymorphic() = default;
  int operator()(int x) const { return x; }
};

int twice(int x) {
  return 2 * x;
}

enum class color { red };

template <class F>
constexpr portability kind_of(const F&) {
  return portability_of<F>;
}

template <class F>
constexpr bool proven(const F&) {
  return free_of_addresses<F>;
}

TEST(Portability, CallsAFunctionWithoutCapturesStateless) {
  EXPECT_EQ(kind_of([](int x) { return x; }), stateless);
  EXPECT_EQ(kind_of([=](int x) { return x; }), stateless);
  EXPECT_EQ(kind_of([&](int x) { return x; }), stateless);
  EXPECT_EQ(kind_of([](auto x) { return x; }), stateless);
  EXPECT_EQ(kind_of(std::plus{}), stateless);
}

TEST(Portability, ShipsPlainValuesAsBytesAndProvesThatTheyHoldNoAddress) {
  int a = 1;
  double d = 2;
  long l = 3;
  bool b = true;
  color c = color::red;
  const int array[5] = {};
  const std::array<float, 3> floats{};
  const plain_state state;
  int& alias = a;
  const auto check = [](const auto& f) {
    EXPECT_EQ(kind_of(f), bytes);
    EXPECT_TRUE(proven(f));
    EXPECT_EQ(check_portable(f), std::nullopt);
  };
  check([a] { return a; });
  check([a, d, l] { return static_cast<double>(a) + d + static_cast<double>(l); });
  check([a, b, c] { return b && c == color::red ? a : 0; });
  check([array] { return array[0]; });
  check([floats] { return floats[0]; });
  check([state] { return state.number; });
  check([alias] { return alias; });
  check([a]() mutable { return a; });
  check([f = [a] { return a; }] { return f(); });
  check(counter{}.by_copy());
}

TEST(Portability, AnIntegerIsNoAddressWhateverItsValue) {
  int local = 0;
  const auto looks_like_one = reinterpret_cast<std::uintptr_t>(&local);
  EXPECT_EQ(check_portable([looks_like_one] { return looks_like_one; }), std::nullopt);
  EXPECT_EQ(check_portable(capture([looks_like_one] { return looks_like_one; },
                                   [looks_like_one](const auto& f) { return looks_like_one - f(); })),
            std::nullopt);
}

TEST(Portability, FindsEveryReferenceCaptureAtCompileTime) {
  int a = 1;
  double d = 2;
  std::string s;
  int array[2] = {};
  int& alias = a;
  counter object;
  const auto check = [](const auto& f) {
    EXPECT_EQ(kind_of(f), local_only);
    EXPECT_THAT(check_portable(f).value_or("accepted"), testing::HasSubstr("captures by reference"));
  };
  check([&a] { return a; });
  check([&a, &d] { return a + d; });
  check([&] { return a + d; });
  check([&, a] { return a + d; });
  check([=, &d] { return a + d; });
  check([a, &d] { return a + d; });
  check([&other = a] { return other; });
  check([&alias] { return alias; });
  check([&s] { return s.size(); });
  check([&array] { return array[0]; });
  check([f = [&a] { return a; }] { return f(); });
  check([&object, d] { return object.value_ + d; });
}

TEST(Portability, FindsACapturedPointerAtRunTime) {
  int local = 0;
  const auto on_heap = std::make_unique<int>(3);
  static int global = 1;
  static int zero[10'000] = {};
  counter object;
  const char* literal = "text";
  const std::string_view view = literal;
  const auto check = [](const auto& f, const char* text) {
    EXPECT_EQ(kind_of(f), bytes);
    EXPECT_THAT(check_portable(f).value_or("accepted"), testing::HasSubstr(text));
  };
  long one = 1;
  check([p = &local] { return *p; }, "word 1 of 1");
  check([one, p = &local, last = one] { return one + *p + last; }, "word 2 of 3");
  check([p = on_heap.get()] { return *p; }, "the heap");
  check([p = &global] { return *p; }, "this program's image");
  check([p = &zero[9'000]] { return *p; }, "this program's image");
  check([literal] { return literal; }, "this program's image");
  check([view] { return view.size(); }, "captures a pointer (or `this`)");
  check([f = &twice](int x) { return f(x); }, "this program's image");
  check([r = std::ref(local)] { return r.get(); }, "captures a pointer");
  check(object.by_this(), "captures a pointer (or `this`)");
}

TEST(Portability, LetsNullPointersAndUnionsOfNumbersPass) {
  int* nothing = nullptr;
  const std::optional<int> maybe = 4;
  const std::pair<int, int> two{1, 2};
  EXPECT_EQ(check_portable([nothing] { return nothing; }), std::nullopt);
  EXPECT_EQ(check_portable([maybe] { return maybe; }), std::nullopt);
  EXPECT_EQ(check_portable([two] { return two; }), std::nullopt);
  EXPECT_EQ(kind_of([maybe] { return maybe; }), bytes);
  EXPECT_EQ(kind_of([two] { return two; }), bytes);
}

TEST(Portability, AsksForCaptureWhereAClosureOwnsMemory) {
  const std::string text;
  const std::vector<int> numbers;
  const std::tuple<std::string> tuple;
  const auto check = [](const auto& f, const char* text_wanted) {
    EXPECT_EQ(kind_of(f), local_only);
    EXPECT_THAT(check_portable(f).value_or("accepted"), testing::HasSubstr(text_wanted));
  };
  check([text] { return text; }, "crema::capture(");
  check([numbers] { return numbers; }, "std::vector");
  check([tuple] { return tuple; }, "not trivially copyable");
  check([p = std::make_shared<int>(1)] { return *p; }, "not trivially copyable");
  check([p = std::make_unique<int>(1)] { return *p; }, "cannot be copied");
  check(std::function<int(int)>{&twice}, "std::function, which hides");
  check(polymorphic{}, "virtual functions");
}

TEST(Portability, TrustsASerializeOfTheFunctionsOwn) {
  EXPECT_EQ(kind_of(scaler{}), serializable);
  EXPECT_EQ(kind_of(shifter{}), serializable);
  EXPECT_EQ(check_portable(scaler{{1, 2}}), std::nullopt);
}

TEST(Portability, NamesFunctionsAndMembersByTheirAddress) {
  EXPECT_EQ(kind_of(&twice), address);
  EXPECT_EQ(kind_of(&counter::value), address);
  EXPECT_EQ(kind_of(&counter::value_), address);
  EXPECT_EQ(check_portable(&twice), std::nullopt);
  EXPECT_EQ(check_portable(&counter::value), std::nullopt);
  EXPECT_EQ(check_portable(&counter::value_), std::nullopt);
}

TEST(Portability, NamesTheFunctionInItsRefusal) {
  int a = 1;
  EXPECT_THAT(*check_portable([&a] { return a; }), testing::HasSubstr("NamesTheFunctionInItsRefusal"));
}

TEST(Portability, RefusesCodeThatIsInNoLoadedObject) {
  const auto on_stack = [] {};
  const auto generated = __builtin_bit_cast(int (*)(int), &on_stack);
  EXPECT_THAT(check_portable(generated).value_or("accepted"), testing::HasSubstr("neither in this program"));
}

TEST(Portability, LooksIntoTheStatesOfACapture) {
  int local = 0;
  const auto f = capture(
    1, [p = &local](int x) { return x + *p; }, [](int, const auto& g, int x) { return g(x); });
  EXPECT_EQ(kind_of(f), captured);
  EXPECT_THAT(check_portable(f).value_or("accepted"),
              testing::AllOf(testing::HasSubstr("state 2 of 2"), testing::HasSubstr("captures a pointer")));
  EXPECT_EQ(check_portable(capture(std::string{"text"}, [](const std::string& s, int x) { return s.size() + x; })),
            std::nullopt);
}

// g++ 12 takes std::is_trivially_copyable back once the assignment of a closure was asked for.
TEST(Portability, DoesNotDependOnWhatWasAskedOfTheClosureBefore) {
  int local = 0;
  const auto value = [local] { return local; };
  const auto pointer = [p = &local] { return *p; };
  const auto reference = [&local] { return local; };
  EXPECT_FALSE(std::is_copy_assignable_v<decltype(value)>);
  EXPECT_FALSE(std::is_copy_assignable_v<decltype(pointer)>);
  EXPECT_FALSE(std::is_copy_assignable_v<decltype(reference)>);
  EXPECT_EQ(sizeof(std::tuple<decltype(value), decltype(pointer), decltype(reference)>), 24U);
  EXPECT_EQ(kind_of(value), bytes);
  EXPECT_EQ(check_portable(value), std::nullopt);
  EXPECT_EQ(kind_of(pointer), bytes);
  EXPECT_NE(check_portable(pointer), std::nullopt);
  EXPECT_EQ(kind_of(reference), local_only);
}

} // namespace
} // namespace crema::internal
