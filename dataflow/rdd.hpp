#pragma once

#include "dataflow/function/io_bound.hpp"
#include "dataflow/hash/key_hash.hpp"
#include "dataflow/job.hpp"
#include "dataflow/plan/cursor.hpp"
#include "dataflow/plan/node.hpp"

#include "dataflow/source_location.hpp"
#include "dataflow/thin/chrono.hpp"
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crema {

class context;
template <class T>
class local_range;
template <class V>
class group;

/// Hashes keys as crema does everywhere: the same value in every process and build.
template <class K>
struct key_hasher {
  std::size_t operator()(const K& key) const { return static_cast<std::size_t>(mix64(key_hash(key))); }
};

/// What actions that give a map return.
template <class K, class V>
using hash_map = std::unordered_map<K, V, key_hasher<K>>;

namespace internal {

struct not_a_pair {};

template <class T>
struct key_value {
  static constexpr bool valid = false;
  using key = not_a_pair;
  using mapped = not_a_pair;
};
template <class K, class V>
struct key_value<std::pair<K, V>> {
  static constexpr bool valid = true;
  using key = K;
  using mapped = V;
};

/// Refuses a type that cannot be a key, with the remedy.
template <class K>
constexpr void require_key() {
  static_assert(hashable_key<K>,
                "the key needs operator== and a hash: an arithmetic type, an enum, a string, a pair, tuple "
                "or container of such, or a type with an ADL function hash_value(const K&)");
}

/// Element bounds of slice `i` of `k` over `n` records: floor(i * n / k), as Spark slices.
constexpr std::uint64_t slice_bound(std::uint64_t n, std::uint64_t i, std::uint64_t k) noexcept {
  return n / k * i + n % k * i / k;
}

/// `n`, or invalid_argument naming `op` if it is no number of partitions.
int checked_partitions(std::string_view op, int n);

/// Marks `of` as kept from now on, or drops what is kept of it.
void persist(const node& of, storage level);

std::string explain(const node_ptr& of);

} // namespace internal

/// A resilient distributed dataset: records of T in partitions, described and not computed until an action asks.
///
///     crema::context ctx;
///     auto counts = ctx.text_file("README.md")
///                     .flat_map([](const std::string& line) { return crema::split_words(line); })
///                     .map([](std::string word) { return std::pair{std::move(word), 1L}; })
///                     .reduce_by_key(std::plus{});
///     for (const auto& [word, n] : counts.collect())
///       fmt::print("{} {}\n", word, n);
///
/// A handle: copying it copies a reference, never records. `rdd<T>` can be stored, passed and returned. With `auto` the
/// handle also knows the type of the last narrow operations, so that they and what follows become one loop over a block
/// without a virtual call or an allocation per record; assigning it to an `rdd<T>` forgets that (a call per block
/// instead).
///
/// Thread-safety: distinct handles may be used by distinct threads, also handles of the same dataset; const members of
/// one handle too. Using a handle inside a task throws nested_dataset. Errors: an operation throws invalid_argument for
/// a bad argument at once. An action throws crema::error; see error.hpp. Cost: building allocates one node an operation
/// and never computes. Datasets that two branches of one action share are computed once in it (and kept for its
/// length). Functions given to operations are copied into each task; they may have state, which is then the task's own.
///
/// After Spark's RDD (Zaharia et al., NSDI 2012) and Thrill's DIA (Bingmann et al., 2016).
template <class T, class Node = internal::dataset<T>>
class rdd {
  using pair = internal::key_value<T>;
  using K = typename pair::key;
  using V = typename pair::mapped;

public:
  using value_type = T;

  explicit rdd(std::shared_ptr<const Node> node) noexcept : node_{std::move(node)} {}

  /// Forgets the type of the narrow operations.
  operator rdd<T>() const requires(!std::same_as<Node, internal::dataset<T>>) {
    return rdd<T>{std::shared_ptr<const internal::dataset<T>>{node_}};
  }

  // -- what it is ---------------------------------------------------------------------------------------------------

  int num_partitions() const noexcept { return node_->partitions(); }
  std::uint64_t id() const noexcept { return node_->id(); }

  /// The name given by `set_name`, or empty.
  std::string name() const { return node_->name(); }
  rdd set_name(std::string name) const {
    node_->set_name(std::move(name));
    return *this;
  }

  /// The stages that an action on this dataset would run, as text.
  std::string explain() const;

  /// Keeps the partitions once an action has computed them, for all later uses of this dataset: in memory while the
  /// budget allows, else on disk. Lazy. A partition is computed once, unless two actions need it at the same time
  /// before it is there: then both compute it, and the first result is kept.
  rdd<T> cache() const { return persist(storage::memory); }
  rdd<T> persist(storage level) const;
  /// Drops what is kept. The dataset stays usable and is computed again.
  rdd<T> unpersist() const;

  // -- narrow operations: partition by partition, order kept -------------------------------------------------------
  // Each exists twice: for a dataset that has a name (others may read it too) and for a temporary.

  /// f(record) for each record.
  template <class F>
  auto map(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto map(F f, source_location where = source_location::current()) &&;

  /// The records for which keep(record) holds.
  template <class F>
  auto filter(F keep, source_location where = source_location::current()) const&;
  template <class F>
  auto filter(F keep, source_location where = source_location::current()) &&;

  /// All elements of the range f(record), for each record. The range may be lazy and may refer to the record.
  template <class F>
  auto flat_map(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto flat_map(F f, source_location where = source_location::current()) &&;

  /// All elements of the range f(records), where `records` is a single-pass range over one partition
  /// (partition_range<T>). f is called once for every partition, empty ones included.
  template <class F>
  auto map_partitions(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto map_partitions(F f, source_location where = source_location::current()) &&;

  /// The same with f(partition index, records).
  template <class F>
  auto map_partitions_with_index(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto map_partitions_with_index(F f, source_location where = source_location::current()) &&;

  /// One vector per partition.
  auto glom(source_location where = source_location::current()) const&;
  auto glom(source_location where = source_location::current()) &&;

  /// (f(record), record).
  template <class F>
  auto key_by(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto key_by(F f, source_location where = source_location::current()) &&;

  /// Of pairs: the first, the second.
  auto keys(source_location where = source_location::current()) const&;
  auto keys(source_location where = source_location::current()) &&;
  auto values(source_location where = source_location::current()) const&;
  auto values(source_location where = source_location::current()) &&;

  /// Of pairs: (key, f(value)); (key, element) for each element of the range f(value).
  template <class F>
  auto map_values(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto map_values(F f, source_location where = source_location::current()) &&;
  template <class F>
  auto flat_map_values(F f, source_location where = source_location::current()) const&;
  template <class F>
  auto flat_map_values(F f, source_location where = source_location::current()) &&;

  /// The partitions of this dataset, then those of `other`. Duplicates stay. (`union` is a keyword.)
  rdd<T> union_with(const rdd<T>& other, source_location where = source_location::current()) const;

  /// At most `partitions` partitions, each made of neighbours; with `shuffle` the records are spread evenly instead,
  /// and the number may also grow.
  rdd<T> coalesce(int partitions, bool shuffle = false, source_location where = source_location::current()) const;

  // -- wide operations: records move between partitions
  // ----------------------------------------------------------------- `partitions` 0 means as many as this dataset has
  // (the larger of both for two). Records with equal keys meet in partition partition_of(key, n); their order is not
  // promised unless said.

  /// Spreads the records evenly over `partitions` partitions; deterministic.
  rdd<T> repartition(int partitions, source_location where = source_location::current()) const;

  /// Each distinct record once.
  rdd<T> distinct(int partitions = 0, source_location where = source_location::current()) const;

  /// Of pairs: moves each pair to partition `f(key) mod partitions` (floored), or by the key's hash; the order within
  /// one source partition is kept.
  rdd<T> partition_by(int partitions, source_location where = source_location::current()) const;
  template <class F>
  rdd<T> partition_by(int partitions, F f, source_location where = source_location::current()) const;

  /// Of pairs: (key, all values of the key reduced by f). f is associative and commutative; not called for single
  /// values.
  template <class F>
  rdd<T> reduce_by_key(F f, int partitions = 0, source_location where = source_location::current()) const&;
  template <class F>
  rdd<T> reduce_by_key(F f, int partitions = 0, source_location where = source_location::current()) &&;

  /// Of pairs: (key, combination): create(value) for a key's first value in a partition, merge_value(combination,
  /// value) for the others, merge_combined(combination, combination) across partitions. Where there are many keys,
  /// later values may be created and merged as well.
  template <class Create, class MergeValue, class MergeCombined>
  auto combine_by_key(Create create, MergeValue merge_value, MergeCombined merge_combined, int partitions = 0,
                      source_location where = source_location::current()) const;

  /// Of pairs: (key, the fold of its values by `step` from a copy of `zero` in each partition, joined by `merge`);
  /// `zero` must be neutral, as in fold_by_key.
  template <class U, class Step, class Merge>
  rdd<std::pair<K, U>> aggregate_by_key(U zero, Step step, Merge merge, int partitions = 0,
                                        source_location where = source_location::current()) const;

  /// Of pairs: like reduce_by_key, starting from `zero` once for each key in each partition, and more often where there
  /// are many keys or little memory; so `zero` must be neutral.
  template <class F>
  rdd<T> fold_by_key(V zero, F f, int partitions = 0, source_location where = source_location::current()) const;

  /// Of pairs: (key, group of its values). A group may be larger than memory: it is a range that may be read many times
  /// (group<V>), not a vector. Prefer reduce_by_key where it fits: it moves less.
  auto group_by_key(int partitions = 0, source_location where = source_location::current()) const;

  /// Of pairs: for each key of either side, the groups of both.
  template <class W, class Other>
  auto cogroup(const rdd<std::pair<K, W>, Other>& other, int partitions = 0,
               source_location where = source_location::current()) const;

  /// Of pairs: (key, (value, other value)) for each combination of values of keys that both sides have.
  template <class W, class Other>
  auto join(const rdd<std::pair<K, W>, Other>& other, int partitions = 0,
            source_location where = source_location::current()) const;

  /// Sorted by key(record): partition after partition, stable. `compare` is std::less<> or std::greater<> for the fast
  /// paths, or any strict weak order. NaN keys come last.
  template <class KeyFn, class Compare = std::less<>>
  rdd<T> sort_by(KeyFn key, Compare compare = {}, int partitions = 0,
                 source_location where = source_location::current()) const;

  /// Of pairs: sorted by key.
  template <class Compare = std::less<>>
  rdd<T> sort_by_key(Compare compare = {}, int partitions = 0,
                     source_location where = source_location::current()) const;

  /// (record, index): the index counts through all partitions. Lazy: the partitions are counted while the action runs.
  rdd<std::pair<T, std::int64_t>> zip_with_index(source_location where = source_location::current()) const;

  // -- actions: compute, and wait -----------------------------------------------------------------------------------
  // Each has a twin `…_async` that returns a job<R> at once.

  /// All records, in partition order.
  std::vector<T> collect() const {
    internal::caller_waits here;
    return collect_async().get();
  }
  job<std::vector<T>> collect_async() const;

  std::uint64_t count() const {
    internal::caller_waits here;
    return count_async().get();
  }
  job<std::uint64_t> count_async() const;

  /// The first record; empty_collection if there is none. Computes no more partitions than it must.
  T first() const {
    internal::caller_waits here;
    return first_async().get();
  }
  job<T> first_async() const;

  /// The first n records (fewer if there are no more); n below 1 gives none. Computes no more partitions than it must.
  std::vector<T> take(std::int64_t n) const {
    internal::caller_waits here;
    return take_async(n).get();
  }
  job<std::vector<T>> take_async(std::int64_t n) const;

  /// The n smallest by key(record), smallest first; equal ones in the dataset's order.
  template <class KeyFn = std::identity>
  std::vector<T> take_ordered(std::int64_t n, KeyFn key = {}) const {
    internal::caller_waits here;
    return take_ordered_async(n, std::move(key)).get();
  }
  template <class KeyFn = std::identity>
  job<std::vector<T>> take_ordered_async(std::int64_t n, KeyFn key = {}) const;

  /// The n greatest by key(record), greatest first; equal ones in the dataset's order.
  template <class KeyFn = std::identity>
  std::vector<T> top(std::int64_t n, KeyFn key = {}) const {
    internal::caller_waits here;
    return top_async(n, std::move(key)).get();
  }
  template <class KeyFn = std::identity>
  job<std::vector<T>> top_async(std::int64_t n, KeyFn key = {}) const;

  /// All records reduced by the associative f, in order; empty_collection if there is none.
  template <class F>
  T reduce(F f) const {
    internal::caller_waits here;
    return reduce_async(std::move(f)).get();
  }
  template <class F>
  job<T> reduce_async(F f) const;

  /// The fold of each partition from `zero`, and of these results from `zero` again.
  template <class F>
  T fold(T zero, F f) const {
    internal::caller_waits here;
    return fold_async(std::move(zero), std::move(f)).get();
  }
  template <class F>
  job<T> fold_async(T zero, F f) const;

  /// The same with another result type: step(u, record) within a partition, merge(u, u) across.
  template <class U, class Step, class Merge>
  U aggregate(U zero, Step step, Merge merge) const {
    internal::caller_waits here;
    return aggregate_async(std::move(zero), std::move(step), std::move(merge)).get();
  }
  template <class U, class Step, class Merge>
  job<U> aggregate_async(U zero, Step step, Merge merge) const;

  /// The sum; T{} of an empty dataset. Small integers are summed as 64-bit numbers.
  auto sum() const {
    internal::caller_waits here;
    return sum_async().get();
  }
  auto sum_async() const;

  /// The least, the greatest record by key(record): the first of equal ones; NaN only if all are NaN. empty_collection
  /// if there is none.
  template <class KeyFn = std::identity>
  T min(KeyFn key = {}) const {
    internal::caller_waits here;
    return min_async(std::move(key)).get();
  }
  template <class KeyFn = std::identity>
  job<T> min_async(KeyFn key = {}) const;
  template <class KeyFn = std::identity>
  T max(KeyFn key = {}) const {
    internal::caller_waits here;
    return max_async(std::move(key)).get();
  }
  template <class KeyFn = std::identity>
  job<T> max_async(KeyFn key = {}) const;

  /// How often each record occurs.
  hash_map<T, std::uint64_t> count_by_value() const {
    internal::caller_waits here;
    return count_by_value_async().get();
  }
  job<hash_map<T, std::uint64_t>> count_by_value_async() const;

  /// Of pairs: how often each key occurs.
  auto count_by_key() const {
    internal::caller_waits here;
    return count_by_key_async().get();
  }
  auto count_by_key_async() const;

  /// Of pairs: key → value; the last pair of a key wins.
  auto collect_as_map() const {
    internal::caller_waits here;
    return collect_as_map_async().get();
  }
  auto collect_as_map_async() const;

  /// f(record) for each, for its side effects.
  template <class F>
  void for_each(F f) const {
    internal::caller_waits here;
    for_each_async(std::move(f)).get();
  }
  template <class F>
  job<void> for_each_async(F f) const;

  /// f(records) once for each partition, empty ones included; `records` is a single-pass range (partition_range<T>).
  template <class F>
  void for_each_partition(F f) const {
    internal::caller_waits here;
    for_each_partition_async(std::move(f)).get();
  }
  template <class F>
  job<void> for_each_partition_async(F f) const;

  /// The records as a single-pass range, in order, computed while the caller reads: holds a constant amount, and may be
  /// left at any point.
  local_range<T> to_local_iterator() const;

  /// Writes each record as a line into `uri`, a directory that must not exist: part-00000 and so on, all there at once
  /// or not at all, with _SUCCESS. Strings as they are, numbers as `std::to_chars` writes them, others by their
  /// `operator<<` or ADL `to_string`.
  void save_as_text_file(const std::string& uri) const {
    internal::caller_waits here;
    save_as_text_file_async(uri).get();
  }
  job<void> save_as_text_file_async(const std::string& uri) const;

  // -- for the operations
  // -----------------------------------------------------------------------------------------------

  const std::shared_ptr<const Node>& node() const noexcept { return node_; }

private:
  template <class, class>
  friend class rdd;

  auto link() const& { return internal::shared_link(node_); }
  auto link() && { return internal::sole_link(node_); }
  template <class F = void> // the user's function
  internal::node_info info(std::string_view op, source_location where) const {
    return {node_->context(), op, where, 0, internal::is_io_bound<F>};
  }

  std::shared_ptr<const Node> node_;
};

namespace internal {

/// The handle of a new node.
template <class Node, class... Args>
auto make_rdd(Args&&... args) {
  return rdd<typename Node::value_type, Node>{make_part<const Node>(std::forward<Args>(args)...)};
}

} // namespace internal
} // namespace crema
