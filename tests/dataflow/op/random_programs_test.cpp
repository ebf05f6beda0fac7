#include "tests/dataflow/op/random_programs/datasets.hpp"
#include "tests/dataflow/op/random_programs/program.hpp"
#include "tests/engines.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>

// A soak: 2,000 random programs on the inline engine, on actors and as they travel to another process, compared with an
// oracle that knows only vectors.
//
//     CREMA_SOAK_SEED=1207 CREMA_SOAK_PROGRAMS=1 crema_dataflow_test --gtest_filter='*RandomPrograms*'
//
// runs the one that a failure names.

namespace crema {
namespace {

using namespace crema::testing;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

void run(const context& ctx, const program& p) {
  std::vector<dataset> made;
  for (const auto& s : p.steps) {
    made.push_back(make_dataset(ctx, s, made));
    ASSERT_EQ(static_cast<std::size_t>(made.back().num_partitions()), p.models[made.size() - 1].parts.size())
      << "partitions of d" << made.size() - 1;
  }
  for (const auto& action : p.actions) {
    const auto& of = p.models[action.a];
    auto wanted = expected(of, action);
    auto found = run_action(ctx, made[action.a], of, action);
    if (!of.order && (action.what == "collect" || action.what == "to_local_iterator")) {
      std::sort(wanted.begin(), wanted.end());
      std::sort(found.begin(), found.end());
    }
    ASSERT_EQ(found, wanted) << action.what << " of d" << action.a;
  }
}

/// Ends the test process with the program's text where a program does not end.
class watchdog {
public:
  explicit watchdog(std::string text) : text_{std::move(text)} {}
  ~watchdog() {
    over_.set_value();
    thread_.join();
  }

private:
  void watch() {
    if (over_.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready)
      return;
    std::cerr << "this program does not end:\n" << text_ << std::endl;
    std::abort();
  }

  std::string text_;
  std::promise<void> over_;
  std::thread thread_{[this] { watch(); }};
};

std::uint64_t first_seed() {
  return setting("CREMA_SOAK_SEED", 1);
}

/// False where it went wrong.
bool runs(const context& ctx, const std::string& engine, std::uint64_t seed) {
  const auto program = random_program(seed);
  const auto text =
    "CREMA_SOAK_SEED=" + std::to_string(seed) + " CREMA_SOAK_PROGRAMS=1, " + engine + "\n" + to_text(program);
  SCOPED_TRACE(text);
  const watchdog guard{text};
  [&] { ASSERT_NO_THROW(run(ctx, program)); }();
  return !::testing::Test::HasFailure();
}

/// Runs every fourth program, so that four can run beside each other.
class RandomPrograms : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomPrograms, GiveWhatPlainCodeGives) {
  const auto programs = setting("CREMA_SOAK_PROGRAMS", 2000);
  std::cout << "CREMA_SOAK_SEED=" << first_seed() << " CREMA_SOAK_PROGRAMS=" << programs << '\n';
  const auto inline_engine = make_context({"inline engine", 0});
  const context actors[] = {make_context({"1 thread", 1}), make_context({"2 threads", 2}),
                            make_context({"5 threads", 5})};
  const auto travelling = make_context({"travelling", 0, distance::bytes});
  for (auto seed = first_seed() + GetParam(); seed < first_seed() + programs; seed += 4)
    if (!runs(inline_engine, "inline engine", seed)
        || !runs(actors[seed % 3], std::to_string(seed % 3) + ". actor engine", seed)
        || !runs(travelling, "travelling engine", seed))
      return;
}
INSTANTIATE_TEST_SUITE_P(Quarter, RandomPrograms, ::testing::Range(0U, 4U));

/// On worker processes, where each costs more: the first of them.
class RandomProgramsElsewhere : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, RandomProgramsElsewhere, engine_shapes_without([](const engine_shape& shape) {
                           return shape.away < distance::processes;
                         }),
                         engine_name);

TEST_P(RandomProgramsElsewhere, GiveWhatPlainCodeGives) {
  const auto programs = std::min<std::uint64_t>(50, setting("CREMA_SOAK_PROGRAMS", 50));
  for (auto seed = first_seed(); seed != first_seed() + programs; ++seed)
    if (!runs(ctx, GetParam().name, seed))
      return;
}

} // namespace
} // namespace crema
