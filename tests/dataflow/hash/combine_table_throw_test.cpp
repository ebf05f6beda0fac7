#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <stdexcept>

namespace crema::internal {
namespace {

/// Throws at the countdown's end: in creates, merges, copies, moves, hashes and comparisons alike.
struct fuse {
  static inline int left = 0;
  static void burn() {
    if (left > 0 && --left == 0)
      throw std::runtime_error{"burnt"};
  }
};

struct fragile {
  std::string text;
  explicit fragile(std::string t) : text{std::move(t)} { fuse::burn(); }
  fragile(const fragile& other) : text{other.text} { fuse::burn(); }
  fragile(fragile&& other) : text{other.text} { fuse::burn(); } // NOLINT: a copy on purpose, so that it leaks if it can
  fragile& operator=(const fragile&) = default;
  ~fragile() = default;
  bool operator==(const fragile& other) const {
    fuse::burn();
    return text == other.text;
  }
  friend uint64_t hash_value(const fragile& f) {
    fuse::burn();
    return crema::key_hash(f.text);
  }
};

struct fragile_joining {
  using value = fragile;
  using combined = fragile;
  combined create(value&& v) const {
    fuse::burn();
    return fragile{std::move(v)};
  }
  void merge_value(combined& c, value&& v) const {
    fuse::burn();
    c.text += v.text;
  }
  void merge_combined(combined& c, combined&& other) const { merge_value(c, std::move(other)); }
};

template <class K, class KeyOf>
void survive_every_throw(KeyOf key_of, int first_key, int keys, int step) {
  int throws = 0;
  for (int at = 1; at < 400; at += step) {
    fuse::left = 0;
    combine_table<K, fragile_joining> table;
    for (int i = 0; i < first_key; ++i)
      table.merge(key_of(i), fragile{std::string(20, 'v')});
    fuse::left = at;
    for (int round = 0; round < 3; ++round)
      for (int i = first_key; i < first_key + keys; ++i)
        try {
          // Adding and merging in turns flushes every time; one of them alone fills batches.
          if (round != 1)
            table.add(key_of(i), fragile{std::string(20, 'v')});
          if (round != 0)
            table.merge(key_of(i), fragile{std::string(20, 'v')});
        } catch (const std::runtime_error&) {
          ++throws;
          fuse::left = 100; // it goes on after a throw, and throws again
        }
    fuse::left = 0;
    if (at % 2 == 0)
      table.clear();
    if (at % 5 == 0)
      table.drain(10'000, [](auto&&, auto&&) {});
  }
  EXPECT_GT(throws, 400 / step);
}

TEST(CombineTableThrows, LeakNothing) {
  survive_every_throw<fragile>([](int i) { return fragile{std::to_string(i) + std::string(20, 'k')}; }, 0, 30, 3);
  survive_every_throw<std::string>([](int i) { return std::to_string(i) + std::string(20, 'k'); }, 0, 30, 3);
  survive_every_throw<int>([](int i) { return i; }, 0, 30, 3);
}

TEST(CombineTableThrows, LeakNothingFromBatches) {
  survive_every_throw<fragile>([](int i) { return fragile{std::to_string(i) + std::string(20, 'k')}; }, 12'000, 150,
                               23);
  survive_every_throw<std::string>([](int i) { return std::to_string(i) + std::string(20, 'k'); }, 12'000, 150, 23);
}

} // namespace
} // namespace crema::internal
