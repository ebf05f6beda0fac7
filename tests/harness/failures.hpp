#pragma once

#include "tests/harness/failure.hpp"

#include <string>
#include <utility>

namespace crema::testing {

/// What `test` fails with, all of it; "" if it does not fail.
template <class F>
std::string failure_of(F&& test) {
  detail::failure_catcher caught;
  try {
    std::forward<F>(test)();
  } catch (const ::testing::AssertionException&) {
  }
  std::string text;
  for (const auto& failure : caught.failures())
    text += failure.message();
  return text;
}

} // namespace crema::testing
