#pragma once

#include "dataflow/block/batch_format.hpp"
#include "dataflow/block/byte_stream.hpp"
#include "dataflow/block/composite_codec.hpp"
#include "dataflow/block/container_codec.hpp"
#include "dataflow/block/value_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// Batches: many records of one type as self-contained, versioned and checksummed bytes, for spill files and the wire.
///
///     byte_writer out;
///     encode_records(std::span<const record>{records}, out);
///     byte_reader in{out.bytes()};
///     decode_records(in, records_again);
///
/// Records can be: bool, arithmetic types, enums, std::string, pair, tuple, optional, variant, array and the standard
/// containers of records; trivially copyable standard-layout classes without pointers, as bytes; classes with a
/// Boost.Serialization `serialize` (see boost_codec.hpp), in one archive per batch. `encodable<T>` asks, and
/// `require_encodable<T>()` refuses with the reason. Batches are read by the program that wrote them, or by one in
/// which T is the same; docs/wire.md draws them.
///
/// Cost: a batch of arithmetic types, of pairs of them without padding, or of raw records is one memcpy; everything
/// else goes field by field, some ns each. Plus 32 bytes and one pass of XXH3.
template <class T>
void encode_records(std::span<const T> records, byte_writer& out);

/// Appends the records of the next batch to `out` and moves `in` behind it. Verifies lengths and checksum before the
/// first record is made. Throws errc::corrupt_data for bytes that are no whole batch of T; then `out` is as before.
template <class T>
void decode_records(byte_reader& in, std::vector<T>& out);

template <class T>
inline constexpr batch_kind batch_kind_of = packed<T>            ? batch_kind::packed
                                            : codec<T>::archived ? batch_kind::archived
                                                                 : batch_kind::fields;

template <class T>
void encode_records(std::span<const T> records, byte_writer& out) {
  require_encodable<T>();
  batch_guard guard{out};
  const auto start = begin_batch(out, batch_kind_of<T>, records.size());
  if constexpr (packed<T>) {
    out.put(records.data(), records.size_bytes());
  } else if constexpr (codec<T>::archived) {
    require_archive<T>();
    typename archive_of<T>::writer archive;
    out.use_archive(&archive);
    for (const auto& record : records)
      codec<T>::encode(record, out);
    put_archive(out, start, archive.bytes());
  } else {
    for (const auto& record : records)
      codec<T>::encode(record, out);
  }
  end_batch(out, start);
  guard.keep();
}

template <class T, bool Archived = codec<T>::archived>
struct batch_archive {
  batch_archive(const batch_view&, byte_reader&) {}
};
template <class T>
struct batch_archive<T, true> {
  batch_archive(const batch_view& batch, byte_reader& payload) : archive{batch.archive} {
    payload.use_archive(&archive);
  }
  typename archive_of<T>::reader archive;
};

/// The records of one batch, one at a time, without room for all: what a merge of sorted runs reads.
///
///     for (batch_reader<T> batch{in}; batch.left() != 0;)
///       consume(batch.next());
///
/// The bytes must outlive it. Throws as decode_records does.
template <class T>
class batch_reader {
public:
  explicit batch_reader(byte_reader& in) : batch_reader{open_batch(in, batch_kind_of<T>, codec<T>::min_size)} {}

  batch_reader(const batch_reader&) = delete;
  batch_reader& operator=(const batch_reader&) = delete;

  /// Records not yet read.
  std::size_t left() const noexcept { return left_; }

  /// The next record; there must be one.
  T next() {
    if (--left_ != 0)
      return codec<T>::decode(payload_);
    T last = codec<T>::decode(payload_);
    if (payload_.remaining() != 0)
      payload_.fail("bytes are left behind the last record");
    return last;
  }

  /// Makes all that are left in the uninitialised room behind `into`, for records that are stored as they are.
  void copy_all(T* into) requires packed<T> {
    payload_.copy(static_cast<void*>(into), std::exchange(left_, 0) * sizeof(T));
  }

  /// Appends all that are left to `out`, or leaves it as it is and throws.
  void read_all(std::vector<T>& out) {
    const auto before = out.size();
    if constexpr (packed<T> && std::is_default_constructible_v<T>) {
      out.resize(before + left_);
      payload_.copy(static_cast<void*>(out.data() + before), std::exchange(left_, 0) * sizeof(T));
    } else {
      try {
        if (const auto need = before + payload_.credible(left_, sizeof(T)); need > out.capacity())
          out.reserve(std::max(need, 2 * before)); // not exactly: appending many batches must stay linear
        while (left_ != 0)
          out.push_back(next());
      } catch (...) {
        while (out.size() > before)
          out.pop_back();
        throw;
      }
    }
  }

private:
  explicit batch_reader(const batch_view& batch)
      : left_{batch.count}, payload_{batch.payload}, archive_{batch, payload_} {}

  std::size_t left_;
  byte_reader payload_;
  [[no_unique_address]] batch_archive<T> archive_;
};

template <class T>
void decode_records(byte_reader& in, std::vector<T>& out) {
  require_encodable<T>();
  batch_reader<T>{in}.read_all(out);
}

} // namespace crema::internal
