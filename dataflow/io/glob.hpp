#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crema::internal {

// The pure half of input patterns: bytes in, bytes out, no file system and no locale. A backslash takes the meaning
// from the byte behind it. `[` without its `]` and `{` without its `}` stand for themselves.

/// The items of a comma list, blanks around them removed. Commas in `{a,b}`, in `[a,b]` or after a backslash do not
/// separate.
std::vector<std::string> split_list(std::string_view list);

/// All paths that a pattern with `{a,b}` stands for, nested ones too: "x{1,2{a,}}" gives x1, x2a, x2. Errors:
/// invalid_argument beyond 10,000.
std::vector<std::string> expand_braces(std::string_view pattern);

/// Whether the text has an unescaped `*`, `?` or `[…]`.
bool has_wildcard(std::string_view text);

/// Whether a name (one component) fits a pattern of `*` (any bytes), `?` (one byte), `[a-z]`, `[!a-z]`. A leading `_`
/// or `.` of the name must stand in the pattern as such. Linear in name × pattern at worst.
bool matches(std::string_view pattern, std::string_view name);

/// The text that a pattern without wildcards stands for, and the pattern that stands for a text.
std::string unescaped(std::string_view pattern);
std::string escaped(std::string_view text);

} // namespace crema::internal
