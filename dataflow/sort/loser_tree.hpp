#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace crema::internal {

/// Merges sorted sources: a tournament in which each inner node remembers who lost there, so that the next record costs
/// one comparison for each of the log2(k) levels (Knuth, The Art of Computer Programming 3, 5.4.1).
///
///     loser_tree merge{std::move(runs), sort_order<key, std::less<>>{}};
///     for (; !merge.empty(); merge.advance())
///       out.add(std::move(merge.top().head()));
///
/// A Source offers `bool next()`, which goes to its first or next record and is false at the end (it is not called
/// again then), and `head()`, that record or whatever `less` compares of it. Equal heads come in the order of their
/// sources: merging runs in the order they were made is stable. `less` must agree with the order of the sources; if it
/// is no order at all the merge still ends and gives every record once. When `less` or a source throws, the tree may
/// only be destroyed. Memory: 9 bytes a source beside it. Not thread-safe.
template <class Source, class Less>
class loser_tree {
public:
  /// Calls `next` of each source.
  loser_tree(std::vector<Source> sources, Less less)
      : sources_{std::move(sources)}, less_{std::move(less)}, alive_(sources_.size()), losers_(sources_.size()) {
    const std::size_t k = sources_.size();
    std::vector<std::size_t> winners(2 * k);
    for (std::size_t i = 0; i != k; ++i) {
      alive_[i] = sources_[i].next();
      winners[k + i] = i;
    }
    for (std::size_t node = k; node-- > 1;) {
      winners[node] = winners[2 * node];
      losers_[node] = winners[2 * node + 1];
      if (before(losers_[node], winners[node]))
        std::swap(losers_[node], winners[node]);
    }
    winner_ = k == 0 ? 0 : winners[1];
  }

  /// Whether all sources have ended.
  bool empty() const noexcept { return sources_.empty() || !alive_[winner_]; }

  /// The source with the least head. Not when `empty()`.
  Source& top() noexcept { return sources_[winner_]; }

  /// Its place among the sources.
  std::size_t top_index() const noexcept { return winner_; }

  /// Goes to the next record.
  void advance() {
    alive_[winner_] = sources_[winner_].next();
    std::size_t winner = winner_;
    for (std::size_t node = (winner + sources_.size()) / 2; node != 0; node /= 2)
      if (before(losers_[node], winner))
        std::swap(losers_[node], winner);
    winner_ = winner;
  }

private:
  bool before(std::size_t a, std::size_t b) {
    if (!alive_[a] || !alive_[b])
      return alive_[a];
    return a < b ? !less_(sources_[b].head(), sources_[a].head()) : less_(sources_[a].head(), sources_[b].head());
  }

  std::vector<Source> sources_;
  [[no_unique_address]] Less less_;
  std::vector<unsigned char> alive_;
  std::vector<std::size_t> losers_;
  std::size_t winner_ = 0;
};

} // namespace crema::internal
