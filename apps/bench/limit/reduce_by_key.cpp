#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/partitioned.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/sum_tables.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <memory>

namespace crema::bench::limit {

namespace {

// Rounds, so that the same partition buffers serve again: fresh memory costs more than what is done with it.
constexpr std::size_t round_rows = 8 << 20;

class reducer {
public:
  reducer(const pair_source& source, std::size_t rows, unsigned threads)
      : source_{source}, rows_{rows}, threads_{threads}, phase_{threads}, digests_(threads) {
    for (unsigned t = 0; t < threads; ++t)
      outs_.push_back(
        std::make_unique<partitioned<key_value>>(std::min(rows, round_rows) / threads + 1, partition_count));
  }

  bag_digest run() {
    on_threads(threads_, [&](unsigned t) { work(t); });
    bag_digest all;
    for (const auto& digest : digests_)
      all += digest;
    return all;
  }

private:
  void work(unsigned t) {
    for (std::size_t begin = 0; begin < rows_; begin += round_rows) {
      outs_[t]->clear();
      const auto size = std::min(round_rows, rows_ - begin);
      const auto [from, to] = share(size, t, threads_);
      scatter(source_, begin + from, begin + to, *outs_[t]);
      if (t == 0)
        next_ = 0;
      phase_.arrive_and_wait();
      for (std::size_t p = 0; (p = next_.fetch_add(1)) < partition_count;)
        for (const auto& out : outs_)
          out->for_each_chunk(p, [&](std::span<const key_value> rows) { tables_.add_all(p, rows); });
      phase_.arrive_and_wait();
      if (t == 0)
        tables_.release_left();
    }
    for (std::size_t p = t; p < partition_count; p += threads_)
      tables_.for_each(p, [&](const key_value& row) { digests_[t].add(row.value, pair_hash(row.key, row.value)); });
  }

  pair_source source_;
  std::size_t rows_;
  unsigned threads_;
  std::barrier<> phase_;
  std::atomic<std::size_t> next_ = 0;
  std::vector<std::unique_ptr<partitioned<key_value>>> outs_;
  sum_tables tables_;
  std::vector<bag_digest> digests_;
};

outcome reduce(const workload_config& config, std::size_t keys) {
  const pair_source source{config.seed, config.scaled(keys)};
  const measuring clock;
  reducer work{source, config.scaled(reduce_rows), config.threads};
  return clock.stop(work.run().text());
}

} // namespace

outcome reduce_few(const workload_config& config) {
  return reduce(config, reduce_few_keys);
}

outcome reduce_many(const workload_config& config) {
  return reduce(config, reduce_many_keys);
}

} // namespace crema::bench::limit
