#pragma once

#include "dataflow/hash/key_hash.hpp"
#include "dataflow/hash/key_hasher.hpp"
#include "dataflow/rdd.hpp"

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// How the operations by key combine values: what a combine_table calls, and how records come from keys and values.

namespace crema::internal {

/// A key in the form in which the table takes it without a copy.
template <class K, class X>
[[gnu::always_inline]] inline decltype(auto) table_key(X&& key) {
  if constexpr (std::is_same_v<K, std::string>)
    return std::string_view(key);
  else if constexpr (key_hasher<std::remove_cvref_t<X>>::works)
    return std::forward<X>(key);
  else
    return K(std::forward<X>(key));
}

/// The combiner of keyed records: functions of the user, records are pairs.
template <class V, class C, class Create, class MergeValue, class MergeCombined>
struct pair_combiner {
  using value = V;
  using combined = C;
  template <class K>
  using record = std::pair<K, C>;
  template <class K>
  struct hash_of {
    std::uint64_t operator()(const record<K>& r) const { return spread_hash(r.first); }
  };

  [[no_unique_address]] mutable Create create_value;
  [[no_unique_address]] mutable MergeValue merge_one;
  [[no_unique_address]] mutable MergeCombined merge_two;

  friend auto plan_parts(const pair_combiner& whole, auto&& take) {
    return take(whole.create_value, whole.merge_one, whole.merge_two);
  }

  [[gnu::always_inline]] C create(V&& v) const { return C(std::invoke(create_value, std::move(v))); }
  [[gnu::always_inline]] void merge_value(C& c, V&& v) const {
    if constexpr (std::is_void_v<std::invoke_result_t<MergeValue&, C&, V>>)
      std::invoke(merge_one, c, std::move(v));
    else if constexpr (std::is_lvalue_reference_v<std::invoke_result_t<MergeValue&, C&, V>>)
      std::invoke(merge_one, c, std::move(v));
    else
      c = C(std::invoke(merge_one, std::move(c), std::move(v)));
  }
  [[gnu::always_inline]] void merge_combined(C& c, C&& other) const {
    c = C(std::invoke(merge_two, std::move(c), std::move(other)));
  }

  template <class Table, class X>
  [[gnu::always_inline]] static void add(Table& table, X&& x) {
    using K = typename key_value<owned_t<X>>::key;
    table.add(table_key<K>(std::forward<X>(x).first), V(std::forward<X>(x).second));
  }
  template <class K, class X>
  static record<K> make(X&& key, C&& c) {
    return record<K>(K(std::forward<X>(key)), std::move(c));
  }
  template <class R>
  static auto& key(R& r) {
    return r.first;
  }
  template <class R>
  static C& reach(R& r) {
    return r.second;
  }
  template <class R>
  static C take(R& r) {
    return std::move(r.second);
  }
  template <class Table, class Iterator>
  static void merge_range(Table& table, Iterator first, Iterator last) {
    table.merge_range(first, last);
  }
};

/// The combiner of distinct: the records are the keys and there is nothing to combine.
struct nothing {};
struct distinct_combiner {
  using value = nothing;
  using combined = nothing;
  template <class K>
  using record = K;
  template <class K>
  struct hash_of {
    std::uint64_t operator()(const K& r) const { return spread_hash(r); }
  };

  nothing create(nothing&&) const { return {}; }
  void merge_value(nothing&, nothing&&) const {}
  void merge_combined(nothing&, nothing&&) const {}

  template <class Table, class X>
  [[gnu::always_inline]] static void add(Table& table, X&& x) {
    table.add(table_key<owned_t<X>>(std::forward<X>(x)), nothing{});
  }
  template <class K, class X>
  static K make(X&& key, nothing&&) {
    return K(std::forward<X>(key));
  }
  template <class R>
  static R& key(R& r) {
    return r;
  }
  template <class R>
  static nothing& reach(R&) {
    static nothing none;
    return none;
  }
  template <class R>
  static nothing take(R&) {
    return {};
  }
  template <class Table, class Iterator>
  static void merge_range(Table& table, Iterator first, Iterator last) {
    using K = typename std::iterator_traits<Iterator>::value_type;
    for (; first != last; ++first)
      table.merge(table_key<K>(*first), nothing{});
  }
};

} // namespace crema::internal
