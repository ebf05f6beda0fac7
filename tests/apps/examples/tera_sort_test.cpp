#include "apps/examples/tera_sort.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>

namespace crema::examples {
namespace {

std::string bytes_of(const std::vector<record>& records) {
  return {reinterpret_cast<const char*>(records.data()), records.size() * sizeof(record)};
}

std::vector<record> random_records(std::uint64_t seed, std::int64_t count) {
  std::vector<record> made;
  for (std::int64_t i = 0; i != count; ++i)
    made.push_back(random_record{seed}(i));
  return made;
}

record_sum sum_of(const std::vector<record>& records) {
  record_sum sum;
  for (const auto& one : records)
    sum.add(one);
  return sum;
}

class tera_sort : public testing::on_every_engine {
protected:
  record_sum sort(const std::string& from, int partitions) {
    return write_records(sorted_by_key(read_records(ctx, record_input{from}, partitions)), directory / "sorted");
  }

  std::string sorted_bytes() {
    std::string all;
    for (int part = 0; part != 100; ++part) {
      const auto name = std::to_string(part);
      all += directory.content(directory / ("sorted/part-" + std::string(5 - name.size(), '0') + name));
    }
    return all;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator{directory.path()})
      found.push_back(entry.path().filename().string());
    return found;
  }

  testing::temporary_directory directory;
};
INSTANTIATE_TEST_SUITE_P(Engines, tera_sort, testing::engine_shapes(), testing::engine_name);

TEST_P(tera_sort, SortsAFileByKey) {
  auto records = random_records(1, 10'001);
  for (std::size_t i = 0; i + 40 < records.size(); i += 37)
    records[i + 5].key = records[i].key; // equal keys keep their order
  const auto input = directory.file("input", bytes_of(records));
  EXPECT_EQ(sort(input, 7), sum_of(records));
  std::ranges::stable_sort(records, std::less{}, &record::key);
  EXPECT_EQ(sorted_bytes(), bytes_of(records));
  EXPECT_TRUE(std::filesystem::exists(directory / "sorted/_SUCCESS"));
}

TEST_P(tera_sort, OrdersKeysByUnsignedBytes) {
  auto records = random_records(2, 3);
  records[0].key = {0x80}, records[1].key = {0x7f, 0xff}, records[2].key = {0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  sort(directory.file("input", bytes_of(records)), 2);
  EXPECT_EQ(sorted_bytes(), bytes_of({records[2], records[1], records[0]}));
}

TEST_P(tera_sort, ReadsTheFilesOfADirectoryInTheirOrder) {
  const auto records = random_records(3, 6'000);
  const auto part = [&](std::size_t from, std::size_t to) {
    return bytes_of(
      {records.begin() + static_cast<std::ptrdiff_t>(from), records.begin() + static_cast<std::ptrdiff_t>(to)});
  };
  directory.file("in/part-0", part(0, 2'600));
  directory.file("in/part-1", "");
  directory.file("in/part-2", part(2'600, 2'601));
  directory.file("in/part-3", part(2'601, 6'000));
  directory.file("in/_SUCCESS");
  const record_input input{directory / "in"};
  EXPECT_EQ(input.size(), 6'000U);
  for (const int partitions : {1, 4, 64})
    EXPECT_EQ(read_records(ctx, input, partitions).collect(), records);
}

TEST_P(tera_sort, HandlesAnEmptyInput) {
  EXPECT_EQ(sort(directory.file("input"), 3), record_sum{});
  EXPECT_EQ(check_records(ctx, record_input{directory / "sorted"}).sum, record_sum{});
}

TEST_P(tera_sort, ChecksOrderWithinAndBetweenSlices) {
  auto records = random_records(4, 1'000);
  std::ranges::sort(records, std::less{}, &record::key);
  EXPECT_FALSE(check_records(ctx, record_input{directory.file("a", bytes_of(records))}).disorder);
  for (const std::size_t at : {1U, 500U, 999U}) {
    auto wrong = records;
    std::swap(wrong[at - 1], wrong[at]);
    const auto found = check_records(ctx, record_input{directory.file("b", bytes_of(wrong))});
    EXPECT_EQ(found.disorder, at);
    EXPECT_EQ(found.sum, sum_of(records));
  }
}

TEST_P(tera_sort, SeesAChangedRecord) {
  auto records = random_records(5, 100);
  const auto sum = sum_of(records);
  records[50].value[89] ^= 1;
  EXPECT_NE(sum_of(records), sum);
  records[50].value[89] ^= 1;
  std::ranges::reverse(records);
  EXPECT_EQ(sum_of(records), sum);
}

TEST_P(tera_sort, LeavesNothingBehindWhenItFails) {
  const auto failing = ctx.range(0, 1'000).map([](std::int64_t i) {
    if (i == 777)
      throw std::runtime_error{"a bad record"};
    return random_record{1}(i);
  });
  EXPECT_THROW(write_records(failing, directory / "out"), error);
  EXPECT_THAT(names(), ::testing::IsEmpty());
}

TEST_P(tera_sort, RefusesAnOutputThatExists) {
  directory.file("out/x", "mine");
  try {
    write_records(ctx.range(0, 10).map(random_record{1}), directory / "out");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::already_exists);
  }
  EXPECT_EQ(directory.content(directory / "out/x"), "mine");
}

TEST(RecordInput, RefusesWhatIsNoFileOfRecords) {
  testing::temporary_directory directory;
  const auto code = [](const std::string& path) {
    try {
      record_input{path};
    } catch (const error& e) {
      return e.code();
    }
    return errc::internal;
  };
  EXPECT_EQ(code(directory / "none"), errc::not_found);
  EXPECT_EQ(code(directory.file("odd", std::string(250, 'x'))), errc::corrupt_data);
}

} // namespace
} // namespace crema::examples
