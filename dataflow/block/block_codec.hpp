#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/block/codec.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <typeinfo>

namespace crema::internal {

/// How blocks of one record type become bytes and blocks again: for spill files, and for the wire.
struct block_codec {
  void (*encode)(const block_base& records, byte_writer& out);
  block_ptr (*decode)(byte_reader& in);
};

template <class T>
void encode_block(const block_base& records, byte_writer& out) {
  const auto& typed = static_cast<const block<T>&>(records);
  encode_records(std::span<const T>{typed.begin(), typed.size()}, out);
}

template <class T>
block_ptr decode_block(byte_reader& in) {
  batch_reader<T> batch{in};
  const auto size = batch.left();
  open_block<T> result{std::max<std::size_t>(1, size)};
  if constexpr (packed<T>) {
    batch.copy_all(result->begin());
    result->count_more(size);
  } else {
    while (batch.left() != 0)
      result->emplace_back(batch.next());
  }
  return result.seal();
}

/// The codec of blocks of T; null when T cannot be written.
template <class T>
const block_codec* codec_of() noexcept {
  if constexpr (encodable<T>) {
    static constexpr block_codec codec{&encode_block<T>, &decode_block<T>};
    return &codec;
  } else {
    return nullptr;
  }
}

/// What the records of blocks are, where their type is not known.
struct record_type {
  const std::type_info* type;
  const block_codec* codec; ///< null when they cannot be written
};

template <class T>
record_type record_type_of() noexcept {
  return {&typeid(T), codec_of<T>()};
}

/// Of tasks that emit no block.
template <>
inline record_type record_type_of<void>() noexcept {
  return {&typeid(void), nullptr};
}

} // namespace crema::internal
