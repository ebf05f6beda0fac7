#pragma once

#include "dataflow/block/byte_stream.hpp"

#include <cstddef>
#include <cstdint>

namespace crema::internal {

/// A constant that stands for a type in other processes of the same executable, by its address: its offset from the
/// image base is the same in all of them. What derives from it says how values of the type are made of bytes.
///
/// A constant rather than the function that makes them: damaged bytes must not make us jump somewhere, so what lies at
/// a received address proves by `mark` and `self` that it is one of these before it is used. (It may still be the wrong
/// one: what carries addresses has a checksum.)
struct image_constant {
  std::uint64_t mark; ///< eight characters: what kind of constant this is
  const void* self;
};

/// Reads an address that `encode_address` wrote, of a constant of `size` bytes with `mark`. Throws corrupt_data where
/// it leads to anything else, not_portable when it is in a library that is not loaded here. `what` names the kind.
const image_constant& decode_constant(byte_reader& in, std::uint64_t mark, std::size_t size, const char* what);

} // namespace crema::internal
