#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/partitioned.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/radix.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <tuple>

namespace crema::bench::limit {

namespace {

/// A record's key and where it is: what is sorted instead of the record.
struct handle {
  std::uint64_t prefix; ///< the first 8 bytes of the key, big-endian
  std::uint64_t rest;   ///< the last 2 bytes, then the index: equal keys keep their order

  bool operator<(const handle& other) const { return std::tie(prefix, rest) < std::tie(other.prefix, other.rest); }
  std::size_t index() const { return rest & 0xffff'ffff'ffff; }
};

handle handle_of(const record& r, std::size_t index) {
  std::uint64_t prefix = 0;
  std::uint16_t rest = 0;
  std::memcpy(&prefix, r.key.data(), 8);
  std::memcpy(&rest, r.key.data() + 8, 2);
  return {__builtin_bswap64(prefix), std::uint64_t{__builtin_bswap16(rest)} << 48 | index};
}

constexpr std::size_t bucket_count = 256;

using handles = std::vector<std::unique_ptr<partitioned<handle>>>;

std::size_t bucket_size(const handles& all, std::size_t bucket) {
  std::size_t rows = 0;
  for (const auto& one : all)
    rows += one->rows(bucket);
  return rows;
}

void sort_handles(const handles& all, std::size_t bucket, std::vector<handle>& rows, std::vector<handle>& spare) {
  rows.clear();
  for (const auto& one : all)
    one->for_each_chunk(bucket,
                        [&](std::span<const handle> chunk) { rows.insert(rows.end(), chunk.begin(), chunk.end()); });
  spare.resize(std::max(spare.size(), rows.size()));
  sort_bucket(
    rows.data(), spare.data(), rows.size(), 56, [](const handle& h) { return h.prefix; }, std::less{});
}

sequence_digest gather(const std::vector<handle>& sorted, const huge_array<record>& input, record* to) {
  constexpr std::size_t ahead = 16;
  sequence_digest digest;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i + ahead < sorted.size()) {
      const auto* soon = &input[sorted[i + ahead].index()];
      __builtin_prefetch(soon);
      __builtin_prefetch(reinterpret_cast<const char*>(soon) + 64);
      __builtin_prefetch(reinterpret_cast<const char*>(soon) + 99);
    }
    to[i] = input[sorted[i].index()];
    digest.add(to[i].number());
  }
  return digest;
}

} // namespace

outcome tera_sort(const workload_config& config) {
  const auto input = made_by<record>(record_source{config.seed}, config.scaled(tera_rows));
  const measuring clock;
  handles all(config.threads);
  on_threads(config.threads, [&](unsigned t) {
    auto [at, end] = share(input.size(), t, config.threads);
    all[t] = std::make_unique<partitioned<handle>>(end - at, bucket_count);
    for (; at < end; ++at) {
      const auto made = handle_of(input[at], at);
      all[t]->push(made.prefix >> 56, made);
    }
    all[t]->finish();
  });
  std::vector<std::size_t> begins(bucket_count + 1);
  for (std::size_t b = 0; b < bucket_count; ++b)
    begins[b + 1] = begins[b] + bucket_size(all, b);
  huge_array<record> sorted{input.size()};
  std::vector<sequence_digest> digests(bucket_count);
  std::atomic<std::size_t> next = 0;
  on_threads(config.threads, [&](unsigned) {
    std::vector<handle> rows, spare;
    for (std::size_t b = 0; (b = next.fetch_add(1)) < bucket_count;) {
      sort_handles(all, b, rows, spare);
      digests[b] = gather(rows, input, sorted.data() + begins[b]);
    }
  });
  sequence_digest digest;
  for (const auto& its : digests)
    digest += its;
  return clock.stop(digest.text());
}

} // namespace crema::bench::limit
