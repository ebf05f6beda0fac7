#pragma once

#include "dataflow/block/record_traits.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace crema::internal {

/// How a function reaches another process of the same executable; decided at compile time from its type alone.
///
/// | captures                                              | kind         | pointers are looked for at run time |
/// | ----------------------------------------------------- | ------------ | ----------------------------------- |
/// | nothing; `std::plus{}`                                | stateless    | no, there is no room for one        |
/// | numbers, enums, plain structs of them, `*this`        | bytes        | no, the type proves it has none     |
/// | `const char*`, `this`, a union, a `std::pair`         | bytes        | yes                                 |
/// | anything, in a type with `serialize(Archive&, …)`     | serializable | no, `serialize` is trusted          |
/// | anything, by `crema::capture(state..., function)`     | captured     | in states that travel as bytes      |
/// | (a function pointer or a pointer to member)           | address      | no, it is named by its offset       |
/// | by reference: `[&]`, `[&x]`, at any depth             | local_only   |                                     |
/// | `std::string`, `std::vector`, `std::tuple`, …         | local_only   |                                     |
///
/// Globals and static variables are not captured by any function: each process has its own.
enum class portability : unsigned char { stateless, bytes, serializable, captured, address, local_only };

/// "stateless", "bytes", …
constexpr const char* name(portability kind) noexcept {
  constexpr const char* names[] = {"stateless", "bytes", "serializable", "captured", "address", "local_only"};
  return names[static_cast<unsigned char>(kind)];
}

template <class Function, class... States>
class captured;

template <class T>
inline constexpr bool is_captured = false;
template <class Function, class... States>
inline constexpr bool is_captured<captured<Function, States...>> = true;

/// Whether a copy of T is a copy of its bytes.
///
/// Not `std::is_trivially_copyable`: g++ 12 takes that back for a closure once anything has asked whether the closure
/// can be assigned, so the answer would depend on what was instantiated before. What is asked here stays as it is.
template <class T>
inline constexpr bool copied_as_bytes = std::is_trivially_copy_constructible_v<T>&&
  std::is_trivially_move_constructible_v<T>&& std::is_trivially_destructible_v<T>;

/// A cast from bytes is a constant expression only for types without pointers, references and unions.
template <class T>
constexpr bool cast_from_bytes() {
  struct image {
    unsigned char bytes[sizeof(T)];
  };
  static_cast<void>(__builtin_bit_cast(T, image{}));
  return true;
}

/// Larger closures are not proven at compile time but looked at when they travel: the proof costs a step per byte.
inline constexpr std::size_t largest_proof = 4096;

template <class T>
consteval bool prove_free_of_addresses() {
  if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= largest_proof)
    return requires {
      typename std::bool_constant<cast_from_bytes<T>()>;
    };
  else
    return false;
}

/// Whether the type T proves that its values hold no address: neither a pointer nor a reference, at any depth.
///
/// False does not mean that there is one: unions (`std::optional`), `std::pair`, types without a constexpr constructor,
/// on clang bit fields, and on g++ a closure whose assignment was asked for before this was, prove nothing; then the
/// values are looked at when they travel. The language has no other way to look into a closure.
template <class T>
inline constexpr bool free_of_addresses = prove_free_of_addresses<T>();

template <class F>
consteval portability classify() {
  if constexpr (std::is_member_pointer_v<F> || (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>))
    return portability::address;
  else if constexpr (is_captured<F>)
    return portability::captured;
  else if constexpr (!std::is_class_v<F>)
    return portability::local_only;
  else if constexpr (std::is_empty_v<F> && copied_as_bytes<F>)
    return portability::stateless;
  else if constexpr (archived_record<F>)
    return portability::serializable;
  else if constexpr (!copied_as_bytes<F>)
    return portability::local_only;
  // g++ and clang store a reference capture as a member of reference type, which breaks standard layout at any depth.
  else if constexpr (std::is_standard_layout_v<F>)
    return portability::bytes;
  else
    return portability::local_only;
}

/// The kind of a function (or state) of type F, cv and reference aside.
template <class F>
inline constexpr portability portability_of = classify<std::remove_cvref_t<F>>();

/// Why a local_only F cannot travel, and what to do about it: "reason; remedy".
template <class F>
consteval const char* local_only_reason() {
  if constexpr (!std::is_class_v<F>)
    return "is not a function object; pass a lambda";
  else if constexpr (copied_as_bytes<F>)
    return "captures by reference (or captures an object that is not standard layout); capture by value, or pass what "
           "it needs through crema::capture(state..., function)";
  else if constexpr (std::is_polymorphic_v<F>)
    return "has virtual functions; give it a serialize(Archive&, unsigned) member";
  else if constexpr (!std::is_copy_constructible_v<F>)
    return "captures something that cannot be copied, such as a std::unique_ptr; create it inside of the function, or "
           "pass the value itself through crema::capture(state..., function)";
  else
    return "captures something that is not trivially copyable, such as a std::string, std::vector or std::tuple; pass "
           "it through crema::capture(state..., function), put it into a broadcast, or use a function object with a "
           "serialize(Archive&, unsigned) member";
}

} // namespace crema::internal
