#pragma once

#include "dataflow/block/codec.hpp"

#include <functional>
#include <memory>
#include <typeinfo>
#include <vector>

namespace crema::internal {

/// Brings what all tasks of a stage said at a barrier into one value for all of them. Pure; `said[i]` is task i's.
using agreement = std::function<std::shared_ptr<const void>(const std::vector<std::shared_ptr<const void>>& said)>;

/// How a value whose type only the tasks know becomes bytes and a value again; null where it cannot.
struct opaque_codec {
  void (*encode)(const void* value, byte_writer& out) = nullptr;
  std::shared_ptr<const void> (*decode)(byte_reader& in) = nullptr;
};

template <class T>
constexpr opaque_codec opaque_codec_of() noexcept {
  if constexpr (encodable<T>)
    return {
      [](const void* value, byte_writer& out) { codec<T>::encode(*static_cast<const T*>(value), out); },
      [](byte_reader& in) -> std::shared_ptr<const void> { return std::make_shared<const T>(codec<T>::decode(in)); }};
  else
    return {};
}

/// What is said and agreed on at a barrier, for tasks in other processes.
struct barrier_codec {
  opaque_codec said;
  opaque_codec agreed;
  const std::type_info* about; ///< the type in both that the user chose
};

template <class Said, class Agreed, class About>
const barrier_codec* barrier_codec_of() noexcept {
  static constexpr barrier_codec codec{opaque_codec_of<Said>(), opaque_codec_of<Agreed>(), &typeid(About)};
  return &codec;
}

} // namespace crema::internal
