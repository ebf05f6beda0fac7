#include "tests/harness/fault_points.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <new>

// The allocation functions of a program whose allocations can fail: malloc, but for the one that a test chose.

namespace {

[[maybe_unused]] const bool linked = crema::testing::detail::allocations_can_fail = true;

/// Whether CAF watches an actor that it has just spawned, or tells that one has ended: where memory is out then, it has
/// an actor that nobody knows, or nobody hears of the end. Neither can be mended from outside.
bool is_cafs_own() noexcept {
  std::array<void*, 64> frames{};
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  for (int i = 0; i != depth; ++i)
    if (Dl_info where{}; ::dladdr(frames[static_cast<std::size_t>(i)], &where) != 0 && where.dli_sname != nullptr)
      for (const char* name : {"monitorable_actor7cleanup", "local_actor7monitor"})
        if (std::strstr(where.dli_sname, name) != nullptr)
          return true;
  return false;
}

bool passes() noexcept {
  auto& gate = crema::testing::detail::this_threads_gate();
  if (!gate.counts)
    return true;
  ++gate.counted;
  if (gate.left == 0 || (gate.left == 1 && is_cafs_own()) || --gate.left != 0)
    return true;
  gate.failed = true;
  return false;
}

void* allocate(std::size_t bytes) noexcept {
  return passes() ? std::malloc(bytes == 0 ? 1 : bytes) : nullptr;
}

void* allocate(std::size_t bytes, std::align_val_t alignment) noexcept {
  const auto step = static_cast<std::size_t>(alignment);
  return passes() ? std::aligned_alloc(step, (bytes + step - 1) / step * step) : nullptr;
}

void* or_throw(void* memory) {
  if (memory == nullptr)
    throw std::bad_alloc{};
  return memory;
}

} // namespace

void* operator new(std::size_t bytes) {
  return or_throw(allocate(bytes));
}
void* operator new[](std::size_t bytes) {
  return or_throw(allocate(bytes));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return or_throw(allocate(bytes, alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return or_throw(allocate(bytes, alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
