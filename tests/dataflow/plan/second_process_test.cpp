#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"
#include "tests/second_process.hpp"

#include "dataflow/function/capture.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/job_run.hpp"
#include "dataflow/operations.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/store_task.hpp"
#include "dataflow/plan/task_report.hpp"
#include "dataflow/text/split_words.hpp"

#include <gmock/gmock.h>

#include <map>
#include <mutex>
#include <tuple>
#include <unistd.h>

// Whole jobs that run in another process of this executable: it gets the plan, its shared variables and the records of
// its sources, and answers with blocks of the result, reports of the tasks and perhaps a failure.

namespace crema {
namespace {

using namespace crema::internal;
using namespace crema::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto peer_test = "SecondProcessOfPlans.DISABLED_Peer";

struct question {
  std::vector<std::string> variables;
  std::string plan;
  std::vector<std::pair<int, std::string>> sources; ///< by stage
};

struct answer {
  std::string failure;                                    ///< empty: none
  std::vector<std::pair<int, std::string>> results;       ///< by task
  std::vector<std::tuple<int, int, std::string>> reports; ///< by stage and task, in the order of their commits
};

template <class Write>
std::string written(Write&& write) {
  byte_writer out;
  write(out);
  return text_of(out.bytes());
}

question ask_for(const job_plan& plan) {
  auto encoded = encode_plan(plan);
  question asked;
  asked.plan = text_of(encoded.bytes.bytes());
  for (const auto id : encoded.variables)
    asked.variables.push_back(written([&](auto& out) { encode_variable(id, out); }));
  for (const auto& s : plan.stages)
    for (std::size_t task = 0; task != s.partitions.size(); ++task)
      asked.sources.emplace_back(s.id,
                                 written([&](auto& out) { encode_sources(plan, s.id, static_cast<int>(task), out); }));
  return asked;
}

/// The driver's side.
class second_process final : public engine {
public:
  int threads() const noexcept override { return 3; }

  void start(std::shared_ptr<job_run> job) override {
    std::optional<error> failure;
    auto asked = ask_for(job->plan());
    do {
      failure = run(*job, asked);
    } while (job->finish(failure) && (asked = ask_for(job->plan()), true));
  }

  void cancel(const std::shared_ptr<job_run>&) override {}
  void run_all(int, const std::function<void(int)>&) override {}

private:
  static std::optional<error> run(job_run& job, const question& asked) {
    const auto reply = ask_second_process(peer_test, bytes_of(written([&](auto& out) {
                                            codec<std::vector<std::string>>::encode(asked.variables, out);
                                            codec<std::string>::encode(asked.plan, out);
                                            codec<decltype(asked.sources)>::encode(asked.sources, out);
                                          })));
    byte_reader in{bytes_of(reply)};
    const auto failure = codec<std::string>::decode(in);
    const auto results = codec<decltype(answer::results)>::decode(in);
    const auto reports = codec<decltype(answer::reports)>::decode(in);
    if (!failure.empty()) {
      byte_reader bytes{bytes_of(failure)};
      return decode_error(bytes);
    }
    job.begin();
    for (const auto& [task, block] : results) {
      byte_reader bytes{bytes_of(block)};
      job.accept(task, job.plan().stages.back().emits.codec->decode(bytes), nullptr);
    }
    for (const auto& [stage, task, report] : reports) {
      byte_reader bytes{bytes_of(report)};
      job.task_done(stage, task, decode_report(bytes));
    }
    return {};
  }
};

/// The other side's: a task that writes its report when it is committed.
class reporting_task final : public task {
public:
  reporting_task(std::unique_ptr<task> inner, int index, answer& to)
      : inner_{std::move(inner)}, index_{index}, to_{to} {}

