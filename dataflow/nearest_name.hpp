#pragma once

#include <span>
#include <string>
#include <string_view>

namespace crema::internal {

/// The one of `names` that whoever wrote `word` most likely meant, or an empty view: two edits at most (a letter more,
/// less or other, or two neighbours swapped), and fewer than half of the letters. Of equals the first.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names);

/// `; did you mean "NAME"?`, or nothing where no name is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names);

} // namespace crema::internal
