#include "dataflow/view/call_log.hpp"

#include <algorithm>
#include <string>

namespace crema::internal {

void throw_failures(const std::vector<std::pair<int, error>>& failures, std::size_t calls) {
  constexpr std::size_t most_lines = 100;
  if (failures.empty())
    return;
  const auto& first = failures.front().second;
  if (failures.size() == 1)
    throw first;
  auto text = std::to_string(failures.size()) + " of " + std::to_string(calls) + " calls failed";
  for (std::size_t i = 0; i != std::min(failures.size(), most_lines); ++i)
    text += "\n  engine " + std::to_string(failures[i].first) + ": " + failures[i].second.what();
  if (failures.size() > most_lines)
    text += "\n  and " + std::to_string(failures.size() - most_lines) + " more";
  throw error{first.code(), std::move(text)};
}

} // namespace crema::internal
