#include "apps/bench/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace crema::bench {

namespace {

const std::string missing = "–";

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// Padding counts code points: the dash takes three bytes.
std::string padded(const std::string& text, std::size_t width) {
  const auto length = static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
  return length < width ? std::string(width - length, ' ') + text : text;
}

std::string seconds(const samples& runs) {
  if (runs.runs.empty())
    return missing;
  const auto median = runs.median_seconds();
  if (median < 1e-6)
    return number("%.2f ns", median * 1e9);
  return median < 1e-3 ? number("%.1f us", median * 1e6) : number("%.3f s", median);
}

std::string bytes(const samples& runs) {
  if (runs.runs.empty())
    return missing;
  const auto median = runs.median_peak_bytes();
  if (median < 1e4)
    return number("%.0f B", median);
  return median < 1e6 ? number("%.0f kB", median / 1e3) : number("%.0f MB", median / 1e6);
}

std::string goal_text(const target& goal) {
  if (const auto* ratio = std::get_if<speed_ratio>(&goal))
    return number(">= %.2f", ratio->least);
  const auto most = std::get<time_bound>(goal).most_seconds;
  return most < 1e-3 ? number("<= %.0f us", most * 1e6) : number("<= %.0f s", most);
}

void print_cells(const std::string& title, std::initializer_list<std::string> cells) {
  std::printf("%-52s", title.c_str());
  for (const auto& cell : cells)
    std::printf(" %s", padded(cell, 10).c_str());
  std::printf("\n");
  std::fflush(stdout);
}

nlohmann::json as_json(const samples& runs) {
  if (runs.runs.empty())
    return nullptr;
  nlohmann::json result{{"median_seconds", runs.median_seconds()}, {"median_peak_bytes", runs.median_peak_bytes()}};
  for (const auto& run : runs.runs) {
    result["seconds"].push_back(run.seconds);
    result["cpu_seconds"].push_back(run.cpu_seconds);
    result["peak_bytes"].push_back(run.peak_bytes);
  }
  result["digest"] = runs.runs.front().digest;
  return result;
}

nlohmann::json as_json(const measured& row) {
  const auto result = judge(row);
  nlohmann::json goal;
  if (const auto* ratio = std::get_if<speed_ratio>(&row.row->goal))
    goal = {{"ratio", ratio->least}, {"memory_ratio", most_memory_ratio}};
  else
    goal = {{"seconds", std::get<time_bound>(row.row->goal).most_seconds}};
  nlohmann::json all{{"name", row.row->name},
                     {"title", row.row->title},
                     {"goal", goal},
                     {"limit", as_json(row.limit)},
                     {"crema", as_json(row.crema)},
                     {"limit_1_thread", as_json(row.limit_alone)},
                     {"failure", row.failure.empty() ? nlohmann::json{} : nlohmann::json{row.failure}}};
  if (result.known)
    all["verdict"] = {{"ratio", result.ratio},
                      {"memory_ratio", result.memory_ratio},
                      {"fast_enough", result.fast_enough},
                      {"small_enough", result.small_enough}};
  return all;
}

} // namespace

verdict judge(const measured& row) {
  verdict result;
  result.known = !row.crema.runs.empty();
  if (!result.known)
    return result;
  const auto* ratio = std::get_if<speed_ratio>(&row.row->goal);
  if (ratio == nullptr) {
    result.fast_enough = row.crema.median_seconds() <= std::get<time_bound>(row.row->goal).most_seconds;
    result.small_enough = true;
  } else if (!row.limit.runs.empty()) {
    result.ratio = row.limit.median_seconds() / row.crema.median_seconds();
    result.memory_ratio = row.crema.median_peak_bytes() / row.limit.median_peak_bytes();
    result.fast_enough = result.ratio >= ratio->least;
    result.small_enough = result.memory_ratio <= most_memory_ratio;
  }
  return result;
}

void print_table_head() {
  print_cells("workload",
              {"limit x1", "limit", "crema", "ratio", "goal", "reached", "limit mem", "crema mem", "mem ratio"});
}

void print_table_row(const measured& row) {
  const auto result = judge(row);
  const auto yes_no = [&](bool yes) { return !result.known ? missing : std::string{yes ? "yes" : "NO"}; };
  print_cells(
    std::string{row.row->title},
    {seconds(row.limit_alone), seconds(row.limit), seconds(row.crema),
     result.ratio > 0 ? number("%.2f", result.ratio) : missing, goal_text(row.row->goal), yes_no(result.fast_enough),
     bytes(row.limit), bytes(row.crema),
     result.memory_ratio > 0 ? number("%.2f", result.memory_ratio) + (result.small_enough ? "" : "!") : missing});
  if (!row.failure.empty())
    std::printf("  FAILED: %s\n", row.failure.c_str());
}

void write_json(const harness_options& options, std::span<const measured> rows) {
  nlohmann::json all{{"seed", options.config.seed},
                     {"scale", options.config.scale},
                     {"threads", options.config.threads},
                     {"rounds", options.rounds},
                     {"workloads", nlohmann::json::array()}};
  for (const auto& row : rows)
    all["workloads"].push_back(as_json(row));
  std::ofstream file{options.json};
  file << all.dump(2) << "\n";
  file.close();
  if (!file)
    throw std::runtime_error{"cannot write " + options.json + ": check the path of --json and the space there"};
}

} // namespace crema::bench
