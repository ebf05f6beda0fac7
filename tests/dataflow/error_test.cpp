#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <new>
#include <stdexcept>

namespace crema {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct strange {
  int number;
};

/// What `current_error` makes of `thrown` at `where`.
template <class T>
error caught(T thrown, error::site where = {}) {
  try {
    throw thrown;
  } catch (...) {
    return current_error(std::move(where));
  }
}

error::site map_site() {
  return {.op = "map", .location = "main.cpp:42", .task = "1.2@3#0", .partition = 3, .node = "mars", .type = ""};
}

TEST(Error, NamesEveryCodeOnce) {
  std::vector<std::string_view> seen;
  for (int code = 1; code <= static_cast<int>(errc::internal); ++code) {
    const auto text = name(static_cast<errc>(code));
    EXPECT_NE(text, "unknown") << "code " << code;
    EXPECT_THAT(seen, testing::Not(testing::Contains(text)));
    seen.push_back(text);
  }
  EXPECT_EQ(name(errc::invalid_argument), "invalid_argument");
  EXPECT_EQ(name(errc::user_exception), "user_exception");
  EXPECT_EQ(name(errc::internal), "internal");
}

TEST(Error, CallsACodeOutsideTheListUnknown) {
  EXPECT_EQ(name(static_cast<errc>(static_cast<int>(errc::internal) + 1)), "unknown");
  EXPECT_EQ(name(static_cast<errc>(-1)), "unknown");
}

TEST(Error, SaysCodeAndTextWhereNoJobIsInvolved) {
  const error e{errc::invalid_argument, "0 partitions"};
  EXPECT_STREQ(e.what(), "invalid_argument: 0 partitions");
  EXPECT_EQ(e.text(), "0 partitions");
  EXPECT_EQ(e.where().partition, -1);
}

TEST(Error, TellsTheWholeStoryInOneLine) {
  const auto e = caught(std::runtime_error{"no such host"}, map_site());
  EXPECT_STREQ(e.what(),
               "user_exception in map at main.cpp:42, task 1.2@3#0, node mars: std::runtime_error: no such host");
}

TEST(Error, KeepsTextsOfTenKilobytesAndCutsLongerOnes) {
  const std::string longest(10'000, 'x');
  EXPECT_EQ((error{errc::internal, longest}.text()), longest);
  const error cut{errc::internal, longest + "y"};
  EXPECT_EQ(cut.text(), longest + "… (cut)");
  EXPECT_LT(std::string_view{cut.what()}.size(), 10'100u);
}

TEST(Error, CopiesShareOneImmutableState) {
  const error original{errc::not_found, "a.txt"};
  const error copy = original; // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.what(), original.what());
}

TEST(Error, RethrowsTheOriginalObject) {
  const auto e = caught(strange{7});
  try {
    e.rethrow_cause();
  } catch (const strange& s) {
    EXPECT_EQ(s.number, 7);
  }
}

TEST(Error, RethrowsItselfWhereThereIsNoCause) {
  const error e{errc::cancelled, "by the user"};
  EXPECT_THROW(e.rethrow_cause(), error);
}

TEST(CurrentError, MakesAUserExceptionOfAStandardOne) {
  const auto e = caught(std::out_of_range{"index 9"}, map_site());
  EXPECT_EQ(e.code(), errc::user_exception);
  EXPECT_EQ(e.text(), "index 9");
  EXPECT_EQ(e.where().type, "std::out_of_range");
  EXPECT_EQ(e.where().op, "map");
  EXPECT_EQ(e.where().partition, 3);
  EXPECT_THROW(e.rethrow_cause(), std::out_of_range);
}

TEST(CurrentError, MakesOutOfMemoryOfBadAlloc) {
  const auto e = caught(std::bad_alloc{});
  EXPECT_EQ(e.code(), errc::out_of_memory);
  EXPECT_THROW(e.rethrow_cause(), std::bad_alloc);
}

TEST(CurrentError, KeepsThrownTexts) {
  EXPECT_STREQ(caught(std::string{"as a string"}).what(), "user_exception: std::string: as a string");
  EXPECT_STREQ(caught("as characters").what(), "user_exception: const char*: as characters");
  EXPECT_STREQ(caught(static_cast<const char*>(nullptr)).what(), "user_exception: const char*: ");
}

TEST(CurrentError, NamesTheTypeOfWhatIsNoException) {
  EXPECT_EQ(caught(42).where().type, "int");
  EXPECT_THAT(caught(strange{1}).where().type, HasSubstr("strange"));
  EXPECT_EQ(caught(42).text(), "an exception that is not a std::exception");
}

TEST(CurrentError, ReportsTheOuterOfNestedExceptionsAndRethrowsBoth) {
  const auto nested = [] {
    try {
      try {
        throw std::runtime_error{"inner"};
      } catch (...) {
        std::throw_with_nested(std::logic_error{"outer"});
      }
    } catch (...) {
      return current_error({});
    }
  };
  const auto e = nested();
  EXPECT_EQ(e.text(), "outer");
  try {
    e.rethrow_cause();
  } catch (const std::exception& outer) {
    EXPECT_STREQ(outer.what(), "outer");
    EXPECT_THROW(std::rethrow_if_nested(outer), std::runtime_error);
  }
}

TEST(CurrentError, AddsOnlyWhatAnErrorLacks) {
  error::site source;
  source.op = "text_file";
  source.location = "main.cpp:7";
  const error inner{errc::io_failure, "disk gone", source};
  const auto e = caught(inner, map_site());
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_EQ(e.text(), "disk gone");
  EXPECT_EQ(e.where().op, "text_file");
  EXPECT_EQ(e.where().location, "main.cpp:7");
  EXPECT_EQ(e.where().task, "1.2@3#0");
  EXPECT_EQ(e.where().node, "mars");
}

TEST(CurrentError, LeadsToTheUsersObjectAfterTwoAnnotations) {
  const auto once = caught(strange{5});
  const auto twice = caught(once, map_site());
  EXPECT_THAT(twice.what(), StartsWith("user_exception in map"));
  try {
    twice.rethrow_cause();
  } catch (const strange& s) {
    EXPECT_EQ(s.number, 5);
  }
}

} // namespace
} // namespace crema
