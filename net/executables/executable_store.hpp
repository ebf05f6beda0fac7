#pragma once

#include "net/descriptor.hpp"
#include "net/executables/sha256.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>

namespace crema::net {

/// An executable, or another file that a driver sends, by its content.
struct executable_id {
  std::string sha256; ///< 64 hex digits
  std::uint64_t size = 0;

  static auto members(auto& e) { return std::tie(e.sha256, e.size); }
  bool valid() const noexcept { return is_sha256(sha256); }
  bool operator==(const executable_id&) const = default;
};

/// One that is there whole, and stays while this lives.
class stored_executable {
public:
  const std::string& path() const noexcept { return path_; }

private:
  friend class executable_store;
  stored_executable(std::string path, descriptor file) : path_{std::move(path)}, file_{std::move(file)} {}

  std::string path_;
  descriptor file_; ///< locked, so that nobody evicts it
};

/// The executables and files that drivers have sent to this machine, in a directory: each is a file that is named by
/// its content.
///
///     executable_store store{work + "/executables", std::uint64_t{2} << 30};
///     if (auto there = store.find(wanted))
///       …                                       // run there->path()
///     auto transfer = store.receive(wanted);    // what is too large, or for which there is no room, is refused here
///     transfer.add(bytes);                      // …
///     auto there = std::move(transfer).finish();
///
/// A transfer is a file of another name until it is whole and its hash is right; what is left of one that was cut is
/// swept when the next store is made. What nobody has used for a month goes, and, where a new one needs the room, what
/// was not used for longest; what somebody uses stays. Several processes may share a directory: they see by locks
/// (flock) what others use.
///
/// Throws io_failure and disk_full; untrusted for a directory that others can use; invalid_argument where the system
/// would run nothing there. Its calls wait for the disk. Thread-safe.
class executable_store {
public:
  class transfer;

  /// The directory is made where there is none; what leads to it must be there. At most `limit` bytes are kept.
  executable_store(std::string directory, std::uint64_t limit);

  std::optional<stored_executable> find(const executable_id& wanted) const;

  /// The store must outlive the transfer.
  transfer receive(const executable_id& wanted) const;

private:
  std::string path_of(const std::string& name) const { return directory_ + '/' + name; }
  void sweep() const;
  void make_room(std::uint64_t bytes) const;

  std::string directory_;
  std::uint64_t limit_;
};

/// An executable that is on its way. Whatever is left when it is destroyed unfinished is removed.
class executable_store::transfer {
public:
  transfer(transfer&&) noexcept = default;
  transfer& operator=(transfer&&) = delete;
  ~transfer();

  /// The next bytes. Throws corrupt_data when they are more than was announced.
  void add(std::span<const std::byte> bytes);

  std::uint64_t received() const noexcept { return received_; }
  bool complete() const noexcept { return received_ == wanted_.size; }

  /// Puts it into the store, or finds that another transfer was faster. Throws corrupt_data, naming both hashes, where
  /// it is not what was announced.
  stored_executable finish() &&;

private:
  friend class executable_store;
  transfer(const executable_store& store, executable_id wanted);

  const executable_store* store_;
  executable_id wanted_;
  std::string path_; ///< until it has its name
  descriptor file_;
  sha256 hash_;
  std::uint64_t received_ = 0;
};

} // namespace crema::net
