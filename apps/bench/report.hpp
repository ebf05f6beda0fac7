#pragma once

#include "apps/bench/harness.hpp"

#include <span>

namespace crema::bench {

/// What a row of the table says, computed once for the table and the JSON.
struct verdict {
  double ratio = 0;        ///< hand-written time / crema's time; 0 where either is missing
  double memory_ratio = 0; ///< crema's peak / the hand-written program's; likewise
  bool fast_enough = false;
  bool small_enough = false;
  bool known = false; ///< whether crema's half ran at all

  bool reached() const { return !known || (fast_enough && small_enough); }
};

verdict judge(const measured& row);

void print_table_head();
void print_table_row(const measured& row);

/// Writes every run, the medians and the verdicts. Throws std::runtime_error if the file cannot be written.
void write_json(const harness_options& options, std::span<const measured> rows);

} // namespace crema::bench
