#include "tests/dataflow/sort/run_sorter_checks.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace crema::internal {
namespace {

// A key that is neither inside of its record nor at the same place in each.
TEST(RunSorter, KeepsKeysThatAreElsewhere) {
  const auto scattered = [](const tagged<std::pair<std::string, std::string>>& record) -> const std::string& {
    static const std::string fixed = "a shared beginning m";
    return record.tag % 600 > 500 ? fixed : record.tag % 2 == 0 ? record.key.first : record.key.second;
  };
  std::vector<tagged<std::pair<std::string, std::string>>> records;
  std::mt19937_64 random{8};
  for (std::size_t i = 0; i != 5000; ++i)
    records.push_back({{"a shared beginning " + std::to_string(random() % 999),
                        "a shared beginning m" + std::to_string(random() % 999)},
                       i});
  run_sorter<tagged<std::pair<std::string, std::string>>, decltype(scattered), std::less<>> sorter{scattered};
  append_in_batches(sorter, records, 8);
  sorter.sort();
  const auto sorted = drained(sorter, 5000, std::type_identity<tagged<std::pair<std::string, std::string>>>{});
  std::stable_sort(records.begin(), records.end(),
                   [&](const auto& a, const auto& b) { return scattered(a) < scattered(b); });
  ASSERT_EQ(sorted.size(), records.size());
  for (std::size_t i = 0; i != records.size(); ++i)
    ASSERT_EQ(sorted[i].tag, records[i].tag);
}

TEST(RunSorter, TakesAMemberPointerAsKey) {
  expect_stable(random_strings(500, "ab", 12, ""), &tagged<std::string>::key, std::less<>{}, std::less<>{}, 1);
}

TEST(RunSorter, CallsTheKeyFunctionOncePerRecord) {
  std::size_t calls = 0;
  const auto count = [&calls](auto key) { return [&calls, key](const auto& x) { return ++calls, key(x); }; };
  const auto check = [&]<class T>(const std::vector<T>& records, auto key) {
    calls = 0;
    run_sorter<T, decltype(key), std::less<>> sorter{key};
    append_in_batches(sorter, records, 2);
    sorter.sort();
    drained(sorter, 10, std::type_identity<T>{});
    EXPECT_EQ(calls, records.size());
  };
  std::vector<int> numbers(3000);
  for (std::size_t i = 0; i != numbers.size(); ++i)
    numbers[i] = static_cast<int>(i * 37 % 1000);
  check(numbers, count([](int x) { return x; }));
  check(numbers, count([](int x) { return x < 990 ? x : 0; }));
  check(random_strings(3000, "ab", 20, "12345678"), count([](const std::string& s) { return s; }));
}

TEST(RunSorter, MovesRecordsOutAndLetsGoOfBatches) {
  using record = std::pair<int, std::unique_ptr<int>>;
  const auto key = [](const record& r) { return r.first; };
  run_sorter<record, decltype(key), std::less<>> sorter{key};
  std::vector<std::weak_ptr<void>> owners;
  for (int b = 0; b != 3; ++b) {
    auto batch = std::make_shared<std::vector<record>>();
    for (int i = 0; i != 10; ++i)
      batch->emplace_back(i, std::make_unique<int>(i));
    owners.push_back(batch);
    auto& records = *batch;
    sorter.append(std::move(batch), records, 40);
  }
  EXPECT_GE(sorter.bytes(), 30 * sizeof(record) + 3 * 40 + 30 * 8);
  sorter.sort();
  int expected = 0;
  while (sorter.next(7, [&](record&& r) {
    const record taken{std::move(r)};
    EXPECT_EQ(*taken.second, expected++ / 3);
  }))
    EXPECT_FALSE(owners[0].expired());
  EXPECT_EQ(expected, 30);
  for (const auto& owner : owners)
    EXPECT_TRUE(owner.expired());
}

TEST(RunSorter, LetsGoOfNumbersAtOnce) {
  run_sorter<int, decltype(itself), std::less<>> sorter;
  auto batch = std::make_shared<std::vector<int>>(1000, 5);
  const std::weak_ptr<void> owner = batch;
  auto& records = *batch;
  sorter.append(std::move(batch), records);
  EXPECT_TRUE(owner.expired());
  EXPECT_EQ(sorter.bytes(), 4000U);
}

TEST(RunSorter, SortsOneRunAfterAnother) {
  run_sorter<double, decltype(itself), std::less<>> sorter;
  const std::vector<std::vector<double>> runs{{3, 1, 2}, {NAN, 1}, {5, 4}, {}};
  for (auto run : runs) {
    append_in_batches(sorter, run, 1);
    sorter.sort();
    const auto sorted = drained(sorter, 2, std::type_identity<double>{});
    std::sort(run.begin(), run.end(), [](double a, double b) { return total_less(a, b); });
    ASSERT_EQ(sorted.size(), run.size());
    EXPECT_TRUE(run.empty() || sorted.front() == run.front());
  }
}

TEST(RunSorter, IsUnchangedWhenAKeyFunctionThrows) {
  const auto check = [](auto sorter, auto make) {
    using T = decltype(make(0));
    for (int b = 0; b != 3; ++b) {
      auto batch = std::make_shared<std::vector<T>>();
      for (int i = 0; i != 100; ++i)
        batch->push_back(make(b == 1 && i == 50 ? -1 : 100 - i));
      auto& records = *batch;
      if (b == 1)
        EXPECT_THROW(sorter.append(batch, records), std::invalid_argument);
      else
        sorter.append(batch, records);
    }
    EXPECT_EQ(sorter.size(), 200U);
    sorter.sort();
    const auto sorted = drained(sorter, 64, std::type_identity<T>{});
    ASSERT_EQ(sorted.size(), 200U);
    EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end()));
  };
  const auto number = [](int x) { return x < 0 ? throw std::invalid_argument{"negative"} : x; };
  check(run_sorter<int, decltype(number), std::less<>>{number}, [](int x) { return x; });
  const auto text = [](const std::string& s) { return s[0] == '-' ? throw std::invalid_argument{"negative"} : s; };
  const auto padded = [](int x) {
    return x < 0 ? std::string{"-"} : "a long shared prefix " + std::to_string(1000 + x);
  };
  check(run_sorter<std::string, decltype(text), std::less<>>{text}, padded);
}

