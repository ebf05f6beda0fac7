#pragma once

#include "tests/actors/fake_job.hpp"
#include "tests/harness/choices.hpp"

namespace crema::testing {

/// Up to five stages of up to five tasks, with all that stages can do but fail; every stage feeds a later one.
inline fake_plan random_plan(choices& draw) {
  const auto number = [&](int most) { return draw.number(0, most); };
  fake_plan plan(static_cast<std::size_t>(1 + number(4)));
  const int last = static_cast<int>(plan.size()) - 1;
  std::vector<int> inputs(plan.size());
  for (int i = 0; i <= last; ++i) {
    auto& stage = plan[static_cast<std::size_t>(i)];
    stage.tasks = draw.one_in(10) && i != last ? 0 : 1 + number(4);
    stage.blocks = number(3);
    stage.records = 1 + (draw.one_in(2) ? number(40000) : 0);
    stage.barrier = draw.one_in(4) && i != last;
    stage.streams = draw.one_in(2);
    stage.ends_early = draw.one_in(6);
    if (i != last) {
      stage.to = i + 1 + number(last - i - 1);
      stage.input = inputs[static_cast<std::size_t>(stage.to)]++;
    }
  }
  // A stage without tasks sends nothing anywhere, so nothing may be sent to it either.
  for (auto& stage : plan)
    if (stage.to >= 0 && plan[static_cast<std::size_t>(stage.to)].tasks == 0)
      plan[static_cast<std::size_t>(stage.to)].tasks = 1;
  return plan;
}

} // namespace crema::testing
