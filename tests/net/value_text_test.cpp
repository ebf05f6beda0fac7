#include "net/value_text.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crema::net {

using namespace std::chrono_literals;

// What memory and numbers may be is tested where they are flags: init_test.cpp.

TEST(ValueText, ReadsTimes) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("2s"), 2s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1000h"), 1000h);
  for (const auto* text : {"", "5", "0s", "-1s", "1.5s", "s", "2 s", "2sec", "1001h", "99999999999999999999ms"})
    EXPECT_THROW(parse_duration(text), error) << text;
}

TEST(ValueText, ReadsPaths) {
  EXPECT_EQ(parse_path("/tmp"), "/tmp");
  EXPECT_THROW(parse_path(""), error);
}

} // namespace crema::net
