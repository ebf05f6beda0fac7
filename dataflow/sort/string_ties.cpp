#include "dataflow/sort/string_ties.hpp"

#include "dataflow/block/growing_pages.hpp"
#include "dataflow/sort/sorted_positions.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace crema::internal {

namespace {

struct tie_sorter {
  unsigned char flip;
  bool descending;

  void sort(std::span<tied_key> keys, std::size_t depth) const;

private:
  void insert(std::span<tied_key> keys, std::size_t depth) const;
  bool before(const tied_key& a, const tied_key& b, std::size_t depth) const;
  static std::size_t common_end(std::span<const tied_key> keys, std::size_t depth);

  std::uint64_t window(const tied_key& key, std::size_t depth) const {
    const std::size_t left = key.size - depth;
    const std::uint64_t bytes = string_window(key.bytes + depth, left);
    // A missing byte stays zero: only arrays are flipped, and those are of one size.
    const std::uint64_t flips =
      left >= 7 ? 0x0101010101010100U : ~(~std::uint64_t{0} >> left * 8) & 0x0101010101010100U;
    return bytes ^ flips * flip;
  }
};

bool tie_sorter::before(const tied_key& a, const tied_key& b, std::size_t depth) const {
  const std::size_t common = std::min(a.size, b.size);
  if (flip == 0) {
    const int order = common == depth ? 0 : std::memcmp(a.bytes + depth, b.bytes + depth, common - depth);
    return order < 0 || (order == 0 && a.size < b.size);
  }
  const auto [at, other] = std::mismatch(a.bytes + depth, a.bytes + common, b.bytes + depth);
  if (at == a.bytes + common)
    return a.size < b.size;
  return static_cast<signed char>(*at) < static_cast<signed char>(*other);
}

void tie_sorter::insert(std::span<tied_key> keys, std::size_t depth) const {
  for (std::size_t i = 1; i < keys.size(); ++i)
    for (std::size_t j = i; j != 0; --j) {
      if (!(descending ? before(keys[j - 1], keys[j], depth) : before(keys[j], keys[j - 1], depth)))
        break;
      std::swap(keys[j], keys[j - 1]);
    }
}

// Where the first key and some other begin to differ, at the earliest; the first key's end when none does.
std::size_t tie_sorter::common_end(std::span<const tied_key> keys, std::size_t depth) {
  const tied_key& first = keys.front();
  std::size_t end = first.size;
  for (const tied_key& key : keys.subspan(1)) {
    const char* const until = first.bytes + std::min(end, key.size);
    end = static_cast<std::size_t>(std::mismatch(first.bytes + depth, until, key.bytes + depth).first - first.bytes);
    if (end == depth)
      break;
  }
  return end;
}

void tie_sorter::sort(std::span<tied_key> keys, std::size_t depth) const {
  const std::size_t n = keys.size();
  if (n <= 16) {
    insert(keys, depth);
    return;
  }
  depth = common_end(keys, depth);
  sorted_positions order;
  {
    growing_array<std::uint64_t> windows;
    std::uint64_t* const room = windows.room(n);
    for (std::size_t i = 0; i != n; ++i) {
      const std::uint64_t next = window(keys[i], depth);
      room[i] = descending ? ~next : next;
    }
    windows.resize(n);
    order.sort(std::move(windows));
  }
  {
    const auto ordered = std::make_unique_for_overwrite<tied_key[]>(n);
    for (std::size_t i = 0; i != n; ++i)
      ordered[i] = keys[order[i]];
    std::copy_n(ordered.get(), n, keys.data());
  }
  for (std::size_t begin = 0, end = 0; begin != n; begin = end) {
    for (end = begin + 1; end != n && order.ties_with_next(end - 1);)
      ++end;
    if (end - begin > 1 && keys[begin].size - depth >= 8)
      sort(keys.subspan(begin, end - begin), depth + 7);
  }
}

} // namespace

void sort_ties(std::span<tied_key> keys, std::size_t depth, unsigned char flip, bool descending) {
  tie_sorter{flip, descending}.sort(keys, depth);
}

} // namespace crema::internal
