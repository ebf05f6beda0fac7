#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/block/container_codec.hpp"
#include "dataflow/error.hpp"
#include "net/link.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace crema::net {

/// A struct that lists its members, in the order in which they are written: `static auto members(auto& m)`, which ties
/// them. `valid()`, where there is one, says whether what was read makes sense.
template <class T>
concept message_struct = requires(T& value) {
  T::members(value);
};

template <class T>
inline constexpr bool is_struct_list = false;
template <message_struct T>
inline constexpr bool is_struct_list<std::vector<T>> = true;

/// Writes a message, or a part of one, as docs/wire.md draws values: a struct is its members.
template <class T>
void put(const T& value, internal::byte_writer& out) {
  if constexpr (message_struct<T>) {
    std::apply([&](const auto&... each) { (put(each, out), ...); }, T::members(value));
  } else if constexpr (is_struct_list<T>) {
    out.varint(value.size());
    for (const auto& each : value)
      put(each, out);
  } else {
    internal::codec<T>::encode(value, out);
  }
}

/// Reads what `put` wrote, from bytes that may be anything. Throws corrupt_data.
template <class T>
void take(T& value, internal::byte_reader& in) {
  if constexpr (message_struct<T>) {
    std::apply([&](auto&... each) { (take(each, in), ...); }, T::members(value));
    if constexpr (requires { value.valid(); })
      if (!value.valid())
        in.fail("a value that makes no sense");
  } else if constexpr (is_struct_list<T>) {
    for (auto n = in.count(1); n > 0; --n)
      take(value.emplace_back(), in);
  } else {
    value = internal::codec<T>::decode(in);
  }
}

template <class Message>
outgoing to_frame(const Message& said) {
  outgoing made{Message::kind, {}, {}};
  put(said, made.head);
  return made;
}

/// Throws corrupt_data unless the bytes are a Message and nothing else.
template <class Message>
Message read_message(std::span<const std::byte> payload) {
  internal::byte_reader in{payload};
  Message said;
  take(said, in);
  if (in.remaining() != 0)
    in.fail("bytes are left behind a message");
  return said;
}

/// Calls `to.on(…)` with the message, which must be one of these.
template <class... Message, class Receiver>
void deliver(const message& from_peer, Receiver& to) {
  const bool known =
    ((from_peer.kind() == Message::kind && (to.on(read_message<Message>(from_peer.payload())), true)) || ...);
  if (!known)
    throw error{errc::corrupt_data, "a message of kind " + std::to_string(from_peer.kind()) + " is not expected here"};
}

} // namespace crema::net
