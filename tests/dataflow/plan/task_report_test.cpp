#include "dataflow/plan/task_report.hpp"

#include "dataflow/context.hpp"
#include "dataflow/error.hpp"
#include "dataflow/inline_engine.hpp"

#include <gtest/gtest.h>

#include <span>

namespace crema::internal {
namespace {

error brought_back(const error& e) {
  byte_writer out;
  encode_error(e, out);
  byte_reader in{out.bytes()};
  auto copy = decode_error(in);
  EXPECT_EQ(in.remaining(), 0U);
  return copy;
}

TEST(TaskReport, BringsBackAnErrorWithItsSite) {
  const error sent{errc::user_exception,
                   "13 is unlucky",
                   {.op = "map",
                    .location = "main.cpp:3",
                    .task = "1.0@3#0",
                    .partition = 3,
                    .node = "second",
                    .type = "std::domain_error"}};
  const auto back = brought_back(sent);
  EXPECT_EQ(back.code(), sent.code());
  EXPECT_STREQ(back.what(), sent.what());
  EXPECT_EQ(back.where().partition, 3);
  EXPECT_EQ(brought_back(error{errc::cancelled, ""}).where().partition, -1);
}

TEST(TaskReport, DoesNotCutAnErrorsTextAgain) {
  const error sent{errc::internal, std::string(20'000, 'x')};
  EXPECT_EQ(brought_back(sent).text(), sent.text());
}

TEST(TaskReport, RefusesAnErrorOfAnUnknownKind) {
  for (auto code : {0, static_cast<int>(errc::internal) + 1, 1000}) {
    byte_writer out;
    out.varint(static_cast<std::uint64_t>(code));
    for (int text = 0; text != 6; ++text)
      out.varint(0);
    out.varint(0);
    byte_reader in{out.bytes()};
    EXPECT_THROW(decode_error(in), error) << code;
  }
}

class Accumulating : public ::testing::Test {
protected:
  std::vector<std::byte> report(std::uint64_t rows) {
    task_scope task{std::make_shared<const job_scope>(1, nullptr, nullptr), {1, 0, 0, 0}};
    {
      running_task here{task};
      count_.add(2);
      count_.add(3);
      words_.add(std::string{"b"});
    }
    byte_writer out;
    encode_report({.rows = rows}, task, out);
    return {out.bytes().begin(), out.bytes().end()};
  }

  context ctx_{config{}, make_inline_engine(1)};
  accumulator<long> count_ = ctx_.accumulator(10L);
  accumulator<std::string> words_ = ctx_.accumulator(std::string{"a"});
};

TEST_F(Accumulating, InATaskElsewhereCountsOnceItIsCommittedHere) {
  const auto bytes = report(42);
  byte_reader in{bytes};
  const auto done = decode_report(in);
  EXPECT_EQ(in.remaining(), 0U);
  EXPECT_EQ(done.metrics.rows, 42U);
  EXPECT_EQ(count_.value(), 10);
  for (const auto& [id, delta] : done.accumulators)
    delta->commit();
  EXPECT_EQ(count_.value(), 15);
  EXPECT_EQ(words_.value(), "ab");
}

TEST_F(Accumulating, RefusesBytesThatAreNoReport) {
  const auto bytes = report(42);
  for (std::size_t size = 0; size != bytes.size(); ++size) {
    byte_reader in{std::span{bytes}.first(size)};
    EXPECT_THROW(decode_report(in), error) << size;
  }
  count_.destroy();
  byte_reader in{bytes};
  EXPECT_THROW(decode_report(in), error) << "an accumulator that does not exist";
}

} // namespace
} // namespace crema::internal
