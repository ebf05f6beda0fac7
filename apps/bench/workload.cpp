#include "apps/bench/workload.hpp"

#include "apps/bench/crema/halves.hpp"
#include "apps/bench/digest.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/naive/programs.hpp"

#include <fmt/core.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace crema::bench {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Writing 5 makes the kernel forget the peak; where that is not allowed VmHWM is the peak since the process began.
void forget_peak() {
  std::ofstream{"/proc/self/clear_refs"} << 5;
}

std::uint64_t peak_bytes() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      std::uint64_t kibibytes = 0;
      status >> kibibytes;
      return kibibytes * 1024;
    }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

run_fn crema_half(std::string_view name) {
  const auto halves = crema_halves();
  const auto found = std::ranges::find(halves, name, &crema_program::name);
  return found == halves.end() ? nullptr : found->run;
}

std::vector<workload> all_workloads() {
  std::vector<workload> rows{
    {"word_count", "word count, 400 MB text, Zipf, 1M words", speed_ratio{0.7}, limit::word_count, nullptr,
     naive::word_count},
    {"range", "range(500M).map.filter.reduce, generated", speed_ratio{0.9}, limit::range, nullptr, naive::range},
    {"array", "map.filter.reduce over 500M cached int64", speed_ratio{0.8}, limit::array, nullptr, naive::range},
    {"reduce_1m", "reduce_by_key, 50M pairs, 1M keys", speed_ratio{0.7}, limit::reduce_few, nullptr, naive::reduce_few},
    {"reduce_10m", "reduce_by_key, 50M pairs, 10M keys", speed_ratio{0.7}, limit::reduce_many, nullptr,
     naive::reduce_many},
    {"sort", "sort_by, 50M uint64", speed_ratio{0.6}, limit::sort, nullptr, naive::sort},
    {"tera_sort", "tera_sort, 5M records of 100 bytes", speed_ratio{0.5}, limit::tera_sort, nullptr, naive::tera_sort},
    {"join", "join, 10M with 10M uint64 keys", speed_ratio{0.6}, limit::join, nullptr, naive::join},
    {"page_rank", "page_rank, 1M vertices, 16M edges, 10 iterations", speed_ratio{0.4}, limit::page_rank, nullptr,
     naive::page_rank},
    {"k_means", "k_means, 5M points, 16 centres, 10 iterations", speed_ratio{0.6}, limit::k_means, nullptr,
     naive::k_means},
    {"net", "4 GiB to another process, and (limit) by TCP sockets", speed_ratio{0.45}, limit::sockets},
    {"collect", "collect of 10 records", time_bound{5e-6}},
    {"reduce", "reduce_by_key of 100 records", time_bound{30e-6}},
    {"actors", "collect over 4 partition actors", time_bound{150e-6}},
    // Beside the large job stands the small one.
    {"partitions", "a partition, of 100,000 and (limit) of 1,000", speed_ratio{0.8}, with_crema::few_partitions},
    {"records", "reduce_by_key of a record, 100M and (limit) 1M", speed_ratio{0.8}, with_crema::few_records},
    {"sorted", "sort_by of a record, 100M and (limit) 1M", speed_ratio{0.6}, with_crema::few_sorted},
    {"compile_gcc", "compiling the README's word count, g++", time_bound{6}},
    {"compile_clang", "compiling the README's word count, clang++", time_bound{6}},
  };
  for (auto& row : rows)
    row.crema = crema_half(row.name);
  return rows;
}

} // namespace

std::size_t workload_config::scaled(std::size_t full) const {
  return std::max<std::size_t>(64, static_cast<std::size_t>(static_cast<double>(full) * scale));
}

measuring::measuring() : bytes_before_{(forget_peak(), peak_bytes())}, begin_{now()}, cpu_begin_{cpu_now()} {}

outcome measuring::stop(std::string digest, std::vector<double> values) const {
  const auto seconds = now() - begin_;
  return {seconds, cpu_now() - cpu_begin_, peak_bytes(), std::move(digest), std::move(values)};
}

std::span<const workload> workloads() {
  static const auto rows = all_workloads();
  return rows;
}

const workload* find_workload(std::string_view name) {
  const auto rows = workloads();
  const auto found = std::ranges::find(rows, name, &workload::name);
  return found == rows.end() ? nullptr : &*found;
}

std::string bag_digest::text() const {
  return fmt::format("rows={} sum={} hash={:016x}", rows, sum, hash);
}

std::string sequence_digest::text() const {
  return fmt::format("rows={} sum={:016x} order={:016x}", rows, sum, weighted);
}

} // namespace crema::bench
