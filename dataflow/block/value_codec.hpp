#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/block/record_traits.hpp"

#include <bit>
#include <cstddef>
#include <type_traits>

namespace crema::internal {

static_assert(std::endian::native == std::endian::little, "crema: blocks are written as little-endian memory");

/// How one value of T becomes bytes and a value again; docs/wire.md draws every kind.
///
///     codec<T>::encode(value, writer);
///     T value = codec<T>::decode(reader); // throws errc::corrupt_data, never reads out of bounds
///
/// Each codec says: `works`, whether T can be written; `packed`, whether its bytes are those of memory, so that many
/// are one memcpy; `archived`, whether a part of it goes through Boost's archive; `min_size`, the fewest bytes that a T
/// takes, at least 1. What is decoded has at most a constant times the bytes given.
template <class T>
struct codec;

/// Whether T can be a record that is written: spilled, cached on disk, sent.
template <class T>
concept encodable = !std::is_reference_v<T> && !std::is_void_v<T> && codec<std::remove_cv_t<T>>::works;

template <class T>
inline constexpr bool packed = codec<std::remove_cv_t<T>>::packed;

/// Defined by boost_codec.hpp, for every T alike: how archived records are written and read.
template <class T>
struct archive_of;

template <class T>
constexpr void require_archive() {
  static_assert(
    requires { sizeof(archive_of<T>); }, "crema: this record type, or a part of it, has serialize(Archive&, "
                                         "unsigned): #include \"dataflow/block/boost_codec.hpp\"");
}

/// Refuses T, or the part of it that is to blame, in the user's words where it cannot be written.
template <class T>
constexpr void require_encodable() {
  codec<std::remove_cv_t<T>>::require();
}

template <class T>
constexpr void refuse_unless_encodable() {
  using pointee = std::remove_cv_t<std::remove_pointer_t<T>>;
  constexpr bool view = is_view<T> || (std::is_pointer_v<T> && std::is_same_v<pointee, char>);
  constexpr bool pointer =
    std::is_reference_v<T> || std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>;
  constexpr bool plain = std::is_trivially_copyable_v<T>;
  static_assert(!view,
                "crema: a record must own what it refers to: use std::string instead of std::string_view or const "
                "char*, std::vector instead of a span or an iterator");
  static_assert(view || !pointer, "crema: a record cannot be or contain a pointer or a reference, which mean nothing "
                                  "elsewhere: use the value itself");
  static_assert(
    view || pointer || !plain || encodable<T>,
    "crema: a member of this record is a pointer or a view, or the record is not standard layout: use members "
    "that own what they hold, or give it serialize(Archive&, unsigned), or specialise crema::raw_record");
  static_assert(view || pointer || plain || encodable<T>,
                "crema: records of this type cannot be written: give it a member `template <class Archive> void "
                "serialize(Archive&, unsigned)` as Boost.Serialization describes");
}

/// Scalars, records as bytes, and records through an archive.
template <class T>
struct codec {
  static constexpr bool archived = archived_record<T>;
  static constexpr bool plain = std::is_arithmetic_v<T> || std::is_enum_v<T> || (raw_record<T> && !archived);
  static constexpr bool packed = plain && !bool_like<T> && !std::is_empty_v<T>;
  static constexpr bool works = archived || plain;
  static constexpr std::size_t min_size = plain ? sizeof(T) : 1;
  static constexpr void require() { refuse_unless_encodable<T>(); }

  static void encode(const T& value, byte_writer& out) {
    require();
    if constexpr (archived) {
      require_archive<T>();
      archive_of<T>::save(value, out);
    } else if constexpr (packed) {
      out.put(&value, sizeof(T));
    } else if constexpr (bool_like<T>) {
      out.put_byte(static_cast<bool>(value) ? 1 : 0);
    } else if constexpr (plain) {
      out.put_byte(0); // an empty class
    }
  }

  static T decode(byte_reader& in) {
    require();
    if constexpr (archived) {
      require_archive<T>();
      return archive_of<T>::load(in);
    } else if constexpr (bool_like<T>) {
      const auto byte = in.byte();
      if (byte > 1)
        in.fail("a bool is neither 0 nor 1");
      return static_cast<T>(byte == 1);
    } else {
      struct {
        alignas(T) std::byte bytes[sizeof(T)];
      } image;
      in.copy(image.bytes, sizeof(T));
      return std::bit_cast<T>(image);
    }
  }
};

} // namespace crema::internal
