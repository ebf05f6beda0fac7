#include "dataflow/io/paths.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/failed_call.hpp"
#include "dataflow/io/glob.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <iterator>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace crema::internal {

namespace {

using paths = std::vector<std::string>;

struct entry {
  std::string name;
  unsigned char type; // DT_…
};

bool hidden(std::string_view name) {
  return name[0] == '_' || name[0] == '.';
}

std::string join(const std::string& directory, std::string_view name) {
  if (directory.empty())
    return std::string{name};
  return directory + (directory.back() == '/' ? "" : "/") + std::string{name};
}

bool is_missing(int code) {
  return code == ENOENT || code == ENOTDIR;
}

// The status behind symlinks; nothing where the path does not exist.
std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.empty() ? "." : path.c_str(), &status) == 0)
    return status;
  if (is_missing(errno))
    return std::nullopt;
  throw failed_call("looking up", path, errno);
}

bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

bool is_directory(const std::string& path) {
  const auto status = status_of(path);
  return status && S_ISDIR(status->st_mode);
}

// The entries but `.` and `..`; none where the directory has vanished.
std::vector<entry> entries(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{::opendir(directory.empty() ? "." : directory.c_str()), &::closedir};
  if (!stream && is_missing(errno))
    return {};
  if (!stream)
    throw failed_call("listing", directory, errno);
  std::vector<entry> result;
  for (errno = 0; const auto* found = ::readdir(stream.get()); errno = 0) {
    const std::string_view name{found->d_name};
    if (name != "." && name != "..")
      result.push_back({std::string{name}, found->d_type});
  }
  if (errno != 0)
    throw failed_call("listing", directory, errno);
  return result;
}

const char* kind(mode_t mode) {
  if (S_ISFIFO(mode))
    return "a FIFO";
  if (S_ISSOCK(mode))
    return "a socket";
  return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "no regular file";
}

std::string working_directory() {
  const std::unique_ptr<char, decltype(&std::free)> path{::getcwd(nullptr, 0), &std::free};
  return path ? path.get() : "";
}

[[noreturn]] void throw_not_found(const std::string& what, std::string path) {
  const auto whole = path;
  do {
    const auto slash = path.find_last_of('/');
    path = slash == std::string::npos ? "" : path.substr(0, slash == 0 && path.size() > 1 ? 1 : slash);
  } while (!path.empty() && !status_of(path));
  std::string text = what + "; ";
  if (is_link(whole))
    text += "it is a symlink to nowhere";
  else if (path.empty())
    text += "the working directory is '" + working_directory() + "'";
  else if (is_directory(path))
    text += "the nearest directory that exists is '" + path + "'";
  else
    text += "'" + path + "' is not a directory";
  throw error{errc::not_found, std::move(text)};
}

// Adds what `path` means: a file itself, a directory its visible files, nothing where it has just vanished.
void add_input(const std::string& path, std::vector<input_file>& files, bool in_directory = false) {
  const auto status = status_of(path);
  if (!status && is_link(path))
    throw_not_found(fmt::format("'{}' does not exist", path), path);
  if (!status)
    return;
  if (S_ISDIR(status->st_mode)) {
    if (in_directory)
      return;
    for (const auto& e : entries(path))
      if (!hidden(e.name))
        add_input(join(path, e.name), files, true);
    return;
  }
  if (!S_ISREG(status->st_mode))
    throw error{errc::unsupported,
                fmt::format("'{}' is {}; only regular files can be read", path, kind(status->st_mode))};
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0)
    throw failed_call("reading", path, errno);
  files.push_back({path, static_cast<std::uint64_t>(status->st_size)});
}

// `directory` and all below it that have no hidden name, symlinked ones left out: they could form a circle.
void add_tree(std::string directory, paths& result) {
  const auto first = result.size();
  result.push_back(std::move(directory));
  for (auto next = first; next < result.size(); ++next) {
    for (const auto& e : entries(result[next])) {
      auto below = join(result[next], e.name);
      if (!hidden(e.name) && (e.type == DT_DIR || (e.type == DT_UNKNOWN && !is_link(below) && is_directory(below))))
        result.push_back(std::move(below));
    }
  }
}

// The paths below `bases` that fit one component of a pattern.
paths step(const paths& bases, const std::string& component) {
  paths result;
  for (const auto& base : bases) {
    if (component == "**") {
      if (is_directory(base))
        add_tree(base, result);
    } else if (has_wildcard(component)) {
      if (is_directory(base))
        for (const auto& e : entries(base))
          if (matches(component, e.name))
            result.push_back(join(base, e.name));
    } else if (auto path = join(base, unescaped(component)); status_of(path) || is_link(path)) {
      result.push_back(std::move(path));
    }
  }
  return result;
}

