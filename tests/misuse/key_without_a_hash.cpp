// expect: crema: this type, or a part of it, cannot be a key: write `std::uint64_t hash_value(const T&)`
#include "dataflow/hash/key_hash.hpp"

struct item {
  int id;
  bool operator==(const item&) const = default;
};

int place = crema::partition_of(std::pair{1, item{2}}, 4);
