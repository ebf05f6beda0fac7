#include "tests/harness/fault_points.hpp"

#include <cstdlib>
#include <new>

// The allocation functions of a program whose allocations can fail: malloc, but for the one that a test chose.

namespace {

[[maybe_unused]] const bool linked = crema::testing::detail::allocations_can_fail = true;

bool passes() noexcept {
  auto& gate = crema::testing::detail::this_threads_gate();
  if (!gate.counts)
    return true;
  ++gate.counted;
  if (gate.left == 0 || --gate.left != 0)
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
