#pragma once

#include <atomic>
#include <cerrno>

namespace crema::internal {

/// What a test makes of a fault point: 0, or the errno with which the call behind it shall fail.
using fault_hook = int (*)(const char* point) noexcept;

inline std::atomic<fault_hook> installed_fault_hook{nullptr};

/// Whether a test wants the call behind this point to fail; errno then says how. Without a test it costs a load.
///
///     const auto n = fails_here("spill.write") ? -1 : ::pwrite(fd, data, size, offset);
///
/// The points: memory.pages, spill.directory, spill.file, spill.write, spill.read, text.open, text.read, output.file,
/// output.write.
inline bool fails_here(const char* point) noexcept {
  const auto hook = installed_fault_hook.load(std::memory_order_relaxed);
  if (hook == nullptr) [[likely]]
    return false;
  const int problem = hook(point);
  if (problem != 0)
    errno = problem;
  return problem != 0;
}

} // namespace crema::internal
