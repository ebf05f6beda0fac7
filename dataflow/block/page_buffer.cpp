#include "dataflow/block/page_buffer.hpp"

#include "dataflow/fault_point.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <malloc.h>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

constexpr std::size_t smallest = std::size_t{4} << 10;
constexpr std::size_t big = std::size_t{64} << 20;
constexpr std::size_t kept_big = 3; // buffers above `big`
constexpr std::size_t largest = std::size_t{1} << 47;

// Four classes per doubling, numbered from 4 KiB on: class 4k + s holds (4 + s) << (10 + k) bytes.
constexpr std::size_t class_size(std::size_t index) {
  return (4 + index % 4) << (10 + index / 4);
}

constexpr std::size_t class_of(std::size_t bytes) {
  if (bytes <= smallest)
    return 0;
  const auto doubling = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 13;
  const auto steps = ((bytes - 1) >> (10 + doubling)) + 1; // 5 … 8
  return 4 * doubling + steps - 4;
}

constexpr std::size_t classes = class_of(largest) + 1;
static_assert(class_size(class_of(4096)) == 4096 && class_size(class_of(4097)) == 5120);
static_assert(class_size(class_of(7169)) == 8192 && class_size(class_of(largest)) == largest);

#if defined(__SANITIZE_ADDRESS__)
constexpr bool watched = true; // by AddressSanitizer
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool watched = true;
#else
constexpr bool watched = false;
#endif
#else
constexpr bool watched = false;
#endif

constexpr std::size_t default_limit = watched ? 0 : std::size_t{256} << 20;

// From here on buffers do not come from malloc, which keeps what is freed in the arena of the thread that asked for it:
// where blocks are made by one thread and freed by another, that costs as much again as they hold.
constexpr std::size_t mapped = watched ? huge_page : std::size_t{64} << 10;

std::byte* map_pages(std::size_t bytes) noexcept {
  // One huge page more than needed, so that an aligned stretch can be cut out.
  void* const got =
    ::mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED)
    return nullptr;
  auto* const start = static_cast<std::byte*>(got);
  const auto past = reinterpret_cast<std::uintptr_t>(start) % huge_page;
  const auto head = past == 0 ? 0 : huge_page - past;
  if (head > 0)
    ::munmap(start, head);
  if (head < huge_page)
    ::munmap(start + head + bytes, huge_page - head);
  ::madvise(start + head, bytes, MADV_HUGEPAGE); // where the system has none, small pages do
  return start + head;
}

/// Addresses of buffers whose pages the system has back, by class. They are used again and never given up, so that a
/// process has few mappings: the system allows some 65,000.
class address_store {
public:
  std::byte* take(std::size_t bytes) noexcept {
    const std::lock_guard guard{mutex_};
    auto& free = free_[class_of(bytes)];
    if (free.empty() && !add(bytes, free))
      return nullptr;
    auto* const found = free.back();
    free.pop_back();
    return found;
  }

  void give_back(std::byte* data, std::size_t bytes) noexcept {
    ::madvise(data, bytes, MADV_DONTNEED);
    const std::lock_guard guard{mutex_};
    free_[class_of(bytes)].push_back(data); // has room: see add()
  }

private:
  // A huge page's worth at a time: neighbours share one.
  static bool add(std::size_t bytes, std::vector<std::byte*>& free) noexcept try {
    const auto count = huge_page / bytes;
    // Room for all that there are, should all be free one day.
    free.reserve(free.capacity() + count);
    std::byte* const got = map_pages(huge_page);
    for (std::size_t i = count; got != nullptr && i-- != 0;)
      free.push_back(got + i * bytes);
    return got != nullptr;
  } catch (const std::bad_alloc&) {
    return false;
  }

  std::mutex mutex_;
  std::array<std::vector<std::byte*>, class_of(huge_page)> free_;
};

address_store& addresses() {
  static auto* const instance = new address_store; // never destroyed, as the depot below
  return *instance;
}

std::byte* system_allocate(std::size_t bytes) noexcept {
  if (fails_here("memory.pages"))
    return nullptr;
  if (bytes >= huge_page)
    return map_pages(bytes);
  return bytes >= mapped ? addresses().take(bytes) : static_cast<std::byte*>(std::aligned_alloc(64, bytes));
}

void system_free(std::byte* data, std::size_t bytes) noexcept {
  if (bytes >= huge_page)
    ::munmap(data, bytes);
  else if (bytes >= mapped)
    addresses().give_back(data, bytes);
  else
    std::free(data);
}

/// A free buffer, written into its own first bytes.
struct free_buffer {
  free_buffer* next;
};

/// Free buffers of every class. The counts may be read without the lock, to pass by what is empty.
struct shelf {
  std::mutex mutex;
  std::array<free_buffer*, classes> head{};
  std::array<std::atomic<std::uint32_t>, classes> count{};
  std::size_t hand = 0; // where eviction goes on
};

// What the threads that share a shelf freed last is what they get next, still warm; a thread that finds its own shelf
// empty takes from the others', since blocks are often made by one thread and freed by another. Huge ones are few and
// share the last shelf.
constexpr std::size_t small_shelves = 8;

