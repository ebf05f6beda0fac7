#pragma once

#include "tests/harness/chance.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace crema::testing {

/// What chance decides in one run: sizes, values, faults. Drawn from a seed and remembered, so that the run can be made
/// again, or with less of it: 0 always stands for the simplest, and a run that fails is tried again with ever more
/// zeros and ever fewer draws until nothing can be left out. Whatever is made of draws shrinks by itself (MacIver and
/// Donaldson, "Test-Case Reduction via Test-Case Generation", 2020).
class choices {
public:
  explicit choices(std::uint64_t seed) : chance_{detail::chance{seed}} {}

  /// The draws of an earlier run, then zeros.
  explicit choices(std::vector<std::uint64_t> given) : given_{std::move(given)} {}

  /// 0 to `bound` - 1; a bound of 0 counts as 1.
  std::uint64_t below(std::uint64_t bound);

  /// `from` to `to`: 0 if that lies between, else `from`, is the simplest.
  template <std::integral T>
  T number(T from, T to) {
    if constexpr (std::signed_integral<T>)
      if (from < 0 && to >= 0)
        return one_in(2) ? static_cast<T>(-number<T>(0, static_cast<T>(-(from + 1))) - 1) : number<T>(0, to);
    const auto width = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
    return static_cast<T>(static_cast<std::uint64_t>(from) + (width + 1 == 0 ? below(width) : below(width + 1)));
  }

  /// True once in `n` times; false is the simplest.
  bool one_in(std::uint64_t n) { return below(n) + 1 == n && n > 1; }

  /// True with this probability; false is the simplest.
  bool chance_of(double probability);

  /// One of several; the first is the simplest.
  template <class Range>
  const auto& one_of(const Range& range) {
    return *std::next(std::begin(range), static_cast<std::ptrdiff_t>(below(std::size(range))));
  }

  /// Up to `most` values of `make()`. None is the simplest, and any of them can be left out, since each stands behind a
  /// draw that says that there is one more.
  template <class F>
  auto up_to(std::size_t most, F&& make) {
    std::vector<decltype(make())> all;
    while (all.size() != most && below(most / 2 + 2) != 0)
      all.push_back(make());
    return all;
  }

  const std::vector<std::uint64_t>& drawn() const noexcept { return drawn_; }

private:
  std::optional<detail::chance> chance_; ///< none: they are given
  std::vector<std::uint64_t> given_;
  std::vector<std::uint64_t> drawn_;
};

} // namespace crema::testing
