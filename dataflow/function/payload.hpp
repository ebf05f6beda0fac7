#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/block/codec.hpp"
#include "dataflow/function/capture.hpp"
#include "dataflow/function/identity.hpp"
#include "dataflow/function/mappings.hpp"
#include "dataflow/function/portability.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crema::internal {

// A payload is what a function captured, without its identity. By kind:
//
//     stateless      nothing
//     bytes          sizeof(F) bytes as they lie in memory
//     serializable   what the codec writes for it
//     captured       the payload of each state in order, then that of the function
//     address        | 1 | address |  a function, or a member function that is not virtual
//                    | 0 | varint  |  null, or the slot of a virtual member function
//                    a member function adds its `this` adjustment as a varint; a data member is its bytes

/// The refusal for a pointer among the `size` bytes at `object`.
std::optional<std::string> pointer_refusal(const void* object, std::size_t size, mappings& memory);

/// The refusal for a function that no other process could find.
std::optional<std::string> code_refusal(std::uintptr_t code);

void encode_code(std::uintptr_t code, byte_writer& out);
std::uintptr_t decode_code(byte_reader& in);

/// A pointer to member function as g++ and clang represent it on every Unix.
struct member_function {
  std::uintptr_t code;
  std::uintptr_t adjustment;
};

/// The first word of T: the code of a function or of a member function.
template <class T>
std::uintptr_t code_of(T pointer) {
  if constexpr (std::is_member_function_pointer_v<T>)
    return __builtin_bit_cast(member_function, pointer).code;
  else
    return __builtin_bit_cast(std::uintptr_t, pointer);
}

// -- may it travel? ------------------------------------------------------------------------------

/// Why the function or state `value` cannot travel; nothing when it can.
template <class T>
std::optional<std::string> payload_refusal([[maybe_unused]] const T& value, [[maybe_unused]] mappings& memory);

template <class Function, class... States>
std::optional<std::string> captured_refusal(const captured<Function, States...>& value, mappings& memory) {
  std::optional<std::string> refusal;
  int index = 0;
  const auto look = [&](const auto& state) {
    ++index;
    if (auto why = payload_refusal(state, memory); why && !refusal)
      refusal = "has state " + std::to_string(index) + " of " + std::to_string(sizeof...(States)) + ", which " + *why;
  };
  std::apply([&](const States&... states) { (look(states), ...); }, value.states());
  return refusal ? refusal : payload_refusal(value.function(), memory);
}

template <class T>
std::optional<std::string> payload_refusal(const T& value, mappings& memory) {
  constexpr auto kind = portability_of<T>;
  if constexpr (kind == portability::captured)
    return captured_refusal(value, memory);
  else if constexpr (written<T>)
    return std::nullopt;
  else if constexpr (kind == portability::bytes && !free_of_addresses<T>)
    return pointer_refusal(&value, sizeof value, memory);
  else if constexpr (kind == portability::address && !std::is_member_object_pointer_v<T>)
    return code_refusal(code_of(value));
  else
    return std::nullopt;
}

/// The same for a function, of any type.
template <class F>
std::optional<std::string> function_refusal(const F& function, mappings& memory) {
  if constexpr (portability_of<F> == portability::local_only)
    return local_only_reason<F>();
  else
    return payload_refusal(function, memory);
}

// -- to bytes and back ---------------------------------------------------------------------------

template <class T>
void encode_payload([[maybe_unused]] const T& value, [[maybe_unused]] byte_writer& out) {
  constexpr auto kind = portability_of<T>;
  if constexpr (written<T>) {
    codec<T>::encode(value, out);
  } else if constexpr (kind == portability::bytes || std::is_member_object_pointer_v<T>) {
    out.put(&value, sizeof value);
  } else if constexpr (kind == portability::address) {
    encode_code(code_of(value), out);
    if constexpr (std::is_member_function_pointer_v<T>)
      out.varint(__builtin_bit_cast(member_function, value).adjustment);
  } else if constexpr (kind == portability::captured) {
    std::apply([&](const auto&... states) { (encode_payload(states, out), ...); }, value.states());
    encode_payload(value.function(), out);
  } else {
    static_assert(kind == portability::stateless);
  }
}

/// Room for a T that is made by writing its bytes: a closure has no other constructor.
template <class T>
union raw_room {
  raw_room() : bytes{} {}
  ~raw_room() {}
  std::byte bytes[sizeof(T)];
  T value;
};

template <class T>
T decode_raw(byte_reader& in) {
  raw_room<T> room;
  in.copy(room.bytes, sizeof room.bytes);
  return room.value;
}

template <class T>
T decode_payload([[maybe_unused]] byte_reader& in);

template <class T>
struct decode_captured;
template <class Function, class... States>
struct decode_captured<captured<Function, States...>> {
  static captured<Function, States...> from(byte_reader& in) {
    // Braces, because they evaluate from left to right.
    std::tuple<States...> states{decode_payload<States>(in)...};
    return {decode_payload<Function>(in), std::move(states)};
  }
};

template <class T>
T decode_payload(byte_reader& in) {
  constexpr auto kind = portability_of<T>;
  if constexpr (written<T>) {
    return codec<T>::decode(in);
  } else if constexpr (kind == portability::stateless) {
    return raw_room<T>{}.value;
  } else if constexpr (kind == portability::bytes || std::is_member_object_pointer_v<T>) {
    return decode_raw<T>(in);
  } else if constexpr (std::is_member_function_pointer_v<T>) {
    const auto code = decode_code(in);
    return __builtin_bit_cast(T, (member_function{code, static_cast<std::uintptr_t>(in.varint())}));
  } else if constexpr (kind == portability::address) {
    return __builtin_bit_cast(T, decode_code(in));
  } else if constexpr (kind == portability::captured) {
    return decode_captured<T>::from(in);
  } else {
    static_assert(portability_of<T> == portability::bytes);
  }
}

} // namespace crema::internal
