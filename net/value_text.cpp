#include "net/value_text.hpp"

#include "dataflow/error.hpp"
#include "dataflow/machine_limits.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

namespace crema::net {

namespace {

[[noreturn]] void refuse_value(const std::string& expected) {
  throw error{errc::invalid_argument, expected};
}

/// The whole number that `text` begins with, taken off it; nothing where there is none or it is too large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{})
    return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// The bytes that a unit stands for: "", "B", "K", "KiB", "KB", …, in any case; 0 for what is none.
std::uint64_t bytes_of_unit(std::string_view unit) {
  std::string lower{unit};
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (lower.empty() || lower == "b")
    return 1;
  const auto power = std::string_view{"kmgt"}.find(lower[0]);
  const auto rest = std::string_view{lower}.substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "ib" && rest != "b"))
    return 0;
  std::uint64_t bytes = 1;
  for (std::size_t i = 0; i <= power; ++i)
    bytes *= rest == "b" ? 1000 : 1024;
  return bytes;
}

std::uint64_t milliseconds_of_unit(std::string_view unit) {
  return unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
}

} // namespace

std::uint64_t parse_number(std::string_view text, std::uint64_t most, const char* expected) {
  const auto value = take_number(text);
  if (!value || !text.empty() || *value > most)
    refuse_value(expected);
  return *value;
}

std::size_t parse_memory(std::string_view text) {
  static constexpr auto expected = "expected whole bytes such as 268435456, 256MiB or 2G, or a share such as 50%";
  const auto value = take_number(text);
  if (!value)
    refuse_value(expected);
  if (text == "%") {
    if (*value < 1 || *value > 100)
      refuse_value("expected a share from 1% to 100% of this machine's memory");
    return internal::default_memory_limit() / 50 * *value; // the default is a half
  }
  const auto unit = bytes_of_unit(text);
  if (unit == 0 || *value > std::numeric_limits<std::size_t>::max() / unit)
    refuse_value(expected);
  return *value * unit;
}

std::chrono::milliseconds parse_duration(std::string_view text) {
  static constexpr auto expected = "expected a time such as 500ms, 2s, 5m or 1h";
  constexpr std::uint64_t most = std::uint64_t{1000} * 3'600'000;
  const auto value = take_number(text);
  const auto unit = milliseconds_of_unit(text);
  if (!value || *value == 0 || unit == 0 || *value > most / unit)
    refuse_value(expected);
  return std::chrono::milliseconds{*value * unit};
}

std::string parse_path(std::string_view text) {
  if (text.empty())
    refuse_value("expected a path");
  return std::string{text};
}

} // namespace crema::net
