#include "dataflow/io/glob.hpp"

#include "dataflow/error.hpp"

#include <algorithm>

namespace crema::internal {

namespace {

constexpr std::size_t most_alternatives = 10'000;
constexpr auto npos = std::string_view::npos;

// Behind the `]` that closes the set opened at `at`; npos where none does.
std::size_t set_end(std::string_view text, std::size_t at) {
  auto i = at + 1;
  if (i < text.size() && (text[i] == '!' || text[i] == '^'))
    ++i;
  for (const auto first = i; i < text.size() && text[i] != '/'; ++i) {
    if (text[i] == ']' && i != first)
      return i + 1;
    if (text[i] == '\\')
      ++i;
  }
  return npos;
}

// Behind the unit at `at`: an escaped byte, a closed set, or one byte.
std::size_t unit_end(std::string_view text, std::size_t at) {
  if (text[at] == '\\')
    return std::min(at + 2, text.size());
  if (text[at] == '[')
    if (const auto end = set_end(text, at); end != npos)
      return end;
  return at + 1;
}

// The `}` that closes the brace at `at`; npos where none does.
std::size_t closing_brace(std::string_view text, std::size_t at) {
  int depth = 0;
  for (auto i = at; i < text.size(); i = unit_end(text, i)) {
    if (text[i] == '{')
      ++depth;
    else if (text[i] == '}' && --depth == 0)
      return i;
  }
  return npos;
}

// Cuts at the commas that are in no closed brace or set.
std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto close = text[i] == '{' ? closing_brace(text, i) : npos;
    if (text[i] == ',') {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
    i = close == npos ? unit_end(text, i) : close + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == npos)
    return {};
  auto end = text.find_last_not_of(blanks) + 1;
  if (end < text.size() && text[end - 1] == '\\')
    ++end; // an escaped blank stays
  return std::string{text.substr(begin, end - begin)};
}

void expand(std::string_view done, std::string_view rest, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < rest.size(); i = unit_end(rest, i)) {
    if (rest[i] != '{')
      continue;
    const auto close = closing_brace(rest, i);
    if (close == npos)
      continue;
    const auto tail = rest.substr(close + 1);
    for (const auto alternative : split_at_commas(rest.substr(i + 1, close - i - 1)))
      expand(std::string{done}.append(rest.substr(0, i)), std::string{alternative}.append(tail), out);
    return;
  }
  if (out.size() == most_alternatives)
    throw error{errc::invalid_argument, "an input pattern has more than 10000 alternatives; name fewer or use *"};
  out.push_back(std::string{done}.append(rest));
}

// Whether the set at the front of `pattern`, without its brackets, holds `byte`.
bool set_holds(std::string_view set, unsigned char byte) {
  const bool negated = set[0] == '!' || set[0] == '^';
  std::size_t i = negated ? 1 : 0;
  const auto next = [&] {
    if (set[i] == '\\' && i + 1 < set.size())
      ++i;
    return static_cast<unsigned char>(set[i++]);
  };
  bool found = false;
  while (i < set.size()) {
    const auto low = next();
    auto high = low;
    if (i + 1 < set.size() && set[i] == '-') {
      ++i;
      high = next();
    }
    found = found || (low <= byte && byte <= high);
  }
  return found != negated;
}

// Whether the unit of `pattern` at `at`, which is not `*`, fits `byte`.
bool unit_fits(std::string_view pattern, std::size_t at, char byte) {
  const auto unit = pattern.substr(at, unit_end(pattern, at) - at);
  if (unit == "?")
    return true;
  if (unit.size() > 2)
    return set_holds(unit.substr(1, unit.size() - 2), static_cast<unsigned char>(byte));
  return unit.back() == byte;
}

} // namespace

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> items;
  for (const auto part : split_at_commas(list))
    items.push_back(trimmed(part));
  return items;
}

std::vector<std::string> expand_braces(std::string_view pattern) {
  std::vector<std::string> result;
  expand({}, pattern, result);
  return result;
}

bool has_wildcard(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); i = unit_end(text, i))
    if (text[i] == '*' || text[i] == '?' || (text[i] == '[' && set_end(text, i) != npos))
      return true;
  return false;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (!name.empty() && (name[0] == '_' || name[0] == '.')) {
    const auto first = pattern.substr(0, 1) == "\\" ? pattern.substr(1, 1) : pattern.substr(0, 1);
    if (first != name.substr(0, 1))
      return false;
  }
  // After a mismatch only the last star has to take one byte more; earlier ones never need to.
  std::size_t p = 0, n = 0, star = npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_name = n;
    } else if (p < pattern.size() && unit_fits(pattern, p, name[n])) {
      p = unit_end(pattern, p);
      ++n;
    } else if (star != npos) {
      p = star;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

std::string unescaped(std::string_view pattern) {
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size())
      ++i;
    text += pattern[i];
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string pattern;
  for (const char byte : text) {
    if (std::string_view{"\\*?[]{},"}.find(byte) != npos)
      pattern += '\\';
    pattern += byte;
  }
  return pattern;
}

} // namespace crema::internal
