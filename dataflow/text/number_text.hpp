#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace crema::internal {

/// The shortest text that reads back as the same number, as `std::to_chars` writes it. Good until the next number.
class number_text {
public:
  template <class Number>
  std::string_view of(Number number) {
    if constexpr (std::is_floating_point_v<Number>)
      return write(number);
    else if constexpr (std::is_signed_v<Number>)
      return write(static_cast<long long>(number));
    else
      return write(static_cast<unsigned long long>(number));
  }

private:
  std::string_view write(long long number);
  std::string_view write(unsigned long long number);
  std::string_view write(float number);
  std::string_view write(double number);
  std::string_view write(long double number);

  static constexpr std::size_t capacity = 64;
  char text_[capacity];
};

} // namespace crema::internal
