#pragma once

#include "dataflow/error.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace crema::net {

/// The text of the error that `call` throws, whose code is expected to be that.
inline std::string failure(errc expected, const std::function<void()>& call) {
  try {
    call();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), expected) << e.what();
    return e.text();
  }
  return "no error";
}

} // namespace crema::net
