#pragma once

#include <string>
#include <typeinfo>

namespace crema::internal {

/// The type's name as it stands in a program: "std::vector<int>".
std::string readable(const std::type_info& type);

} // namespace crema::internal
