#include "apps/bench/inputs.hpp"

#include <cstring>

namespace crema::bench {

std::uint64_t record::number() const {
  std::uint64_t prefix = 0;
  std::uint64_t rest = 0;
  std::memcpy(&prefix, key.data(), 8);
  std::memcpy(&rest, key.data() + 8, 2);
  std::uint64_t last = 0;
  std::memcpy(&last, value.data() + value.size() - 8, 8);
  return (prefix ^ rest) * 0xd6e8feb86659fd93U + last;
}

record record_source::operator()(std::uint64_t index) const {
  record made;
  const auto first = random_at(seed, 2 * index);
  const auto second = random_at(seed, 2 * index + 1);
  std::memcpy(made.key.data(), &first, 8);
  std::memcpy(made.key.data() + 8, &second, 2);
  made.value.fill(static_cast<unsigned char>('A' + index % 26));
  std::memcpy(made.value.data() + made.value.size() - 8, &index, 8);
  return made;
}

edge edge_source::operator()(std::uint64_t index) const {
  const auto from = scaled_to(random_at(seed, 2 * index), vertices);
  const auto chance = static_cast<double>(random_at(seed, 2 * index + 1) >> 11) * 0x1p-53;
  const auto popularity = static_cast<std::uint64_t>(chance * chance * chance * static_cast<double>(vertices));
  // A prime above every 32-bit count: popular vertices lie all over the range, and no two fall together.
  const auto to = popularity * 4294967311U % vertices;
  return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)};
}

point point_source::operator()(std::uint64_t index) const {
  const auto place = random_at(seed, index) >> 60;
  point made;
  for (std::size_t d = 0; d < made.size(); ++d) {
    const auto middle = static_cast<double>(random_at(seed + 1, place * 8 + d) >> 40);
    const auto noise = static_cast<double>(random_at(seed + 2, index * 8 + d) >> 40);
    made[d] = (middle + noise * 0.5) * 0x1p-20;
  }
  return made;
}

} // namespace crema::bench
