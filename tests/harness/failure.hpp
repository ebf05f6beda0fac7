#pragma once

#include "dataflow/source_location.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace crema::testing::detail {

/// Records a failure of the running test and leaves the test, through functions and loops, as ASSERT_… cannot. Not from
/// within an actor: it would only end the actor.
[[noreturn]] void fail_test(const std::string& text, source_location where);

/// Leaves the test, which has failed already.
[[noreturn]] void leave_test();

/// Whether the running test, or what a failure_catcher of this thread watches, has failed for good.
bool failed_fatally();
bool failed();
/// Whether such a catcher watches this thread.
bool caught();

/// Keeps the failures of this thread from being reported while it lives.
class failure_catcher {
public:
  failure_catcher();
  failure_catcher(const failure_catcher&) = delete;
  failure_catcher& operator=(const failure_catcher&) = delete;
  ~failure_catcher();

  bool fatal() const;
  std::vector<::testing::TestPartResult> failures() const;

private:
  ::testing::TestPartResultArray results_;
  ::testing::ScopedFakeTestPartResultReporter reporter_;
  failure_catcher* outer_;
};

} // namespace crema::testing::detail