// What exists of the paths that fit a pattern without braces.
paths expand(std::string_view pattern) {
  paths found{pattern.starts_with('/') ? "/" : ""};
  for (std::size_t begin = 0; begin < pattern.size();) {
    const auto end = std::min(pattern.find('/', begin), pattern.size());
    if (end > begin)
      found = step(found, std::string{pattern.substr(begin, end - begin)});
    begin = end + 1;
  }
  return found;
}

bool is_scheme_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

// The scheme in front of `://` (or of `file:/`), lowercased; empty for a plain path.
std::string scheme_of(std::string_view uri) {
  const auto colon = std::find_if_not(uri.begin(), uri.end(), is_scheme_byte) - uri.begin();
  std::string scheme{uri.substr(0, static_cast<std::size_t>(colon))};
  for (char& c : scheme)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto rest = uri.substr(scheme.size());
  const bool has_letter_first = !scheme.empty() && scheme[0] >= 'a' && scheme[0] <= 'z';
  return has_letter_first && rest.starts_with(scheme == "file" ? ":/" : "://") ? scheme : std::string{};
}

int hex_value(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto at = digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// The path that a URI holds, with what came as %XX escaped where the result is to be a pattern.
std::string path_of(std::string_view uri, bool as_pattern) {
  if (uri.find('\0') != std::string_view::npos)
    throw error{errc::invalid_argument, fmt::format("'{}': a path cannot hold a zero byte", uri)};
  const auto scheme = scheme_of(uri);
  if (scheme.empty() && !uri.empty())
    return std::string{uri};
  if (!scheme.empty() && scheme != "file")
    throw error{errc::unsupported,
                fmt::format("'{}': the scheme {}:// is not known; known are plain paths and file://", uri, scheme)};
  auto rest = uri.substr(std::min(uri.size(), scheme.size() + 1));
  if (rest.starts_with("//"))
    rest.remove_prefix(rest.starts_with("//localhost/") ? 11 : 2);
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] != '%') {
      path += rest[i];
      continue;
    }
    const int high = i + 2 < rest.size() ? hex_value(rest[i + 1]) : -1;
    const int low = i + 2 < rest.size() ? hex_value(rest[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0)
      throw error{
        errc::invalid_argument,
        fmt::format("'{}': % must be followed by two hexadecimal digits, not both 0; write %25 for a percent sign",
                    uri)};
    const char byte = static_cast<char>(high * 16 + low);
    path += as_pattern ? escaped({&byte, 1}) : std::string{byte};
    i += 2;
  }
  if (path.empty())
    throw error{errc::invalid_argument, fmt::format("'{}' has no path", uri)};
  return path;
}

// The path that a pattern without a match points to, up to its first wildcard.
std::string sought(const std::string& alternative) {
  auto end = alternative.find('/');
  while (end != std::string::npos && !has_wildcard(alternative.substr(0, end)))
    end = alternative.find('/', end + 1);
  return unescaped(alternative.substr(0, end));
}

// Appends the files of one item of the list.
void resolve(const std::string& item, std::vector<input_file>& files) {
  const auto alternatives = expand_braces(path_of(item, true));
  paths found;
  for (const auto& alternative : alternatives)
    for (auto& path : expand(alternative))
      found.push_back(std::move(path));
  if (found.empty()) {
    const bool pattern = alternatives.size() > 1 || has_wildcard(alternatives[0]);
    auto what = pattern ? fmt::format("no file matches '{}'", item) : fmt::format("'{}' does not exist", item);
    if (status_of(item))
      what += ", but a file of exactly this name does: put a backslash before its * ? [ { and \\";
    throw_not_found(what, sought(alternatives[0]));
  }
  std::vector<input_file> inputs;
  for (const auto& path : found)
    add_input(path, inputs);
  const auto less = [](const input_file& a, const input_file& b) { return a.path < b.path; };
  const auto equal = [](const input_file& a, const input_file& b) { return a.path == b.path; };
  std::sort(inputs.begin(), inputs.end(), less);
  inputs.erase(std::unique(inputs.begin(), inputs.end(), equal), inputs.end());
  std::move(inputs.begin(), inputs.end(), std::back_inserter(files));
}

} // namespace

std::vector<input_file> resolve_inputs(std::string_view uris) {
  std::vector<input_file> files;
  for (const auto& item : split_list(uris)) {
    if (item.empty())
      throw error{errc::invalid_argument, fmt::format("the list of inputs '{}' has an empty item", uris)};
    resolve(item, files);
  }
  return files;
}

std::string local_path(std::string_view uri) {
  return path_of(uri, false);
}

} // namespace crema::internal
