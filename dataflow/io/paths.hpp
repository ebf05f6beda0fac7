#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crema::internal {

/// A regular file that a dataset reads.
struct input_file {
  std::string path;   ///< as the user spelt its beginning, so relative stays relative
  std::uint64_t size; ///< bytes when it was looked up
};

/// The files that a list of URIs names, in the order in which their lines follow each other.
///
///     resolve_inputs("logs/2024-*.log, file:///data/part%201, archive/**/{a,b}[0-9].txt")
///
/// `uris` is a comma list; blanks around an item are trimmed, commas between braces belong to the item. An item is a
/// path or a `file:` URI (`file:/p`, `file:///p`, `file://localhost/p`; %XX is decoded and never a pattern character;
/// `file://a/b` is the relative path a/b), and names
///  - a file: symlinks are followed; what is not a regular file is refused;
///  - a directory: its regular files, not those of its subdirectories, without names that begin with `_` or `.`;
///  - a pattern: `*`, `?`, `[a-z]`, `[!a-z]` stay within one component, `{x,y}` may span several, a component `**`
///    stands for any number of directories (symlinked ones are not entered). A wildcard never matches the leading `_`
///    or `.` of a name. A directory that matches gives its files as above.
/// A backslash takes the meaning from the next byte, in plain paths too.
///
/// Order: by item; within one by the bytes of the path, each file once. An item given twice is read twice. A directory
/// without visible files gives none. A file that vanishes during the listing is left out.
///
/// Errors: not_found (a path that does not exist, a pattern without a match, a symlink to nowhere), unsupported (an
/// unknown scheme, a FIFO, socket or device), io_failure (not readable), invalid_argument (an empty item, bad %XX).
/// Cost: one stat and one access per file.
std::vector<input_file> resolve_inputs(std::string_view uris);

/// The path that one URI means, no pattern and no list: what a sink writes to. Errors: unsupported, invalid_argument.
std::string local_path(std::string_view uri);

} // namespace crema::internal
