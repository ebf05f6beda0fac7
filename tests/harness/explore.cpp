#include "tests/harness/explore.hpp"

#include "tests/harness/failure.hpp"
#include "tests/harness/options.hpp"
#include "tests/harness/recipe.hpp"
#include "tests/harness/report.hpp"
#include "tests/harness/world.hpp"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

namespace crema::testing {

namespace {

using detail::outcome;

/// Makes one run; with the words of its trace if they are asked for.
using runner = std::function<outcome(choices draws, std::unique_ptr<schedule> order, bool with_text)>;

template <class F>
void guarded(F&& test) {
  try {
    test();
  } catch (const ::testing::AssertionException&) {
    // It has been recorded.
  } catch (const std::exception& e) {
    ADD_FAILURE() << "the test threw " << e.what();
  } catch (...) {
    ADD_FAILURE() << "the test threw what is no std::exception";
  }
}

std::vector<std::uint64_t> without_tail(std::vector<std::uint64_t> numbers) {
  while (!numbers.empty() && numbers.back() == 0)
    numbers.pop_back();
  return numbers;
}

runner simulations(std::uint64_t most_steps, const std::function<void(simulation&)>& test) {
  return [=, &test](choices draws, std::unique_ptr<schedule> order, bool with_text) {
    outcome out;
    detail::failure_catcher caught;
    {
      simulation sim{{std::move(order), {}, most_steps, with_text, std::move(draws)}};
      detail::inside(sim).at_end = [&out](detail::world& ending) {
        out.used = {without_tail(ending.settings.draws.drawn()), without_tail(std::move(ending.picks))};
        out.widths = std::move(ending.widths);
        out.steps = ending.steps;
        out.trace = std::move(ending.log);
      };
      guarded([&] { test(sim); });
    }
    out.failures = caught.failures();
    return out;
  };
}

runner draws_only(const std::function<void(choices&)>& test) {
  return [&test](choices draws, std::unique_ptr<schedule>, bool) {
    outcome out;
    detail::failure_catcher caught;
    guarded([&] { test(draws); });
    out.used.draws = without_tail(draws.drawn());
    out.failures = caught.failures();
    return out;
  };
}

outcome run_again(const runner& run, const recipe& of, bool with_text) {
  return run(choices{of.draws}, replayed(of.picks), with_text);
}

/// Whether `b` fails at the place where `a` does.
bool same_failure(const outcome& a, const outcome& b) {
  if (a.failures.empty() || b.failures.empty())
    return false;
  const auto &first = a.failures.front(), &second = b.failures.front();
  return first.line_number() == second.line_number()
         && std::string{first.file_name() == nullptr ? "" : first.file_name()}
              == (second.file_name() == nullptr ? "" : second.file_name());
}

found_failure describe(const runner& run, std::uint64_t seed, const outcome& failing, std::uint64_t most_shrink_runs) {
  const auto again = run_again(run, failing.used, true);
  if (!same_failure(failing, again) || failing.trace.hash() != again.trace.hash())
    return detail::report_of_chance(seed, failing, again);
  const auto smallest = shrink(
    failing.used,
    [&](const recipe& candidate) -> std::optional<recipe> {
      auto tried = run_again(run, candidate, false);
      return same_failure(failing, tried) ? std::optional{std::move(tried.used)} : std::nullopt;
    },
    most_shrink_runs);
  return detail::report_of(seed, again, run_again(run, smallest, true));
}

class search {
public:
  explicit search(runner run) : run_{std::move(run)} {}

  /// Whether the run is good; else it is the summary's failure.
  bool try_seed(std::uint64_t seed, const exploration& how) {
    detail::chance chance{seed};
    const auto order = chance.next();
    return note(seed, run_(choices{chance.next()}, how.order ? how.order(order) : fifo(), false), how.most_shrink_runs);
  }

  bool note(std::uint64_t seed, const outcome& made, std::uint64_t most_shrink_runs) {
    ++summary_.runs;
    summary_.steps += made.steps;
    courses_.insert(made.trace.hash());
    if (!made.failures.empty())
      summary_.failure = describe(run_, seed, made, most_shrink_runs);
    return made.failures.empty();
  }

  outcome run(const recipe& of, bool with_text) { return run_again(run_, of, with_text); }

  exploration_summary summary() && {
    summary_.courses = courses_.size();
    return std::move(summary_);
  }

  void complete() { summary_.complete = true; }

private:
  runner run_;
  exploration_summary summary_;
  std::unordered_set<std::uint64_t> courses_;
};

exploration_summary search_seeds(const exploration& how, const options& given, runner run) {
  search found{std::move(run)};
  if (!given.replay.empty()) {
    found.note(0, found.run(parse_recipe(given.replay), false), 0);
    return std::move(found).summary();
  }
  const auto first = given.seed.value_or(how.first_seed);
  const auto runs = given.runs.value_or(given.seed ? 1 : how.runs);
  for (auto seed = first; seed - first != runs; ++seed)
    if (!found.try_seed(seed, how))
      break;
  return std::move(found).summary();
}

/// The next order after the one that `made` took, as counted by a clock whose wheels are the first `depth` choices.
std::optional<recipe> next_order(const outcome& made, std::size_t depth) {
  auto picks = made.used.picks;
  picks.resize(std::min(depth, made.widths.size()));
  for (auto i = picks.size(); i-- != 0;)
    if (picks[i] + 1 < made.widths[i]) {
      picks.resize(i + 1);
      ++picks[i];
      return recipe{{}, std::move(picks)};
    }
  return {};
}

exploration_summary search_orders(int depth, std::uint64_t most_runs, const options& given, runner run) {
  search found{std::move(run)};
  std::optional<recipe> next{recipe{}};
  if (!given.replay.empty()) {
    next = parse_recipe(given.replay);
    most_runs = 1;
  }
  for (std::uint64_t runs = 0; next && runs != most_runs; ++runs) {
    const auto made = found.run(*next, false);
    if (!found.note(0, made, 500))
      return std::move(found).summary();
    next = next_order(made, static_cast<std::size_t>(depth));
  }
  if (!next)
    found.complete();
  return std::move(found).summary();
}

exploration_summary reported(exploration_summary summary) {
  if (summary.failure) {
    const auto& failure = *summary.failure;
    ::testing::Test::RecordProperty("seed", std::to_string(failure.seed));
    ADD_FAILURE_AT(failure.file.c_str(), failure.line) << failure.report;
  }
  return summary;
}

} // namespace

exploration_summary explore(const exploration& how, const std::function<void(simulation&)>& test) {
  return reported(search_seeds(how, given_options(), simulations(how.most_steps, test)));
}

exploration_summary explore_draws(const exploration& how, const std::function<void(choices&)>& test) {
  return reported(search_seeds(how, given_options(), draws_only(test)));
}

exploration_summary explore_all(int depth, const std::function<void(simulation&)>& test, std::uint64_t most_runs) {
  return reported(search_orders(depth, most_runs, given_options(), simulations(exploration{}.most_steps, test)));
}

exploration_summary find_failure(const exploration& how, const std::function<void(simulation&)>& test) {
  return search_seeds(how, {}, simulations(how.most_steps, test));
}

exploration_summary find_failure_in_all(int depth, const std::function<void(simulation&)>& test,
                                        std::uint64_t most_runs) {
  return search_orders(depth, most_runs, {}, simulations(exploration{}.most_steps, test));
}

} // namespace crema::testing
