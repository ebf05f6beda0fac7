#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crema::internal {

/// The address ranges of this process, read from the kernel when first asked and kept: what tells a captured pointer.
///
///     mappings memory;                        // one for all functions of a job
///     memory.find_pointer(&closure, sizeof closure);
///
/// Reading them costs about 100 microseconds in a small process; functions without a word that could be an address
/// never cause it. One object serves one thread.
class mappings {
public:
  /// The first aligned word of the `size` bytes at `object` that points into readable or writable memory of this
  /// process: "word 2 of 3 points into the heap". Null pointers pass, so do pointers to memory that was given back to
  /// the system.
  ///
  /// False positives: an integer, or the unused bytes of a union or padding, that look like an address. Throws
  /// io_failure where the ranges cannot be read.
  std::optional<std::string> find_pointer(const void* object, std::size_t size);

private:
  struct range {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    std::string name;
  };

  const range* find(std::uintptr_t address);
  void load();

  bool loaded_ = false;
  std::vector<range> ranges_;
};

} // namespace crema::internal
