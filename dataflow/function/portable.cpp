#include "dataflow/function/portable.hpp"

#include "dataflow/error.hpp"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace crema::internal {

namespace {

std::string readable(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free};
  return status == 0 ? text.get() : type.name();
}

std::string sentence(const std::type_info& type, const std::string& reason) {
  const auto what = readable(type);
  // It could be anything behind its type, so the reason that its type shows would mislead.
  if (what.starts_with("std::function<"))
    return "the function is a std::function, which hides what it captures; pass the lambda itself";
  return "the function " + what + " " + reason;
}

// Damaged bytes lead anywhere in the image, also between the objects, where the address sanitizer has its red zones.
[[gnu::no_sanitize_address]] bool is_function_type(const function_type* at) {
  return at->mark == function_type::right_mark && at->self == at;
}

} // namespace

std::optional<std::string> function_check::refusal(mappings& memory) const {
  auto reason = look(function, memory);
  if (reason)
    reason = sentence(*type, *reason);
  return reason;
}

std::string function_check::type_name() const {
  return readable(*type);
}

const function_type& function_type::decode(byte_reader& in) {
  const auto* found = static_cast<const function_type*>(decode_address(in, segment::data, sizeof(function_type)));
  const bool aligned = reinterpret_cast<std::uintptr_t>(found) % alignof(function_type) == 0;
  if (!aligned || !is_function_type(found))
    in.fail("an address names no function type");
  return *found;
}

void refuse_function(const std::type_info& type, const char* reason) {
  throw error{errc::not_portable, sentence(type, reason)};
}

void require_type(const std::type_info& found, const std::type_info& wanted, const char* what) {
  if (found != wanted)
    throw error{errc::corrupt_data, std::string{"the bytes hold a function whose "} + what + " is " + readable(found)
                                      + " where " + readable(wanted) + " is expected"};
}

} // namespace crema::internal
