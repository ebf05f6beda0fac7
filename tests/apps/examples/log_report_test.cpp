#include "apps/examples/log_report.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace crema::examples {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class log_report : public testing::on_every_engine {
protected:
  traffic_report report(const std::string& text, std::int64_t top) {
    return report_traffic(ctx, directory.file("log", text), top);
  }

  testing::temporary_directory directory;
};
INSTANTIATE_TEST_SUITE_P(Engines, log_report, testing::engine_shapes(), testing::engine_name);

TEST_P(log_report, CountsPathsStatusesAndBytes) {
  const auto found =
    report("10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?q=1 HTTP/1.0\" 200 100\n"
           "10.0.0.2 - ann [10/Oct/2000:13:55:37 -0700] \"GET /b HTTP/1.0\" 404 7 \"ref\" \"agent\"\n"
           "\n"
           "this is no request\n"
           "10.0.0.1 - - [10/Oct/2000:13:55:38 -0700] \"POST /a HTTP/1.1\" 200 - \"-\" \"a \\\" b\"\r\n",
           10);
  EXPECT_THAT(found.paths, ElementsAre(Pair("/a", traffic{2, 100}), Pair("/b", traffic{1, 7})));
  EXPECT_THAT(found.statuses, ElementsAre(Pair("200", traffic{2, 100}), Pair("404", traffic{1, 7})));
  EXPECT_THAT(found.hosts, ElementsAre(Pair("10.0.0.1", traffic{2, 100}), Pair("10.0.0.2", traffic{1, 7})));
  EXPECT_EQ(found.malformed, 1U);
}

TEST_P(log_report, AgreesWithANaiveCountAndCountsMalformedLinesOnce) {
  std::mt19937 random{11};
  std::map<std::string, traffic> paths, hosts, statuses;
  std::uint64_t malformed = 0;
  std::string text;
  for (int i = 0; i != 20'000; ++i) {
    if (random() % 10 == 0) {
      text += "broken " + std::to_string(i) + "\n";
      ++malformed;
      continue;
    }
    const auto host = "host" + std::to_string(random() % 500),
               path = "/page/number/" + std::to_string(random() % 3'000);
    const auto status = std::to_string(200 + random() % 5);
    const traffic its{1, random() % 10'000};
    text += host + " - - [now] \"GET " + path + " HTTP/1.1\" " + status + " " + std::to_string(its.bytes) + "\n";
    for (auto* counted : {&(paths[path]), &(hosts[host]), &(statuses[status])})
      *counted = *counted + its;
  }
  const auto best = [](const std::map<std::string, traffic>& all, auto amount) {
    std::vector<named_traffic> sorted(all.begin(), all.end());
    std::ranges::stable_sort(sorted, std::greater{}, [&](const named_traffic& one) { return amount(one.second); });
    sorted.resize(15);
    return sorted;
  };
  const auto found = report(text, 15);
  EXPECT_EQ(found.paths, best(paths, [](const traffic& its) { return its.requests; }));
  EXPECT_EQ(found.hosts, best(hosts, [](const traffic& its) { return its.bytes; }));
  EXPECT_EQ(found.statuses, std::vector<named_traffic>(statuses.begin(), statuses.end()));
  EXPECT_EQ(found.malformed, malformed);
}

TEST_P(log_report, KeepsASubjectApartFromAnotherOfTheSameName) {
  const auto found = report("200 - - [now] \"200\" 200 5\n", 10);
  for (const auto* named : {&found.paths, &found.statuses, &found.hosts})
    EXPECT_THAT(*named, ElementsAre(Pair("200", traffic{1, 5})));
}

TEST_P(log_report, FindsNothingInAnEmptyLog) {
  const auto found = report("", 10);
  EXPECT_TRUE(found.paths.empty() && found.statuses.empty() && found.hosts.empty());
  EXPECT_EQ(found.malformed, 0U);
}

TEST(LogLine, TakesQuotesAndBracketsApart) {
  const auto read = parse_request("::1 - a b [x] \"GET /say?\\\"hi\\\" HTTP/1.1\" 301 12 \"a] \\\"b\" \"c\"");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->host, "::1");
  EXPECT_EQ(read->path, "/say");
  EXPECT_EQ(read->status, "301");
  EXPECT_EQ(read->bytes, 12U);
}

TEST(LogLine, KeepsARequestThatIsNoHttpAsItIs) {
  EXPECT_EQ(path_of("-"), "-");
  EXPECT_EQ(path_of("GET "), "GET ");
  EXPECT_EQ(path_of("\\x16\\x03"), "\\x16\\x03");
  EXPECT_EQ(path_of("GET /a"), "/a");
}

TEST(LogLine, RefusesWhatIsNoRequest) {
  for (const auto* line : {
         "",
         "h",
         " - - [t] \"GET / H\" 200 1",
         "h - - t \"GET / H\" 200 1",
         "h - - [t \"GET / H\" 200 1",
         "h - - [t] \"GET / H 200 1",
         "h - - [t] \"GET / H\\\" 200 1",
         "h - - [t] \"GET / H\" 20 1",
         "h - - [t] \"GET / H\" 2x0 1",
         "h - - [t] \"GET / H\" 200",
         "h - - [t] \"GET / H\" 200 ",
         "h - - [t] \"GET / H\" 200 1x",
         "h - - [t] \"GET / H\" 200 -1",
         "h - - [t] \"GET / H\" 200 99999999999999999999",
       })
    EXPECT_FALSE(parse_request(line)) << line;
}

} // namespace
} // namespace crema::examples
