#include "apps/bench/check.hpp"

#include "apps/bench/data_directory.hpp"
#include "apps/bench/inputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

namespace crema::bench {

namespace {

bool close(double left, double right) {
  return std::abs(left - right) <= 1e-6 * std::max(std::abs(left), std::abs(right));
}

bool check(const char* who, run_fn run, const workload_config& config, const outcome& expected) {
  if (run == nullptr)
    return true;
  const auto result = run(config);
  if (agree(result, expected))
    return true;
  std::printf("  %s on %u threads differs:\n", who, config.threads);
  std::printf("    naive %s\n    %s %s\n", described(expected).c_str(), who, described(result).c_str());
  return false;
}

/// Words of one byte and of many pieces, of all bytes there are, at all places of a vector; none ends the text.
void write_hard_text(const workload_config& config) {
  const std::string_view letters = "abcXYZ019\x80\xc3\xa9\xff";
  const std::string_view others{"\0 \r\n\t/:@[`{\x7f", 12};
  std::string text;
  std::uint64_t next = 0;
  const auto below = [&](std::uint64_t bound) { return scaled_to(random_at(config.seed, next++), bound); };
  for (int word = 0; word < 200'000; ++word) {
    const auto length = word % 50'000 == 49'999 ? 200'000 : word % 1000 == 0 ? below(3000) : 1 + below(20);
    const auto alphabet = 1 + below(letters.size());
    for (std::uint64_t i = 0; i < length; ++i)
      text += letters[below(alphabet)];
    for (auto gap = 1 + below(3); gap > 0; --gap)
      text += others[below(others.size())];
  }
  std::ofstream{text_path(config), std::ios::binary} << text << "End";
}

bool check_row(const workload& row, workload_config config) {
  const auto expected = row.naive(config);
  bool good = true;
  for (const unsigned threads : {1U, 2U, 3U}) {
    config.threads = threads;
    good &= check("limit", row.limit, config, expected);
    good &= check("crema", row.crema, config, expected);
  }
  return good;
}

bool check_hard_text(const workload& row, workload_config config) {
  ++config.seed;
  write_hard_text(config);
  return check_row(row, config);
}

} // namespace

bool agree(const outcome& left, const outcome& right) {
  return left.digest == right.digest && std::ranges::equal(left.values, right.values, close);
}

std::string described(const outcome& result) {
  auto text = result.digest;
  for (std::size_t i = 0; i < std::min<std::size_t>(result.values.size(), 8); ++i) {
    char value[32];
    std::snprintf(value, sizeof value, " %.12g", result.values[i]);
    text += value;
  }
  return text;
}

bool check_all(const harness_options& options) {
  const data_directory data{options.config.data};
  auto config = options.config;
  config.data = data.path();
  config.scale = std::min(config.scale, 0.01);
  std::printf("seed %llu, scale %g\n", static_cast<unsigned long long>(config.seed), config.scale);
  bool all = true;
  for (const auto* row : chosen(options)) {
    if (row->naive == nullptr)
      continue;
    bool good = check_row(*row, config);
    if (row->name == "word_count")
      good &= check_hard_text(*row, config);
    std::printf("%-12s %s\n", std::string{row->name}.c_str(), good ? "ok" : "WRONG");
    all &= good;
  }
  return all;
}

} // namespace crema::bench
