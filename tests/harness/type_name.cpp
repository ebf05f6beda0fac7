#include "tests/harness/type_name.hpp"

#include <cctype>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string_view>

namespace crema::testing::detail {

namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

} // namespace

std::string type_name(const std::type_info& type) {
  const std::unique_ptr<char, decltype(&std::free)> demangled{
    abi::__cxa_demangle(type.name(), nullptr, nullptr, nullptr), std::free};
  std::string name{demangled ? demangled.get() : type.name()};
  replace_all(name, "(anonymous namespace)::", "");
  for (auto colons = name.find("::"); colons != std::string::npos; colons = name.find("::")) {
    auto begin = colons;
    while (begin != 0
           && (std::isalnum(static_cast<unsigned char>(name[begin - 1])) != 0 || name[begin - 1] == '_'
               || name[begin - 1] == '(' || name[begin - 1] == ')'))
      --begin;
    name.erase(begin, colons + 2 - begin);
  }
  replace_all(name, "basic_string<char, char_traits<char>, allocator<char> >", "string");
  return name;
}

} // namespace crema::testing::detail
