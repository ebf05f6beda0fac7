#pragma once

#include "dataflow/error.hpp"

#include <string>
#include <string_view>

namespace crema::internal {

/// The io_failure of a system call: `doing` 'path': the text of `code` (an errno), such as
/// "opening '/data/a.txt': Permission denied".
error failed_call(std::string_view doing, std::string_view path, int code);

} // namespace crema::internal
