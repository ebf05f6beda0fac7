#include "dataflow/config.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace {

using crema::config;
using crema::errc;
using crema::master;
using crema::parse_master;
using testing::AllOf;
using testing::HasSubstr;

/// The code and text with which `call` fails.
template <class Call>
std::pair<errc, std::string> failure(Call call) {
  try {
    call();
  } catch (const crema::error& e) {
    return {e.code(), e.text()};
  }
  return {errc::internal, "no error"};
}

template <class T>
std::pair<errc, std::string> failure_with(T config::*field, T value) {
  config settings;
  settings.*field = value;
  return failure([&] { validate(settings); });
}

void expect_threads(const std::string& text, int threads) {
  const auto parsed = parse_master(text);
  EXPECT_EQ(parsed.where, master::kind::local) << text;
  EXPECT_EQ(parsed.count, threads) << text;
}

} // namespace

TEST(Master, NamesTheThreadsOfThisProcess) {
  expect_threads("local", 0);
  expect_threads("local[*]", 0);
  expect_threads("local[1]", 1);
  expect_threads("local[1024]", 1024);
  EXPECT_EQ(parse_master("inline").where, master::kind::inline_);
  EXPECT_EQ(parse_master("inline").count, 1);
}

TEST(Master, NamesTheProcesses) {
  EXPECT_EQ(parse_master("processes[64]").where, master::kind::processes);
  EXPECT_EQ(parse_master("processes[64]").count, 64);
  for (const std::string text : {"processes[0]", "processes[65]", "processes[*]", "processes[]"})
    EXPECT_THAT(failure([&] { parse_master(text); }).second,
                AllOf(HasSubstr('"' + text + '"'), HasSubstr("number of processes must be from 1 to 64")));
}

TEST(Master, RefusesNumbersOfThreadsThatAreNone) {
  for (const std::string text :
       {"local[0]", "local[-1]", "local[]", "local[x]", "local[2x]", "local[ 2]", "local[1025]",
        "local[99999999999999999999]", "local[1.5]", "local[+2]", "local[**]"}) {
    const auto [code, why] = failure([&] { parse_master(text); });
    EXPECT_EQ(code, errc::invalid_argument) << text;
    EXPECT_THAT(why, AllOf(HasSubstr('"' + text + '"'), HasSubstr("from 1 to 1024")));
  }
}

TEST(Master, RefusesOtherWordsAndNamesTheKnownOnes) {
  for (const std::string text : {"", "yarn", "local[2", "local2", "local[2]x", " local", "Inline[", "spark://host:1"}) {
    const auto [code, why] = failure([&] { parse_master(text); });
    EXPECT_EQ(code, errc::invalid_argument) << text;
    EXPECT_THAT(why, AllOf(HasSubstr('"' + text + '"'),
                           HasSubstr(R"("local", "local[N]", "local[*]", "processes[N]", "crema://HOST:PORT", )"
                                     R"("profile:NAME" and "inline")")));
  }
}

TEST(Master, OffersTheNearestWord) {
  EXPECT_THAT(failure([] { parse_master("lokal[4]"); }).second, HasSubstr("did you mean \"local\"?"));
  EXPECT_THAT(failure([] { parse_master("in-line"); }).second, HasSubstr("did you mean \"inline\"?"));
  EXPECT_THAT(failure([] { parse_master("crema:/host:1"); }).second, HasSubstr("did you mean \"crema://\"?"));
  EXPECT_THAT(failure([] { parse_master("creme://host:1"); }).second, HasSubstr("did you mean \"crema://\"?"));
  EXPECT_THAT(failure([] { parse_master("profil:lab"); }).second, HasSubstr("did you mean \"profile:\"?"));
  EXPECT_THAT(failure([] { parse_master("mesos"); }).second, Not(HasSubstr("did you mean")));
}

TEST(Master, NamesAClusterByItsControllersOrByItsProfile) {
  EXPECT_EQ(parse_master("crema://a:7000,[::1]:7001").where, master::kind::controllers);
  EXPECT_EQ(parse_master("crema://a:7000,[::1]:7001").named, "a:7000,[::1]:7001");
  EXPECT_EQ(parse_master("profile:lab").where, master::kind::profile);
  EXPECT_EQ(parse_master("profile:lab").named, "lab");
}

TEST(Config, IsValidAsItComes) {
  EXPECT_NO_THROW(validate(config{}));
}

TEST(Config, NamesTheFieldItsValueAndTheRange) {
  const auto [code, why] = failure_with<std::size_t>(&config::memory_limit, (1u << 20) - 1);
  EXPECT_EQ(code, errc::invalid_argument);
  EXPECT_EQ(why,
            "memory_limit: 1048575 bytes is out of range: from 1048576 (1 MiB) to 1152921504606846976 (1 EiB), or 0 "
            "for half of what this machine allows");
}

TEST(Config, ChecksEveryField) {
  EXPECT_THAT(failure_with<std::string>(&config::master, "nowhere").second, HasSubstr("master: \"nowhere\""));
  EXPECT_THAT(failure_with<std::size_t>(&config::memory_limit, 1).second, HasSubstr("memory_limit: 1 bytes"));
  EXPECT_THAT(failure_with(&config::memory_limit, std::numeric_limits<std::size_t>::max()).second,
              HasSubstr("memory_limit: 18446744073709551615 bytes"));
  EXPECT_THAT(failure_with(&config::min_nodes, 0).second, HasSubstr("min_nodes: 0"));
  EXPECT_THAT(failure_with(&config::default_parallelism, -1).second, HasSubstr("default_parallelism: -1"));
  EXPECT_THAT(failure_with(&config::inline_records, std::numeric_limits<std::size_t>::max()).second,
              HasSubstr("inline_records: 18446744073709551615"));
  EXPECT_THAT(failure_with(&config::spill_directory, std::string("a\0b", 3)).second, HasSubstr("spill_directory: "));
  EXPECT_THAT(failure_with(&config::metrics_file, std::string("a\0b", 3)).second, HasSubstr("metrics_file: "));
}

TEST(Config, MayBeAtTheBoundsOfItsRanges) {
  config settings;
  settings.memory_limit = 1 << 20;
  settings.default_parallelism = 1'000'000;
  settings.inline_records = 0;
  EXPECT_NO_THROW(validate(settings));
}
