#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace crema {

namespace internal {

/// Stands for any archive when asking whether a type has `serialize(Archive&, unsigned)`.
struct any_archive {
  template <class T>
  any_archive& operator&(const T&);
  template <class T>
  any_archive& operator<<(const T&);
  template <class T>
  any_archive& operator>>(T&&);
};

struct owns_serialize {
  void serialize();
};

template <class T>
struct owns_two_serialize : T, owns_serialize {};

template <class T>
concept serializes = requires(T& record, any_archive& archive) {
  record.serialize(archive, 0U);
}
|| requires(T& record, any_archive& archive) {
  serialize(archive, record, 0U);
};

/// A private member template, which only `friend class boost::serialization::access` may call, is seen by its name:
/// that name becomes ambiguous beside another one. A member function that is no template is something of the user's
/// own.
template <class T>
concept hides_serialize = std::is_class_v<T> && !std::is_final_v<T> && !requires {
  &owns_two_serialize<T>::serialize;
}
&&!requires {
  &T::serialize;
};

} // namespace internal

/// Whether records of T are written through their Boost.Serialization functions: those with a member
/// `serialize(Archive&, unsigned)` or such a function found by ADL. Say so yourself for functions that stand in
/// namespace boost::serialization:
///
///     template <>
///     inline constexpr bool crema::archived_record<point> = true;
///
/// Every file that handles such records includes "dataflow/block/boost_codec.hpp".
template <class T>
inline constexpr bool archived_record = std::is_class_v<T> && (internal::serializes<T> || internal::hides_serialize<T>);

namespace internal {

/// Whether a T refers to memory beyond itself, so that its bytes alone are worthless.
template <class T>
constexpr bool refers();

struct anything {
  template <class T>
  operator T() const;
};

struct reference_like {
  template <class T>
  requires(refers<T>()) operator T() const;
};

template <class T, std::size_t... Before>
constexpr bool refers_at(std::index_sequence<Before...>) {
  return requires {
    T{(static_cast<void>(Before), anything{})..., reference_like{}};
  };
}

template <class T, std::size_t... Index>
constexpr bool has_members(std::index_sequence<Index...>) {
  return requires {
    T{(static_cast<void>(Index), anything{})...};
  };
}

/// Looks at the first 24 members of an aggregate, arrays counted by element.
template <class T, std::size_t Index = 0>
constexpr bool member_refers() {
  if constexpr (refers_at<T>(std::make_index_sequence<Index>{}))
    return true;
  else if constexpr (Index < 24 && has_members<T>(std::make_index_sequence<Index + 1>{}))
    return member_refers<T, Index + 1>();
  else
    return false;
}

template <class T>
inline constexpr bool is_view = requires {
  typename T::iterator_category;
}
|| requires(const T& t) {
  { t.get() } -> std::same_as<typename T::type&>;
};
template <class C, class Traits>
inline constexpr bool is_view<std::basic_string_view<C, Traits>> = true;
template <class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;
template <class T>
inline constexpr bool is_view<std::initializer_list<T>> = true;

/// What a class template's arguments say about the members of an optional, or the like.
template <class T>
inline constexpr bool arguments_refer = false;
template <template <class...> class Template, class... T>
inline constexpr bool arguments_refer<Template<T...>> = (false || ... || refers<T>());

template <class T>
constexpr bool refers() {
  if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>)
    return true;
  else if constexpr (std::is_array_v<T>)
    return refers<std::remove_all_extents_t<T>>();
  else if constexpr (!std::is_class_v<T>)
    return false;
  else if constexpr (is_view<T>)
    return true;
  else if constexpr (std::is_aggregate_v<T>)
    return member_refers<T>();
  else
    return arguments_refer<T>;
}

/// Looks into T only if nothing else rules it out: a type may contain itself behind a pointer or in a container.
template <class T>
consteval bool is_raw() {
  if constexpr ((std::is_class_v<T> || std::is_union_v<T>)&&std::is_trivially_copyable_v<T> //
                && std::is_standard_layout_v<T> && !archived_record<T>)
    return !refers<T>();
  else
    return false;
}

} // namespace internal

/// Whether records of T are written as the bytes that they are: trivially copyable standard-layout classes without
/// `serialize` in which no pointer, reference or view can be seen. Padding is written as it is. Say so yourself for a
/// type that is fine although it is not standard layout.
template <class T>
inline constexpr bool raw_record = internal::is_raw<T>();

namespace internal {

template <class T>
inline constexpr bool bool_like = std::is_same_v<T, bool>;
template <class T>
requires std::is_enum_v<T>
inline constexpr bool bool_like<T> = std::is_same_v<std::underlying_type_t<T>, bool>;

} // namespace internal
} // namespace crema
