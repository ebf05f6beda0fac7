#pragma once

#include <string>
#include <typeinfo>

namespace crema::testing::detail {

/// As a reader of a test knows it, without namespaces: "withdraw", "vector<int, allocator<int>>", "string".
std::string type_name(const std::type_info& type);

} // namespace crema::testing::detail
