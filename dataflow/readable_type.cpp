#include "dataflow/readable_type.hpp"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace crema::internal {

std::string readable(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free};
  return status == 0 ? text.get() : type.name();
}

} // namespace crema::internal
