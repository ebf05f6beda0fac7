#pragma once

#include "net/descriptor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace crema::net {

/// A directory into which only this user can look: keys and what is to be believed lie in it.
///
///     auto keys = private_directory::create(path);
///     keys.write("node.pem", text);
///     keys.read("node.pem", 64 << 10);
///
/// Everything is opened below the directory itself, and no symbolic link is followed; names are plain, without a slash.
/// What others than the owner can read or write, or what another user owns, is refused as untrusted with the reason and
/// the remedy; what is not there is not_found; other failures are io_failure. Objects are independent of each other, so
/// any thread may have its own.
class private_directory {
public:
  /// The directory at `path`, which is there. What leads to it may have symbolic links, it itself is none.
  static private_directory open(const std::string& path);

  /// Makes it, mode 0700. Throws already_exists.
  static private_directory create(const std::string& path);

  static private_directory open_or_create(const std::string& path);

  const std::string& path() const noexcept { return path_; }

  /// A file of at most `most` bytes; a longer one is refused unread, as untrusted.
  std::string read(std::string_view name, std::size_t most) const;

  /// Replaces the file, or what has its name, at once: whoever reads sees the old content or the new. Mode 0600.
  void write(std::string_view name, std::string_view content) const;

  /// Nothing happens where there is none.
  void remove(std::string_view name) const;

  /// All names in it but "." and "..", sorted.
  std::vector<std::string> names() const;

private:
  private_directory(std::string path, descriptor opened) : path_{std::move(path)}, fd_{std::move(opened)} {}

  std::string path_of(std::string_view name) const;

  std::string path_;
  descriptor fd_;
};

} // namespace crema::net
