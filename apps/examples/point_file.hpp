#pragma once

#include "apps/examples/k_means.hpp"

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace crema::examples {

/// Calls `use` with each number of a line: decimal numbers with blanks, tabs or one comma between them. Anything else
/// is invalid_argument, with the line.
template <class Use>
void each_number(std::string_view line, Use&& use) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const auto bad = [line](const std::string& why) {
    return error{errc::invalid_argument, "not a point: \"" + std::string{line.substr(0, 100)} + "\": " + why};
  };
  const char* at = line.data();
  const char* const end = at + line.size();
  const auto skip_blanks = [&] {
    while (at != end && blank(*at))
      ++at;
  };
  skip_blanks();
  for (bool comma = false; at != end || comma; skip_blanks()) {
    double number = 0;
    const auto [stop, problem] = std::from_chars(at, end, number);
    if (problem != std::errc{} || !std::isfinite(number) || (stop != end && !blank(*stop) && *stop != ','))
      throw bad("expected a number at \"" + std::string{at, std::min(end, at + 20)} + "\"");
    use(number);
    at = stop;
    skip_blanks();
    comma = at != end && *at == ',';
    at += comma;
  }
}

/// The numbers in a line.
inline std::size_t count_numbers(std::string_view line) {
  std::size_t count = 0;
  each_number(line, [&count](double) { ++count; });
  return count;
}

/// A line as a point whose first `dimensions` coordinates are the line's numbers; the others are 0, which changes no
/// distance. A line of more or fewer numbers is invalid_argument.
template <std::size_t D>
struct parse_point {
  std::size_t dimensions = D;

  point<D> operator()(std::string_view line) const {
    point<D> result{};
    std::size_t count = 0;
    each_number(line, [&](double number) {
      if (count < D)
        result[count] = number;
      ++count;
    });
    if (count != dimensions)
      throw error{errc::invalid_argument, "not a point: \"" + std::string{line.substr(0, 100)}
                                            + "\": " + std::to_string(count) + " numbers, expected "
                                            + std::to_string(dimensions)};
    return result;
  }
};

/// The lines of files that hold a point: all but the blank ones.
inline auto point_lines(const context& ctx, const std::string& uris) {
  return ctx.text_file(uris).filter([](std::string_view line) { return line.find_first_not_of(" \t") != line.npos; });
}

} // namespace crema::examples
