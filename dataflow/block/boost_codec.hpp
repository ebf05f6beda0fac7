#pragma once

#include "dataflow/block/codec.hpp"
#include "dataflow/error.hpp"

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <type_traits>

namespace crema::internal {

/// Include this header (and those of boost/serialization/ that your members need) where records with a
/// Boost.Serialization `serialize` are used; apart from that crema needs no Boost header, which would cost every file a
/// second of compile time. Link with Boost::serialization.
///
///     struct visit {
///       std::string page;
///       std::map<std::string, int> clicks;
///       template <class Archive>
///       void serialize(Archive& archive, unsigned) {
///         archive & page & clicks; // boost/serialization/string.hpp and map.hpp
///       }
///     };
///
/// A batch has one binary archive for all of them, so that class descriptions are written once and pointers to one
/// object within a batch stay pointers to one object. Records must be default-constructible. Boost itself checks an
/// archive's content little; it is read after the batch's checksum has been verified. An exception of `serialize`
/// passes through; an archive that cannot be read throws errc::corrupt_data.
class archive_writer {
public:
  archive_writer() : buffer_{bytes_}, archive_{buffer_, boost::archive::no_header | boost::archive::no_codecvt} {}

  template <class T>
  void save(const T& value) {
    archive_ << value;
  }

  std::span<const std::byte> bytes() const noexcept { return bytes_.bytes(); }

private:
  struct buffer : std::streambuf {
    explicit buffer(byte_writer& bytes) : out{bytes} {}
    std::streamsize xsputn(const char* from, std::streamsize n) override {
      out.put(from, static_cast<std::size_t>(n));
      return n;
    }
    int_type overflow(int_type c) override {
      out.put_byte(static_cast<std::uint8_t>(c));
      return c;
    }
    byte_writer& out;
  };

  byte_writer bytes_;
  buffer buffer_;
  boost::archive::binary_oarchive archive_;
};

class archive_reader {
public:
  explicit archive_reader(std::span<const std::byte> bytes)
      : buffer_{bytes}, archive_{buffer_, boost::archive::no_header | boost::archive::no_codecvt} {}

  template <class T>
  T load() {
    static_assert(std::is_default_constructible_v<T>,
                  "crema: a record that is read from an archive needs a default constructor");
    try {
      T value{};
      archive_ >> value;
      return value;
    } catch (const boost::archive::archive_exception& e) {
      refuse(e.what());
    } catch (const std::length_error& e) {
      refuse(e.what());
    }
  }

private:
  struct buffer : std::streambuf {
    explicit buffer(std::span<const std::byte> bytes) {
      // setg takes no const, but nothing is ever put back.
      auto* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
      setg(begin, begin, begin + bytes.size());
    }
  };

  [[noreturn]] static void refuse(const char* what) {
    throw error{errc::corrupt_data, std::string{"an archive of records cannot be read: "} + what
                                      + "; do save and load write and read the same members in the same order?"};
  }

  buffer buffer_;
  boost::archive::binary_iarchive archive_;
};

/// One value: 0 where its content is in the batch's archive, else 1, a length and an archive of its own.
template <class T>
struct archive_of {
  using writer = archive_writer;
  using reader = archive_reader;

  static void save(const T& value, byte_writer& out) {
    if (out.archive() != nullptr) {
      out.put_byte(0);
      static_cast<writer*>(out.archive())->save(value);
      return;
    }
    writer own;
    own.save(value);
    out.put_byte(1);
    out.varint(own.bytes().size());
    out.put(own.bytes().data(), own.bytes().size());
  }

  static T load(byte_reader& in) {
    const bool owned = codec<bool>::decode(in);
    if (owned)
      return reader{in.take(in.count(1))}.template load<T>();
    if (in.archive() == nullptr)
      in.fail("a record without its batch's archive");
    return static_cast<reader*>(in.archive())->template load<T>();
  }
};

} // namespace crema::internal
