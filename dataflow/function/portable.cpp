#include "dataflow/function/portable.hpp"

#include "dataflow/error.hpp"
#include "dataflow/readable_type.hpp"

namespace crema::internal {

std::string refusal_text(const std::type_info& type, const std::string& reason) {
  const auto what = readable(type);
  // It could be anything behind its type, so the reason that its type shows would mislead.
  if (what.starts_with("std::function<"))
    return "the function is a std::function, which hides what it captures; pass the lambda itself";
  return "the function " + what + " " + reason;
}

const function_type& function_type::decode(byte_reader& in) {
  return static_cast<const function_type&>(decode_constant(in, right_mark, sizeof(function_type), "function type"));
}

void refuse_function(const std::type_info& type, const char* reason) {
  throw error{errc::not_portable, refusal_text(type, reason)};
}

void require_type(const std::type_info& found, const std::type_info& wanted, const char* what) {
  if (found != wanted)
    throw error{errc::corrupt_data, std::string{"the bytes hold a function whose "} + what + " is " + readable(found)
                                      + " where " + readable(wanted) + " is expected"};
}

} // namespace crema::internal
