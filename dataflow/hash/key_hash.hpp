#pragma once

#include "dataflow/hash/hash_bits.hpp"
#include "dataflow/hash/key_hasher.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace crema {

/// A type that can be a key: it has a `key_hash` and `==`.
///
/// These have one: integers, bool, characters, enums, floating point, std::string and std::string_view, std::chrono
/// durations and time points, pair, tuple, optional, variant, array and the standard containers of such. Your own type
/// gets one by a function beside it, found by ADL, that returns an integer:
///
///     std::uint64_t hash_value(const point& p) { return crema::key_hash(std::pair{p.x, p.y}); }
///
/// Pointers have none: they mean nothing on another node.
template <class K>
concept hashable_key = internal::key_hasher<K>::works && std::equality_comparable<K>;

/// The 64-bit hash by which records are partitioned: the same in every process, on every node and in every release of
/// this version of the format (docs/wire.md draws it and lists test vectors). Equal keys have equal hashes; so do -0.0
/// and 0.0, all NaNs, std::string and std::string_view, and an integer of any width.
///
/// The hash of an integer is the integer itself, so tables must spread it by `mix64` before they take bits from it. Not
/// a defence against keys chosen by an adversary. Cost: nothing for integers, some 2 ns for a short string.
template <class K>
constexpr std::uint64_t key_hash(const K& key) {
  internal::require_hashable<K>();
  return internal::key_hasher<K>::hash(key);
}

namespace internal {

/// The hash of a key, its bits spread. The high ones choose the radix partition of a table or a join, and whole it is
/// the order of runs on disk.
template <class K>
std::uint64_t spread_hash(const K& key) {
  return mix64(key_hash(key));
}

} // namespace internal

/// The partition, 0 to n - 1, to which every key belongs: the floored modulus of a signed integer's value (-1 of 4 is
/// 3), the unsigned modulus of `key_hash` for everything else.
///
///     hash_partitioner place{4};
///     place(7);                         // 3
///     place.of_hash<std::string>(hash); // where the hash is at hand
///
/// Cheap to copy and thread-safe. Cost: an `and` where n is a power of two, else four multiplications (Lemire, Kaser
/// and Kurz, "Faster remainder by direct computation", 2019).
class hash_partitioner {
public:
  /// Throws errc::invalid_argument unless n is at least 1.
  explicit hash_partitioner(int n);

  int partitions() const noexcept { return static_cast<int>(n_); }

  template <class K>
  int operator()(const K& key) const {
    return of_hash<K>(key_hash(key));
  }

  /// The partition of any K whose `key_hash` is `hash`.
  template <class K>
  int of_hash(std::uint64_t hash) const noexcept {
    if (mask_ != 0 || n_ == 1)
      return static_cast<int>(hash & mask_);
    if constexpr (internal::signed_key<K>) {
      const auto sign = static_cast<std::uint64_t>(static_cast<std::int64_t>(hash) >> 63);
      const auto rest = remainder(hash ^ sign);
      return static_cast<int>(sign == 0 ? rest : n_ - 1 - rest);
    } else {
      return static_cast<int>(remainder(hash));
    }
  }

private:
  std::uint64_t remainder(std::uint64_t value) const noexcept {
    const auto fraction = inverse_ * value;
    const auto low = internal::uint128{static_cast<std::uint64_t>(fraction)} * n_ >> 64;
    return static_cast<std::uint64_t>((internal::uint128{static_cast<std::uint64_t>(fraction >> 64)} * n_ + low) >> 64);
  }

  std::uint64_t n_;
  std::uint64_t mask_;        // n - 1 where n is a power of two, else 0
  internal::uint128 inverse_; // 2^128 / n, rounded up
};

/// The same for a single key; use a `hash_partitioner` for many. Throws errc::invalid_argument unless n is at least 1.
template <class K>
int partition_of(const K& key, int n) {
  return hash_partitioner{n}(key);
}

} // namespace crema
