#pragma once

#include <crema/crema.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace crema::examples {

/// A word and how often it occurs.
using word_total = std::pair<std::string, std::uint64_t>;

/// How often each word of the files occurs: maximal runs of ASCII letters, digits and bytes above 127, with ASCII
/// letters lowercased. `uris` is what text_file takes.
///
///     for (const auto& [word, count] : most_frequent(count_words(ctx, "books/*.txt"), 20))
///       fmt::print("{}\t{}\n", count, word);
inline rdd<word_total> count_words(const context& ctx, const std::string& uris) {
  return ctx.text_file(uris)
    .flat_map([](std::string_view line) { return words(line); })
    .map([](std::string_view word) {
      return std::pair{word, std::uint64_t{1}};
    })
    .reduce_by_key(std::plus{});
}

/// The key of the order "most frequent first, equal counts in byte order".
struct frequency_rank {
  std::pair<std::uint64_t, std::string> operator()(const word_total& total) const {
    return {~total.second, total.first};
  }
};

/// The first `n` in that order, in memory.
inline std::vector<word_total> most_frequent(const rdd<word_total>& totals, std::int64_t n) {
  return totals.take_ordered(n, frequency_rank{});
}

/// All in that order, sorted on disk where memory is short.
inline rdd<word_total> by_frequency(const rdd<word_total>& totals) {
  return totals.sort_by(frequency_rank{});
}

/// "count<TAB>word"
struct total_line {
  std::string operator()(const word_total& total) const { return std::to_string(total.second) + '\t' + total.first; }
};

} // namespace crema::examples
