#include "net/launcher/output_tail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace crema::net {

TEST(OutputTail, PassesWholeLinesOn) {
  output_tail tail;
  EXPECT_EQ(tail.add("one\ntw"), "one\n");
  EXPECT_EQ(tail.add("o"), "");
  EXPECT_EQ(tail.add("\nthree\n"), "two\nthree\n");
  EXPECT_EQ(tail.text(), "one\ntwo\nthree\n");
}

TEST(OutputTail, KeepsWhatIsNotALineYet) {
  output_tail tail;
  tail.add("panic: no");
  EXPECT_EQ(tail.text(), "panic: no");
}

TEST(OutputTail, KeepsTheLastWholeLinesInBoundedMemory) {
  output_tail tail;
  for (int i = 0; i != 10'000; ++i)
    tail.add("line " + std::to_string(i) + "\n");
  EXPECT_LE(tail.text().size(), output_tail::max_bytes);
  EXPECT_GE(tail.text().size(), output_tail::max_bytes - 12);
  EXPECT_TRUE(tail.text().starts_with("line "));
  EXPECT_TRUE(tail.text().ends_with("line 9999\n"));
}

TEST(OutputTail, PassesALineWithoutEndOnInPieces) {
  output_tail tail;
  std::string passed;
  for (int i = 0; i != 100; ++i)
    passed += tail.add(std::string(1000, 'x'));
  EXPECT_GE(passed.size(), 100'000 - output_tail::max_bytes);
  EXPECT_EQ(tail.text(), std::string(output_tail::max_bytes, 'x'));
}

TEST(OutputTail, PassesOnExactlyWhatItGot) {
  std::mt19937 random{3};
  output_tail tail;
  std::string given, passed;
  for (int i = 0; i != 2000; ++i) {
    std::string bytes(random() % 200, 'x');
    for (auto& each : bytes)
      each = random() % 50 == 0 ? '\n' : 'a';
    given += bytes;
    passed += tail.add(bytes);
    ASSERT_LE(tail.text().size(), output_tail::max_bytes);
  }
  passed += tail.add("\n");
  EXPECT_EQ(passed, given + "\n");
}

} // namespace crema::net
