#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// Batches of records and their keys, addressed by one running position: the memory behind a sort by index.
///
/// A key that the key function returns by reference into the record itself is not kept: its offset is. Any other key is
/// kept by value beside its batch, unless `StoreKeys` is false because a prefix says all. Not thread-safe.
template <class T, class K, bool StoreKeys>
class record_batches {
public:
  std::size_t size() const noexcept { return batches_.empty() ? 0 : batches_.back().end; }

  /// Bytes of records and kept keys, `heap_bytes` of what they own included.
  std::size_t bytes() const noexcept { return bytes_; }

  /// Takes a batch, calling `key` once for each record and `note(i, k)` with its key. Unchanged when one throws.
  template <class KeyFn, class Note>
  void append(std::shared_ptr<void> owner, std::span<T> records, std::size_t heap_bytes, KeyFn& key, Note&& note) {
    if (records.empty())
      return;
    batch next{std::move(owner), records.data(), size(), size() + records.size(), 0, {}};
    for (std::size_t i = 0; i != records.size(); ++i)
      keep(next, i, key(std::as_const(records[i])), note);
    const std::size_t added = records.size_bytes() + next.keys.capacity() * sizeof(kept_key) + heap_bytes;
    batches_.push_back(std::move(next));
    bytes_ += added;
  }

  /// Prepares `record` and `key`; nothing may be appended afterwards.
  void index() {
    shift_ = batches_.empty() ? 0 : static_cast<unsigned>(std::bit_width(size() / batches_.size()));
    first_batch_.clear();
    for (std::size_t at = 0, b = 0; at < size(); at += std::size_t{1} << shift_) {
      while (batches_[b].end <= at)
        ++b;
      first_batch_.push_back(static_cast<std::uint32_t>(b));
    }
  }

  T& record(std::size_t position) const noexcept {
    const batch& at = batch_of(position);
    return at.records[position - at.begin];
  }

  const K& key(std::size_t position) const noexcept {
    const batch& at = batch_of(position);
    const std::size_t i = position - at.begin;
    return at.keys.empty() ? inner_key(at, i) : at.keys[i].value;
  }

private:
  struct kept_key {
    K value;
  };

  struct batch {
    std::shared_ptr<void> owner;
    T* records;
    std::size_t begin; // running position of the first record
    std::size_t end;
    std::size_t key_offset;
    std::vector<kept_key> keys; // empty when all are inside of their records
  };

  static const K& inner_key(const batch& at, std::size_t i) noexcept {
    return *reinterpret_cast<const K*>(reinterpret_cast<const char*>(at.records + i) + at.key_offset);
  }

  template <class Key, class Note>
  static void keep(batch& to, std::size_t i, Key&& key, Note& note) {
    note(i, std::as_const(key));
    if constexpr (StoreKeys) {
      if constexpr (std::is_lvalue_reference_v<Key&&>) {
        // Wraps around to something large where the key lies before its record.
        const std::size_t offset =
          reinterpret_cast<std::uintptr_t>(std::addressof(key)) - reinterpret_cast<std::uintptr_t>(to.records + i);
        const bool inside = offset < sizeof(T) && offset + sizeof(K) <= sizeof(T);
        if (i == 0)
          to.key_offset = offset;
        if (inside && to.keys.empty() && offset == to.key_offset)
          return;
      }
      if (to.keys.empty())
        to.keys.reserve(to.end - to.begin);
      while (to.keys.size() != i)
        to.keys.push_back({inner_key(to, to.keys.size())});
      to.keys.push_back({std::forward<Key>(key)});
    }
  }

  const batch& batch_of(std::size_t position) const noexcept {
    const batch* at = &batches_[first_batch_[position >> shift_]];
    while (at->end <= position)
      ++at;
    return *at;
  }

  std::vector<batch> batches_;
  std::vector<std::uint32_t> first_batch_;
  unsigned shift_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace crema::internal
