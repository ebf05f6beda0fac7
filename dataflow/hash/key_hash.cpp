#include "dataflow/hash/key_hash.hpp"

#include "dataflow/error.hpp"

#include <string>

namespace crema {

namespace internal {

std::uint64_t hash_front(const char* bytes, std::size_t n) noexcept {
  auto even = hash_key_3;
  auto odd = hash_key_4;
  for (; n > 32; bytes += 32, n -= 32) {
    even = fold(load<std::uint64_t>(bytes) ^ hash_key_1, load<std::uint64_t>(bytes + 8) ^ even);
    odd = fold(load<std::uint64_t>(bytes + 16) ^ hash_key_2, load<std::uint64_t>(bytes + 24) ^ odd);
  }
  if (n > 16)
    even = fold(load<std::uint64_t>(bytes) ^ hash_key_1, load<std::uint64_t>(bytes + 8) ^ even);
  return even ^ odd;
}

} // namespace internal

hash_partitioner::hash_partitioner(int n) {
  if (n < 1)
    throw error{errc::invalid_argument,
                "a partitioner of " + std::to_string(n) + " partitions: ask for at least one partition"};
  n_ = static_cast<std::uint64_t>(n);
  mask_ = (n_ & (n_ - 1)) == 0 ? n_ - 1 : 0;
  inverse_ = ~internal::uint128{0} / n_ + 1;
}

} // namespace crema
