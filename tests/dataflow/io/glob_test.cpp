#include "dataflow/io/glob.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crema::internal {

using ::testing::ElementsAre;

TEST(Glob, SplitsAListAtCommasAndTrimsItsItems) {
  EXPECT_THAT(split_list(" a b ,\tc\n,d"), ElementsAre("a b", "c", "d"));
  EXPECT_THAT(split_list("a,,"), ElementsAre("a", "", ""));
  EXPECT_THAT(split_list(""), ElementsAre(""));
}

TEST(Glob, KeepsCommasInBracesInSetsAndAfterABackslash) {
  EXPECT_THAT(split_list("x{a,{b,c}}y,z"), ElementsAre("x{a,{b,c}}y", "z"));
  EXPECT_THAT(split_list("x[,1],z"), ElementsAre("x[,1]", "z"));
  EXPECT_THAT(split_list(R"(x\,y,z\ )"), ElementsAre(R"(x\,y)", R"(z\ )"));
  EXPECT_THAT(split_list("x{a,y[b,c}"), ElementsAre("x{a,y[b,c}"));
  EXPECT_THAT(split_list("x{a,y[b,c"), ElementsAre("x{a", "y[b", "c"));
}

TEST(Glob, ExpandsBracesFromLeftToRight) {
  EXPECT_THAT(expand_braces("plain"), ElementsAre("plain"));
  EXPECT_THAT(expand_braces("{a,b}{1,2}"), ElementsAre("a1", "a2", "b1", "b2"));
  EXPECT_THAT(expand_braces("x{1,2{a,}}y"), ElementsAre("x1y", "x2ay", "x2y"));
  EXPECT_THAT(expand_braces("{a/b,c}/d"), ElementsAre("a/b/d", "c/d"));
  EXPECT_THAT(expand_braces("{a}"), ElementsAre("a"));
  EXPECT_THAT(expand_braces(R"(\{a,b} {c [{] d})"), ElementsAre(R"(\{a,b} c [{] d)"));
  EXPECT_THAT(expand_braces("{a,b"), ElementsAre("{a,b"));
}

TEST(Glob, RefusesPatternsThatExplode) {
  std::string pattern;
  for (int i = 0; i < 40; ++i)
    pattern += "{a,b}";
  try {
    expand_braces(pattern);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
  }
}

TEST(Glob, KnowsWildcardsFromEscapedAndUnclosedOnes) {
  for (const char* text : {"*", "a?", "a[b]", "[]]", "[!]]"})
    EXPECT_TRUE(has_wildcard(text)) << text;
  for (const char* text : {"", "a", R"(\*\?)", "[", "[]", "a]", R"(\[a])", "[a/b]"})
    EXPECT_FALSE(has_wildcard(text)) << text;
}

TEST(Glob, MatchesStarsAndQuestionMarks) {
  for (const auto& [pattern, name] : std::initializer_list<std::pair<const char*, const char*>>{{"*", ""},
                                                                                                {"*", "abc"},
                                                                                                {"a*c", "abcbc"},
                                                                                                {"*.log", "x.log"},
                                                                                                {"a?c", "abc"},
                                                                                                {"*a*b*", "xaybz"},
                                                                                                {"**", "a"}})
    EXPECT_TRUE(matches(pattern, name)) << pattern << " " << name;
  for (const auto& [pattern, name] : std::initializer_list<std::pair<const char*, const char*>>{
         {"", "a"}, {"a", ""}, {"a*c", "ab"}, {"*.log", "x.log2"}, {"a?c", "ac"}, {"?", ""}, {"A", "a"}})
    EXPECT_FALSE(matches(pattern, name)) << pattern << " " << name;
}

TEST(Glob, MatchesSetsOfBytes) {
  for (const auto& [pattern, name] : std::initializer_list<std::pair<const char*, const char*>>{{"[abc]x", "bx"},
                                                                                                {"[a-c]", "b"},
                                                                                                {"[!a-c]", "d"},
                                                                                                {"[^a]", "b"},
                                                                                                {"[]]", "]"},
                                                                                                {"[!]]", "a"},
                                                                                                {"[a-]", "-"},
                                                                                                {R"([\]a])", "]"},
                                                                                                {"[x-\xFF]", "\xF0"},
                                                                                                {"[", "["},
                                                                                                {"*[0-9]*", "ab1c"}})
    EXPECT_TRUE(matches(pattern, name)) << pattern << " " << name;
  for (const auto& [pattern, name] : std::initializer_list<std::pair<const char*, const char*>>{
         {"[abc]", "d"}, {"[a-c]", "-"}, {"[!a-c]", "b"}, {"[]]", "["}, {"[c-a]", "b"}, {"[a]", ""}})
    EXPECT_FALSE(matches(pattern, name)) << pattern << " " << name;
}

TEST(Glob, MatchesAHiddenNameOnlyByItsOwnFirstByte) {
  for (const char* pattern : {"*", "?x", "[._]x", "[!a]x", "**"}) {
    EXPECT_FALSE(matches(pattern, "_x")) << pattern;
    EXPECT_FALSE(matches(pattern, ".x")) << pattern;
  }
  EXPECT_TRUE(matches("_*", "_x"));
  EXPECT_TRUE(matches(".*", ".x"));
  EXPECT_TRUE(matches(R"(\_*)", "_x"));
  EXPECT_FALSE(matches("_*", ".x"));
}

TEST(Glob, IsNotExponentialInStars) {
  EXPECT_FALSE(matches(std::string(50, '*') + "a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(Glob, EscapesAndUnescapes) {
  const std::string text = R"(a\b*?[c]{d},é)";
  EXPECT_EQ(unescaped(escaped(text)), text);
  EXPECT_FALSE(has_wildcard(escaped(text)));
  EXPECT_THAT(expand_braces(escaped(text)), ElementsAre(escaped(text)));
  EXPECT_TRUE(matches(escaped(text), text));
  EXPECT_EQ(unescaped("a\\"), "a\\");
}

} // namespace crema::internal
