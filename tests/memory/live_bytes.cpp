#include "tests/memory/live_bytes.hpp"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<std::size_t> live{0};
std::atomic<std::size_t> peak{0};

void took(std::size_t bytes) noexcept {
  const auto now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  auto most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
}

void gave_back(std::size_t bytes) noexcept {
  live.fetch_sub(bytes, std::memory_order_relaxed);
}

} // namespace

namespace crema::testing {

std::size_t live_bytes() noexcept {
  return live.load();
}

std::size_t peak_live_bytes() noexcept {
  return peak.load();
}

void forget_peak() noexcept {
  peak = live.load();
}

} // namespace crema::testing

// The allocator: a sanitizer's tells of what it does; glibc's is called through functions of the same names here.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

extern "C" {
std::size_t __sanitizer_get_allocated_size(const volatile void*);

void __sanitizer_malloc_hook(const volatile void*, std::size_t bytes) {
  took(bytes);
}
void __sanitizer_free_hook(const volatile void* at) {
  if (at != nullptr)
    gave_back(__sanitizer_get_allocated_size(at));
}
}

#else

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

static void* counted(void* at) {
  took(malloc_usable_size(at));
  return at;
}

void* malloc(std::size_t bytes) {
  return counted(__libc_malloc(bytes));
}
void* calloc(std::size_t n, std::size_t bytes) {
  return counted(__libc_calloc(n, bytes));
}
void* realloc(void* at, std::size_t bytes) {
  const auto before = malloc_usable_size(at);
  auto* const moved = __libc_realloc(at, bytes);
  if (moved != nullptr || bytes == 0) {
    gave_back(before);
    took(malloc_usable_size(moved));
  }
  return moved;
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  return counted(__libc_memalign(alignment, bytes));
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return counted(__libc_memalign(alignment, bytes));
}
int posix_memalign(void** at, std::size_t alignment, std::size_t bytes) {
  *at = counted(__libc_memalign(alignment, bytes));
  return *at == nullptr ? ENOMEM : 0;
}
void free(void* at) {
  gave_back(malloc_usable_size(at));
  __libc_free(at);
}
}

#endif

// The system: what the program maps itself. The C library and the sanitizers go another way.

extern "C" {
void* mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  auto* const got = reinterpret_cast<void*>(::syscall(SYS_mmap, at, bytes, protection, flags, fd, offset));
  if (got != MAP_FAILED)
    took(bytes);
  return got;
}
int munmap(void* at, std::size_t bytes) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_munmap, at, bytes));
  if (result == 0)
    gave_back(bytes);
  return result;
}
void* mremap(void* at, std::size_t bytes, std::size_t new_bytes, int flags, ...) noexcept {
  std::va_list more;
  va_start(more, flags);
  auto* const wanted = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : nullptr;
  va_end(more);
  auto* const got = reinterpret_cast<void*>(::syscall(SYS_mremap, at, bytes, new_bytes, flags, wanted));
  if (got != MAP_FAILED) {
    gave_back(bytes);
    took(wanted != nullptr ? 0 : new_bytes); // where it is fixed, it takes the place of a mapping that counts already
  }
  return got;
}
}
