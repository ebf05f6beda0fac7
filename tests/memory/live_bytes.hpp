#pragma once

#include <cstddef>

namespace crema::testing {

/// Bytes that the whole program has from `malloc` and its kin, and from `mmap` where it calls that itself: exact,
/// unlike the resident size, which depends on the allocator, the sanitizer and the pages that were touched.
///
///     const auto before = live_bytes();
///     forget_peak();
///     work();
///     EXPECT_LE(peak_live_bytes() - before, most);
std::size_t live_bytes() noexcept;

/// The most that there ever were since the last `forget_peak`.
std::size_t peak_live_bytes() noexcept;

void forget_peak() noexcept;

} // namespace crema::testing
