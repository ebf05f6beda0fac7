#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace crema::internal {

/// Keys, their hashes and what is to be done with them, in their order, in room for `capacity`.
template <class Probe, class Payload>
class pending_batch {
public:
  struct item {
    Probe probe;
    std::uint64_t hash;
    [[no_unique_address]] Payload payload;
  };
  // Enough to hide one miss behind others, few enough to stay in the first-level cache.
  static constexpr std::size_t capacity = std::clamp<std::size_t>(2048 / sizeof(item), 2, 32);

  pending_batch() noexcept : end_{begin()} {}
  pending_batch(const pending_batch&) = delete;
  pending_batch& operator=(const pending_batch&) = delete;
  ~pending_batch() { clear(); }

  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - items()); }

  /// Adds one; true when that was the last one that fits.
  [[gnu::always_inline]] bool push(Probe&& probe, std::uint64_t hash, Payload&& payload) {
    ::new (static_cast<void*>(end_)) item{std::move(probe), hash, std::move(payload)};
    return ++end_ == items() + capacity;
  }

  item* begin() noexcept { return std::launder(reinterpret_cast<item*>(bytes_)); }
  item* end() noexcept { return end_; }

  void clear() noexcept {
    std::destroy(begin(), end());
    end_ = begin();
  }

private:
  const item* items() const noexcept { return reinterpret_cast<const item*>(bytes_); }

  item* end_;
  alignas(item) std::byte bytes_[capacity * sizeof(item)];
};

/// Two batches that take turns: while one fills, the slots of the other are on their way.
///
/// The slots of the younger are asked for one by one while the older is applied. That keeps a steady number of misses
/// in flight and takes a third less than to ask for a whole batch and then apply it.
template <class Probe, class Payload>
class pending_pair {
  using batch = pending_batch<Probe, Payload>;

public:
  std::size_t size() const noexcept { return halves_[0].size() + halves_[1].size(); }

  /// Adds one; true when `turn` must come next.
  [[gnu::always_inline]] bool push(Probe&& probe, std::uint64_t hash, Payload&& payload) {
    return young_->push(std::move(probe), hash, std::move(payload));
  }

  /// Applies the older batch by `apply(Probe&&, hash, Payload&&)` while it calls `ask(hash)` for each of the younger,
  /// which then is the older. `arrived(hash)` comes before, for each of the older. Empty after a throw.
  template <class Ask, class Arrived, class Apply>
  void turn(Ask ask, Arrived arrived, Apply apply) {
    auto& young = *young_;
    auto& old = other();
    clearing unless_done{this};
    for (const auto& item : old)
      arrived(item.hash);
    auto next = young.begin();
    for (auto& item : old) {
      ask((next++)->hash); // not beyond its end: the younger is full
      apply(std::move(item.probe), item.hash, std::move(item.payload));
    }
    for (; next != young.end(); ++next)
      ask(next->hash);
    unless_done.pair = nullptr;
    old.clear();
    young_ = &old;
  }

  /// Applies everything, the older batch first. Empty afterwards, also after a throw.
  template <class Ask, class Arrived, class Apply>
  void finish(Ask ask, Arrived arrived, Apply apply) {
    const clearing always{this};
    for (auto* half : {&other(), young_}) {
      for (const auto& item : *half)
        ask(item.hash);
      for (const auto& item : *half)
        arrived(item.hash);
      for (auto& item : *half)
        apply(std::move(item.probe), item.hash, std::move(item.payload));
    }
  }

  void clear() noexcept {
    halves_[0].clear();
    halves_[1].clear();
  }

private:
  struct clearing {
    pending_pair* pair;
    ~clearing() {
      if (pair != nullptr)
        pair->clear();
    }
  };

  batch& other() noexcept { return halves_[young_ == halves_ ? 1 : 0]; }

  batch halves_[2];
  batch* young_ = halves_;
};

} // namespace crema::internal
