#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crema::internal {

class byte_reader;
class byte_writer;

/// Names an address so that another process of the same executable finds it, wherever its image was mapped.
///
///     auto place = locate(&f);           // {"", "", 0x1a2b0}: 0x1a2b0 bytes from this executable's image base
///     auto same  = resolve(place, …);    // here or in any process of the same bytes
///
/// An address in a shared library is named by the library's file name, its build id and an offset. All functions are
/// thread-safe. An address in the executable costs some nanoseconds, one in a library about a microsecond.
struct image_location {
  std::string object;   ///< empty: this executable; else the file name of a shared library, "libfoo.so.2"
  std::string build_id; ///< of the library; empty for this executable, whose build id is checked when processes join
  std::uint64_t offset = 0; ///< bytes from the address to which the object was relocated

  friend bool operator==(const image_location&, const image_location&) = default;
};

/// What must be found at a resolved address.
enum class segment { code, data };

/// Where `address` lies. Throws not_portable for one in no loaded object: heap, stack, or code generated at run time.
image_location locate(const void* address);

/// The address of `size` bytes of `kind` at `place` in this process. Throws not_portable when the library is not loaded
/// here or is another build (naming both build ids), corrupt_data when the offset is outside of the object.
const void* resolve(const image_location& place, segment kind, std::size_t size);

/// The same, to and from bytes:
///
///     | size of name | name | size of build id | build id | offset |    the sizes and the offset are varints;
///     |      0       |                                    | offset |    this executable: no name, no build id
void encode_address(const void* address, byte_writer& out);
const void* decode_address(byte_reader& in, segment kind, std::size_t size);

/// Identifies this executable's bytes: the linker's build id in lowercase hex or, in an executable linked without one,
/// "xxh3:" and a hash of its file. Stripping keeps it, any other change of the program changes it.
const std::string& build_id();

/// "xxh3:" and 32 hex digits for the file at `path`. Throws io_failure.
std::string file_hash(const char* path);

/// Throws not_portable, naming both build ids, unless `theirs` is this executable's; `peer` says who has `theirs`.
void require_build_id(std::string_view theirs, std::string_view peer);

} // namespace crema::internal