TEST(RunSorter, PassesOnWhatAComparatorThrows) {
  for (const int after : {0, 100, 20'000}) {
    int left = after;
    const auto compare = [&left](const std::string& a, const std::string& b) {
      return left-- == 0 ? throw std::invalid_argument{"no"} : a < b;
    };
    run_sorter<tagged<std::string>, decltype(by_value), decltype(compare)> sorter{by_value, compare};
    std::vector<tagged<std::string>> records;
    for (const auto& s : random_strings(3000, "ab", 30, "prefix"))
      records.push_back({s, 0});
    append_in_batches(sorter, records, 4);
    EXPECT_THROW(sorter.sort(), std::invalid_argument);
  }
}

TEST(RunSorter, GivesEveryRecordOnceWhateverTheComparatorSays) {
  std::mt19937_64 random{9};
  const auto check = [&](auto compare) {
    run_sorter<double, decltype(itself), decltype(compare)> sorter{itself, compare};
    std::vector<double> numbers;
    for (int i = 0; i != 10'000; ++i)
      numbers.push_back(i % 3 == 0 ? NAN : i * 7 % 1000);
    append_in_batches(sorter, numbers, 9);
    sorter.sort();
    const auto sorted = drained(sorter, 64, std::type_identity<double>{});
    EXPECT_EQ(sorted.size(), numbers.size());
    EXPECT_EQ(std::count_if(sorted.begin(), sorted.end(), [](double x) { return std::isnan(x); }), 3334);
  };
  check([](double a, double b) { return a < b; });
  check([&](double, double) { return random() % 2 == 0; });
  check([](double, double) { return true; });
}

} // namespace
} // namespace crema::internal
