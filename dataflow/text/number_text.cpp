#include "dataflow/text/number_text.hpp"

#include <charconv>

namespace crema::internal {

namespace {

template <class Number>
std::string_view write_into(char* text, std::size_t size, Number number) {
  const auto end = std::to_chars(text, text + size, number).ptr;
  return {text, static_cast<std::size_t>(end - text)};
}

} // namespace

std::string_view number_text::write(long long number) {
  return write_into(text_, capacity, number);
}

std::string_view number_text::write(unsigned long long number) {
  return write_into(text_, capacity, number);
}

std::string_view number_text::write(float number) {
  return write_into(text_, capacity, number);
}

std::string_view number_text::write(double number) {
  return write_into(text_, capacity, number);
}

std::string_view number_text::write(long double number) {
  return write_into(text_, capacity, number);
}

} // namespace crema::internal