struct depot {
  std::array<shelf, small_shelves + 1> shelves;
  std::atomic<std::size_t> kept{0};
  std::atomic<std::size_t> limit{default_limit};
  std::atomic<std::size_t> threads{0};
};

depot& the_depot() {
  static auto* const instance = new depot; // never destroyed: static objects may free buffers after any destructor
  return *instance;
}

std::size_t own_shelf() {
  thread_local const auto mine = the_depot().threads.fetch_add(1, std::memory_order_relaxed) % small_shelves;
  return mine;
}

free_buffer* pop_locked(depot& store, shelf& place, std::size_t index) noexcept {
  auto* const found = place.head[index];
  if (found != nullptr) {
    place.head[index] = found->next;
    place.count[index].fetch_sub(1, std::memory_order_relaxed);
    store.kept.fetch_sub(class_size(index), std::memory_order_relaxed);
  }
  return found;
}

free_buffer* pop(depot& store, shelf& place, std::size_t index) noexcept {
  if (place.count[index].load(std::memory_order_relaxed) == 0)
    return nullptr;
  const std::lock_guard guard{place.mutex};
  return pop_locked(store, place, index);
}

free_buffer* take(std::size_t index) noexcept {
  auto& store = the_depot();
  if (class_size(index) >= huge_page)
    return pop(store, store.shelves[small_shelves], index);
  const auto mine = own_shelf();
  for (std::size_t i = 0; i < small_shelves; ++i)
    if (auto* const found = pop(store, store.shelves[(mine + i) % small_shelves], index))
      return found;
  return nullptr;
}

/// Gives one buffer of `place` back, of the next class in turn: sizes that nobody asks for any more leave in time.
bool evict_one(depot& store, shelf& place) noexcept {
  free_buffer* victim = nullptr;
  std::size_t index = 0;
  {
    const std::lock_guard guard{place.mutex};
    for (std::size_t i = 0; i < classes && victim == nullptr; ++i) {
      index = place.hand = (place.hand + 1) % classes;
      victim = pop_locked(store, place, index);
    }
  }
  if (victim != nullptr)
    system_free(reinterpret_cast<std::byte*>(victim), class_size(index));
  return victim != nullptr;
}

void shrink_to(depot& store, std::size_t bytes) noexcept {
  for (auto& place : store.shelves)
    while (store.kept.load(std::memory_order_relaxed) > bytes && evict_one(store, place)) {
    }
}

/// Keeps a freed buffer; false where the limit has no room for it.
bool keep(std::byte* data, std::size_t index) noexcept {
  auto& store = the_depot();
  const auto size = class_size(index);
  const auto limit = store.limit.load(std::memory_order_relaxed);
  if (size > limit)
    return false;
  const auto mine = size >= huge_page ? small_shelves : own_shelf();
  auto& place = store.shelves[mine];
  if (size > big && place.count[index].load(std::memory_order_relaxed) >= kept_big)
    return false;
  store.kept.fetch_add(size, std::memory_order_relaxed);
  for (std::size_t i = 0; store.kept.load(std::memory_order_relaxed) > limit;)
    if (!evict_one(store, store.shelves[(mine + i) % store.shelves.size()]) && ++i == store.shelves.size()) {
      store.kept.fetch_sub(size, std::memory_order_relaxed);
      return false;
    }
  const std::lock_guard guard{place.mutex};
  place.head[index] = new (data) free_buffer{place.head[index]};
  place.count[index].fetch_add(1, std::memory_order_relaxed);
  return true;
}

} // namespace

std::size_t page_buffer_capacity(std::size_t bytes) noexcept {
  if (bytes < smallest)
    return (bytes + 63) / 64 * 64;
  return bytes > largest ? bytes : class_size(class_of(bytes));
}

page_buffer::page_buffer(std::size_t bytes) {
  if (bytes == 0)
    return;
  if (bytes > largest)
    throw std::bad_alloc{};
  capacity_ = page_buffer_capacity(bytes);
  if (capacity_ >= smallest)
    data_ = reinterpret_cast<std::byte*>(take(class_of(capacity_)));
  if (data_ == nullptr)
    data_ = system_allocate(capacity_);
  if (data_ == nullptr) {
    trim_page_buffers();
    data_ = system_allocate(capacity_);
  }
  if (data_ == nullptr)
    throw std::bad_alloc{};
}

void page_buffer::release() noexcept {
  if (data_ == nullptr)
    return;
  if (capacity_ < smallest || !keep(data_, class_of(capacity_)))
    system_free(data_, capacity_);
  data_ = nullptr;
  capacity_ = 0;
}

void limit_page_buffers(std::size_t bytes) noexcept {
  auto& store = the_depot();
  store.limit.store(bytes, std::memory_order_relaxed);
  shrink_to(store, bytes);
}

std::size_t page_buffer_limit() noexcept {
  return the_depot().limit.load(std::memory_order_relaxed);
}

std::size_t kept_page_bytes() noexcept {
  return the_depot().kept.load(std::memory_order_relaxed);
}

void trim_page_buffers() noexcept {
  shrink_to(the_depot(), 0);
  ::malloc_trim(0);
}

} // namespace crema::internal
