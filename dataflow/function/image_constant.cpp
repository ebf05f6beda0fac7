#include "dataflow/function/image_constant.hpp"

#include "dataflow/function/identity.hpp"

#include <string>

namespace crema::internal {

namespace {

// Damaged bytes lead anywhere in the image, also between the objects, where the address sanitizer has its red zones.
[[gnu::no_sanitize_address]] bool is_constant(const image_constant* at, std::uint64_t mark) {
  return at->mark == mark && at->self == at;
}

} // namespace

const image_constant& decode_constant(byte_reader& in, std::uint64_t mark, std::size_t size, const char* what) {
  const auto* found = static_cast<const image_constant*>(decode_address(in, segment::data, size));
  const bool aligned = reinterpret_cast<std::uintptr_t>(found) % alignof(image_constant) == 0;
  if (!aligned || !is_constant(found, mark))
    in.fail((std::string{"an address names no "} + what).c_str());
  return *found;
}

} // namespace crema::internal
