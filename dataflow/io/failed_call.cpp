#include "dataflow/io/failed_call.hpp"

#include <system_error>

namespace crema::internal {

error failed_call(std::string_view doing, std::string_view path, int code) {
  std::string text{doing};
  text.append(" '").append(path).append("': ").append(std::generic_category().message(code));
  return {errc::io_failure, std::move(text)};
}

} // namespace crema::internal
