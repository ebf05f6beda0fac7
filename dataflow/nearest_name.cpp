#include "dataflow/nearest_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace crema::internal {

namespace {

/// Edits between two words by the restricted Damerau-Levenshtein distance: row i of its matrix follows from two before.
std::size_t distance(std::string_view a, std::string_view b) {
  const auto width = b.size() + 1;
  std::array<std::vector<std::size_t>, 3> rows{std::vector<std::size_t>(width), std::vector<std::size_t>(width),
                                               std::vector<std::size_t>(width)};
  for (std::size_t i = 0; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& before = rows[(i + 1) % 3];
    for (std::size_t j = 0; j != width; ++j) {
      if (i == 0 || j == 0) {
        row[j] = i + j;
        continue;
      }
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

} // namespace

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names) {
  constexpr std::size_t longest = 64;
  if (word.size() > longest)
    return {};
  std::string_view nearest;
  auto least = std::min<std::size_t>(3, (word.size() + 1) / 2);
  for (const auto name : names)
    if (const auto edits = distance(word, name); edits < least) {
      nearest = name;
      least = edits;
    }
  return nearest;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> names) {
  const auto nearest = nearest_name(word, names);
  return nearest.empty() ? std::string{} : "; did you mean \"" + std::string{nearest} + "\"?";
}

} // namespace crema::internal
