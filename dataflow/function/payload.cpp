#include "dataflow/function/payload.hpp"

#include "dataflow/error.hpp"

namespace crema::internal {

namespace {

// Slots of virtual functions (and null) are small numbers; no system maps code that low.
constexpr std::uintptr_t lowest_code = 0x10000;

} // namespace

std::optional<std::string> pointer_refusal(const void* object, std::size_t size, mappings& memory) {
  auto found = memory.find_pointer(object, size);
  if (!found)
    return std::nullopt;
  return "captures a pointer (or `this`) into this process, where another one has something else: " + *found
         + "; capture the value itself, pass it through crema::capture(state..., function), or use a function object "
           "with a "
           "serialize(Archive&, unsigned) member";
}

std::optional<std::string> code_refusal(std::uintptr_t code) {
  if (code < lowest_code)
    return std::nullopt;
  try {
    locate(reinterpret_cast<const void*>(code));
    return std::nullopt;
  } catch (const error& e) {
    return "cannot be named: " + e.text();
  }
}

void encode_code(std::uintptr_t code, byte_writer& out) {
  out.put_byte(code < lowest_code ? 0 : 1);
  if (code < lowest_code)
    out.varint(code);
  else
    encode_address(reinterpret_cast<const void*>(code), out);
}

std::uintptr_t decode_code(byte_reader& in) {
  const auto kind = in.byte();
  if (kind == 1)
    return reinterpret_cast<std::uintptr_t>(decode_address(in, segment::code, 1));
  if (kind != 0)
    in.fail("a function pointer is neither null nor an address");
  const auto slot = in.varint();
  if (slot >= lowest_code)
    in.fail("a function pointer is neither null nor an address");
  return static_cast<std::uintptr_t>(slot);
}

} // namespace crema::internal
