// expect: crema: a pointer or array cannot be a key, it means nothing on another node
#include "dataflow/hash/key_hash.hpp"

std::uint64_t h = crema::key_hash("a literal");
