#include "tests/harness/failure.hpp"

namespace crema::testing::detail {

namespace {

using ::testing::TestPartResult;
using ::testing::TestPartResultArray;

thread_local failure_catcher* innermost_catcher = nullptr;

void record(const std::string& text, const char* file, int line) {
  GTEST_FAIL_AT(file, line) << text;
}

} // namespace

void fail_test(const std::string& text, source_location where) {
  const auto line = static_cast<int>(where.line());
  record(text, where.file_name(), line);
  throw ::testing::AssertionException{
    TestPartResult{TestPartResult::kFatalFailure, where.file_name(), line, text.c_str()}};
}

void leave_test() {
  throw ::testing::AssertionException{TestPartResult{TestPartResult::kFatalFailure, "", 0, ""}};
}

bool failed_fatally() {
  return innermost_catcher != nullptr ? innermost_catcher->fatal() : ::testing::Test::HasFatalFailure();
}

bool failed() {
  return innermost_catcher != nullptr ? !innermost_catcher->failures().empty() : ::testing::Test::HasFailure();
}

bool caught() {
  return innermost_catcher != nullptr;
}

failure_catcher::failure_catcher()
    : reporter_{::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results_},
      outer_{innermost_catcher} {
  innermost_catcher = this;
}

failure_catcher::~failure_catcher() {
  innermost_catcher = outer_;
}

bool failure_catcher::fatal() const {
  for (int i = 0; i != results_.size(); ++i)
    if (results_.GetTestPartResult(i).fatally_failed())
      return true;
  return false;
}

std::vector<TestPartResult> failure_catcher::failures() const {
  std::vector<TestPartResult> all;
  for (int i = 0; i != results_.size(); ++i)
    if (results_.GetTestPartResult(i).failed())
      all.push_back(results_.GetTestPartResult(i));
  return all;
}

} // namespace crema::testing::detail