  step_result step(emitter& out, std::chrono::steady_clock::time_point until) override {
    return inner_->step(out, until);
  }
  std::shared_ptr<const void> contribution() override { return inner_->contribution(); }
  void resolve(std::shared_ptr<const void> agreed) override { inner_->resolve(std::move(agreed)); }
  void commit() override {
    inner_->commit();
    to_.reports.emplace_back(scope().id().stage, index_, written([&](auto& out) { encode_report({}, scope(), out); }));
    scope().accumulators.clear();
  }
  task_scope& scope() noexcept override { return inner_->scope(); }

private:
  std::unique_ptr<task> inner_;
  int index_;
  answer& to_;
};

class result_sender final : public result_handler {
public:
  result_sender(const block_codec* codec, answer& to) : codec_{codec}, to_{to} {}
  void accept(int task, block_ptr records, credit_token) override {
    to_.results.emplace_back(task, written([&](auto& out) { codec_->encode(*records, out); }));
  }

private:
  const block_codec* codec_;
  answer& to_;
};

void run_as_worker(const question& asked, answer& reply) {
  const context ctx = make_context({"inline", 0});
  const auto owner = ctx.range(0, 1).node()->context();
  for (const auto& variable : asked.variables) {
    byte_reader in{bytes_of(variable)};
    decode_variable(in);
  }
  byte_reader in{bytes_of(asked.plan)};
  auto plan = decode_plan(in, owner->resources(), std::make_shared<store_registry>());
  for (const auto& [stage, bytes] : asked.sources) {
    byte_reader sources{bytes_of(bytes)};
    decode_sources(plan, stage, sources);
  }
  for (auto& s : plan.stages)
    s.make = [make = s.make, partitions = s.partitions, &reply](std::shared_ptr<const job_scope> job, task_id id) {
      const auto index = std::find(partitions.begin(), partitions.end(), id.partition) - partitions.begin();
      return std::make_unique<reporting_task>(make(std::move(job), id), static_cast<int>(index), reply);
    };
  const auto handler = std::make_shared<result_sender>(plan.stages.back().emits.codec, reply);
  const auto job = std::make_shared<job_run>(std::move(plan), handler, owner);
  const auto here = make_inline_engine();
  run_inline(job, *here);
  job->check();
}

TEST(SecondProcessOfPlans, DISABLED_Peer) {
  const auto received = first_process_asks();
  byte_reader in{bytes_of(received)};
  question asked;
  asked.variables = codec<std::vector<std::string>>::decode(in);
  asked.plan = codec<std::string>::decode(in);
  asked.sources = codec<decltype(asked.sources)>::decode(in);
  answer reply;
  try {
    run_as_worker(asked, reply);
  } catch (const error& e) {
    reply.failure = written([&](auto& out) { encode_error(e, out); });
  }
  byte_writer out;
  codec<std::string>::encode(reply.failure, out);
  codec<decltype(reply.results)>::encode(reply.results, out);
  codec<decltype(reply.reports)>::encode(reply.reports, out);
  answer_first_process(out.bytes());
}

class PlansInASecondProcess : public ::testing::Test {
protected:
  context ctx{test_config(), std::make_unique<second_process>()};
  temporary_directory directory;
};

TEST_F(PlansInASecondProcess, CountWords) {
  const auto file = directory.file("text", "b a\nc b a\r\na\n");
  const auto stop_words = ctx.broadcast(std::vector<std::string>{"c"});
  const auto lines = ctx.accumulator(0L);
  auto counts = ctx.text_file(file, 2)
                  .flat_map([lines](std::string_view line) {
                    lines.add(1);
                    return words(line);
                  })
                  .filter([stop_words](std::string_view word) { return word != stop_words->front(); })
                  .map([](std::string_view word) {
                    return std::pair{word, 1L};
                  })
                  .reduce_by_key(std::plus{}, 3)
                  .collect();
  std::sort(counts.begin(), counts.end());
  EXPECT_THAT(counts, ElementsAre(std::pair{std::string{"a"}, 3L}, std::pair{std::string{"b"}, 2L}));
  EXPECT_EQ(lines.value(), 3);
}

TEST_F(PlansInASecondProcess, Sort) {
  std::vector<std::string> input;
  for (long i = 0; i != 1000; ++i)
    input.push_back(std::to_string(i * 7919 % 1000));
  const auto by_number = capture(std::string{"#"}, [](const std::string& mark, const std::string& s) {
    return std::pair{std::stol(s), mark};
  });
  const auto found = ctx.parallelize(input, 5).sort_by(by_number, std::greater<>{}, 3).collect();
  ASSERT_EQ(found.size(), 1000U);
  for (long i = 0; i != 1000; ++i)
    EXPECT_EQ(found[static_cast<std::size_t>(i)], std::to_string(999 - i));
}

TEST_F(PlansInASecondProcess, RunThereAndNotHere) {
  const auto processes = ctx.range(0, 4, 1, 2).map([](long) { return static_cast<long>(::getpid()); }).distinct();
  const auto found = processes.collect();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found.front(), ::getpid());
}

TEST_F(PlansInASecondProcess, WriteTheirPartsWhereTheDriverPublishesThem) {
  const auto target = directory / "out";
  ctx.range(0, 6, 1, 2).save_as_text_file(target);
  EXPECT_EQ(directory.content(target + "/part-00001"), "3\n4\n5\n");
  EXPECT_TRUE(std::filesystem::exists(target + "/_SUCCESS"));
}

TEST_F(PlansInASecondProcess, TakeGrowsByFurtherPlans) {
  EXPECT_EQ(ctx.range(0, 100, 1, 20).filter([](long x) { return x >= 30; }).take(2), (std::vector<long>{30, 31}));
}

TEST_F(PlansInASecondProcess, FailAsTheyWouldHere) {
  try {
    ctx.range(0, 20, 1, 5)
      .map([](long x) {
        if (x == 13)
          throw std::domain_error{"13 is unlucky"};
        return x;
      })
      .count();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::user_exception);
    EXPECT_EQ(e.text(), "13 is unlucky");
    EXPECT_EQ(e.where().op, "map");
    EXPECT_EQ(e.where().type, "std::domain_error");
    EXPECT_EQ(e.where().partition, 3);
    EXPECT_THAT(e.where().location, HasSubstr("second_process_test.cpp:"));
  }
}

} // namespace
} // namespace crema
