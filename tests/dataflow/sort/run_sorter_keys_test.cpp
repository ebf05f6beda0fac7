#include "tests/dataflow/sort/run_sorter_checks.hpp"

#include <array>
#include <string>
#include <tuple>
#include <utility>

namespace crema::internal {
namespace {

TEST(RunSorterOrder, SortsStringsAsUnsignedBytes) {
  using namespace std::string_literals;
  for (const std::size_t n : {0U, 1U, 2U, 40U, 1000U, 6000U})
    for (const auto& letters : {"ab"s, "\0\1a\x7f\x80\xff"s, "abcdefghijklmnopqrstuvwxyz0123456789"s})
      for (const std::size_t longest : {0U, 2U, 9U, 30U})
        for (const auto& shared : {""s, "1234567"s, "12345678"s, "http://www.example.com/a/long/prefix/"s})
          ASSERT_NO_FATAL_FAILURE(expect_both_directions(random_strings(n, letters, longest, shared), n + longest));
}

TEST(RunSorterOrder, SortsStringsThatAreExtensionsOfOneAnother) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i != 1200; ++i)
    strings.push_back(std::string(i * 7 % 301, '\0'));
  expect_both_directions(strings, 1);
}

TEST(RunSorterOrder, SortsViewsOfItsRecords) {
  const auto view = [](const tagged<std::string>& record) { return std::string_view{record.key}; };
  const auto strings = random_strings(3000, "abc", 20, "prefix--");
  expect_stable(strings, view, std::less<>{}, std::less<>{}, 3);
  expect_stable(strings, view, std::greater<>{}, std::greater<>{}, 4);
}

template <class Byte, std::size_t N>
void expect_arrays() {
  std::mt19937_64 random{N};
  for (const unsigned values : {2U, 256U}) {
    std::vector<std::array<Byte, N>> keys(3000);
    for (auto& key : keys)
      for (auto& byte : key)
        byte = static_cast<Byte>(random() % values * (values == 2 ? 255 : 1));
    expect_both_directions(keys, N);
  }
}

TEST(RunSorterOrder, SortsArraysOfBytesInTheOrderOfTheirType) {
  expect_arrays<char, 1>();
  expect_arrays<char, 5>();
  expect_arrays<char, 8>();
  expect_arrays<char, 10>();
  expect_arrays<char, 20>();
  expect_arrays<signed char, 12>();
  expect_arrays<unsigned char, 10>();
  expect_arrays<std::byte, 24>();
}

struct version {
  int major;
  int minor;
  friend auto operator<=>(const version&, const version&) = default;
};

TEST(RunSorterOrder, SortsCompoundKeys) {
  std::mt19937_64 random{17};
  const auto less = [&](unsigned n) { return static_cast<int>(random() % n); };
  std::vector<std::pair<int, std::uint16_t>> narrow;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> wide;
  std::vector<std::tuple<std::string, int, std::string>> mixed;
  std::vector<std::vector<int>> lists;
  std::vector<version> versions;
  for (int i = 0; i != 4000; ++i) {
    narrow.emplace_back(less(20) - 10, less(20));
    wide.emplace_back(random() << less(64), random() % 4);
    mixed.emplace_back(std::string(static_cast<std::size_t>(less(12)), 'x'), less(3), std::to_string(less(30)));
    lists.push_back({less(5), less(5)});
    versions.push_back({less(9), less(9)});
  }
  expect_both_directions(narrow, 1);
  expect_both_directions(wide, 2);
  expect_both_directions(mixed, 3);
  expect_both_directions(lists, 4);
  expect_both_directions(versions, 5);
}

TEST(RunSorterOrder, FollowsAComparatorOfTheUser) {
  const auto strings = random_strings(3000, "ab", 20, "prefix");
  const auto by_size = [](const std::string& a, const std::string& b) { return a.size() < b.size(); };
  expect_stable(strings, by_reference, by_size, by_size, 1);
  expect_stable(strings, by_value, by_size, by_size, 2);
  std::vector<int> numbers;
  for (int i = 0; i != 4000; ++i)
    numbers.push_back(i * 37 % 1000);
  const auto by_last_digit = [](int a, int b) { return a % 10 < b % 10; };
  expect_stable(numbers, by_reference, by_last_digit, by_last_digit, 3);
}

} // namespace
} // namespace crema::internal
