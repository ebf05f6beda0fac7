#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crema::net {

// The values of flags, variables and settings, as people write them. Each function throws invalid_argument with what
// the text should have been; who calls adds where it came from.

/// A whole number of at most `most`; `expected` is what is said otherwise.
std::uint64_t parse_number(std::string_view text, std::uint64_t most, const char* expected);

/// 268435456, 256MiB, 2G (powers of 1024), 500MB (of 1000), or a share of this machine's memory: 50%.
std::size_t parse_memory(std::string_view text);

/// 500ms, 2s, 5m or 1h; more than nothing.
std::chrono::milliseconds parse_duration(std::string_view text);

/// Anything but nothing.
std::string parse_path(std::string_view text);

} // namespace crema::net
