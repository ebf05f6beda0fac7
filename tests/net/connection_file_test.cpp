#include "net/connection_file.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

namespace crema::net {

namespace {

using testing::HasSubstr;

const connection usual{std::string(64, 'a'), 3, {{"10.0.0.5", 7123}, {"::1", 8}}};

std::string refusal(const std::string& text) {
  try {
    parse_connection(text);
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt_data) << e.what();
    return e.text();
  }
  return "no error";
}

std::string without(const std::string& key) {
  std::string kept;
  std::istringstream lines{to_toml(usual)};
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with(key))
      kept += line + '\n';
  return kept;
}

} // namespace

TEST(ConnectionFile, ReadsWhatItWrites) {
  EXPECT_EQ(parse_connection(to_toml(usual)), usual);
}

TEST(ConnectionFile, SaysWhatIsWrong) {
  EXPECT_THAT(refusal("\n<html>"), HasSubstr("line 2"));
  EXPECT_THAT(refusal(std::string{"\0\xff\xfe", 3}), HasSubstr("line 1"));
  EXPECT_THAT(refusal(""), HasSubstr("it has no \"version\"; was it cut?"));
  for (const auto* key : {"version", "cluster", "epoch"})
    EXPECT_THAT(refusal(without(key)), HasSubstr("it has no \"" + std::string{key} + "\"; was it cut?"));
  EXPECT_THAT(refusal(without("controllers")), HasSubstr("\"controllers\" must be a list"));
  EXPECT_THAT(refusal(without("version") + "version = 2"), HasSubstr("its version is 2, this crema reads 1"));
  EXPECT_THAT(refusal(without("epoch") + "epoch = 1.5"), HasSubstr("\"epoch\" must be a number"));
  EXPECT_THAT(refusal(without("epoch") + "epoch = -1"), HasSubstr("\"epoch\" must not be negative"));
  EXPECT_THAT(refusal(without("cluster") + "cluster = \"short\""), HasSubstr("64 hex digits"));
  EXPECT_THAT(refusal(without("controllers") + "controllers = []"), HasSubstr("one at least"));
  EXPECT_THAT(refusal(without("controllers") + "controllers = [7]"), HasSubstr("list of texts"));
  EXPECT_THAT(refusal(without("controllers") + "controllers = [\"here\"]"), HasSubstr("it has no port"));
  EXPECT_THAT(refusal(to_toml(usual) + "epocs = 1"), HasSubstr("unknown key \"epocs\"; did you mean \"epoch\"?"));
}

TEST(ConnectionFile, IsRefusedOrReadWhereverItIsCutOrChanged) {
  const auto whole = to_toml(usual);
  for (std::size_t length = 0; length != whole.size() - 1; ++length)
    EXPECT_NE(refusal(whole.substr(0, length)), "no error") << length;
  std::mt19937 random{5};
  for (int i = 0; i != 2000; ++i) {
    auto changed = whole;
    changed[random() % changed.size()] = static_cast<char>(random());
    refusal(changed); // throws nothing else
  }
}

} // namespace crema::net
