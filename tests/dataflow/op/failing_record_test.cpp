#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/save_as_text_file.hpp"
#include "dataflow/op/sort_by.hpp"

#include <gmock/gmock.h>

#include <atomic>

// Members of a record type may throw as any user function may: hash, ==, <, copies, to_string.

namespace crema {
namespace {

using namespace crema::testing;

enum class member { none, hash, equal, less, copy, text };

/// A key whose given member throws for the id 13. Copies are counted, and one of them can be made to throw.
struct fragile {
  static inline std::atomic<member> broken{member::none};
  static inline std::atomic<long> alive{0};

  long id = 0;

  fragile() { ++alive; }
  explicit fragile(long i) : id{i} { ++alive; }
  fragile(const fragile& other) : id{other.id} {
    check(member::copy);
    ++alive;
  }
  fragile& operator=(const fragile& other) {
    id = other.id;
    check(member::copy);
    return *this;
  }
  ~fragile() { --alive; }

  void check(member used) const {
    if (broken == used && id == 13)
      throw std::domain_error{"13 is unlucky"};
  }
  bool operator==(const fragile& other) const {
    check(member::equal);
    return id == other.id;
  }
  bool operator<(const fragile& other) const {
    check(member::less);
    return id < other.id;
  }
  friend std::uint64_t hash_value(const fragile& key) {
    key.check(member::hash);
    return static_cast<std::uint64_t>(key.id);
  }
  friend std::string to_string(const fragile& key) {
    key.check(member::text);
    return std::to_string(key.id);
  }
};

class FailingRecords : public on_every_engine {
protected:
  void SetUp() override { fragile::broken = member::none; }
  void TearDown() override {
    fragile::broken = member::none;
    EXPECT_EQ(ctx.range(0, 100, 1, 5).count(), 100u) << "the context must stay usable";
  }

  /// 0 to 19, twice.
  rdd<fragile> records() {
    return ctx.range(0, 40, 1, 4).map([](long x) { return fragile{x % 20}; });
  }
  rdd<std::pair<fragile, long>> keyed() {
    return ctx.range(0, 40, 1, 4).map([](long x) { return std::pair<fragile, long>(fragile{x % 20}, x); });
  }

  template <class Action>
  static void expect_failure(member broken, Action action) {
    const auto before = fragile::alive.load();
    fragile::broken = broken;
    try {
      action();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::user_exception) << e.what();
      EXPECT_EQ(e.text(), "13 is unlucky") << e.what();
      EXPECT_EQ(e.where().type, "std::domain_error") << e.what();
    } catch (...) {
      ADD_FAILURE() << "an exception that is no crema::error escaped";
    }
    fragile::broken = member::none;
    EXPECT_EQ(fragile::alive.load(), before) << "records leaked or were destroyed twice";
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, FailingRecords, local_engine_shapes(), engine_name);

TEST_P(FailingRecords, WorkAsLongAsNothingThrows) {
  EXPECT_EQ(records().distinct().count(), 20u);
  EXPECT_EQ(keyed().reduce_by_key(std::plus<>{}).count(), 20u);
  EXPECT_EQ(keyed().group_by_key().count(), 20u);
  EXPECT_EQ(keyed().join(keyed()).count(), 80u);
  EXPECT_EQ(records().sort_by([](const fragile& f) -> const fragile& { return f; }).count(), 40u);
  EXPECT_EQ(fragile::alive.load(), 0);
}

TEST_P(FailingRecords, FailTheJobFromTheirHash) {
  expect_failure(member::hash, [&] { records().distinct().collect(); });
  expect_failure(member::hash, [&] { keyed().reduce_by_key(std::plus<>{}).collect(); });
  expect_failure(member::hash, [&] { keyed().group_by_key().collect(); });
  expect_failure(member::hash, [&] { keyed().join(keyed()).collect(); });
  expect_failure(member::hash, [&] { keyed().partition_by(3).collect(); });
}

TEST_P(FailingRecords, FailTheJobFromTheirEquality) {
  expect_failure(member::equal, [&] { records().distinct().collect(); });
  expect_failure(member::equal, [&] { keyed().reduce_by_key(std::plus<>{}).collect(); });
  expect_failure(member::equal, [&] { keyed().group_by_key().collect(); });
  expect_failure(member::equal, [&] { keyed().join(keyed()).collect(); });
}

TEST_P(FailingRecords, FailTheJobFromTheirOrder) {
  const auto self = [](const fragile& f) -> const fragile& { return f; };
  expect_failure(member::less, [&] { records().sort_by(self).collect(); });
  expect_failure(member::less, [&] { records().sort_by(self, {}, 3).count(); });
  expect_failure(member::less,
                 [&] { records().sort_by(self, [](const fragile& a, const fragile& b) { return b < a; }).collect(); });
}

TEST_P(FailingRecords, FailTheJobFromTheirCopy) {
  expect_failure(member::copy, [&] { records().collect(); });
  expect_failure(member::copy, [&] { records().repartition(3).collect(); });
  expect_failure(member::copy, [&] { records().distinct().collect(); });
  expect_failure(member::copy, [&] { keyed().group_by_key().collect(); });
  expect_failure(member::copy, [&] { records().cache().count(); });
  expect_failure(member::copy, [&] { records().sort_by([](const fragile& f) { return f.id; }).collect(); });
}

TEST_P(FailingRecords, FailTheCallerFromACopyOfTheResult) {
  // The tasks end well: it is the last copy, into the caller's vector, that throws.
  auto job = records().collect_async();
  EXPECT_TRUE(job.wait_for(std::chrono::minutes{1}));
  fragile::broken = member::copy;
  try {
    job.get();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::user_exception) << e.what();
    EXPECT_EQ(e.where().type, "std::domain_error") << e.what();
  } catch (...) {
    ADD_FAILURE() << "an exception that is no crema::error escaped";
  }
}

TEST_P(FailingRecords, FailTheJobFromTheirText) {
  const temporary_directory scratch;
  const auto target = scratch / "out";
  expect_failure(member::text, [&] { records().save_as_text_file(target); });
  EXPECT_FALSE(std::filesystem::exists(target));
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "half an output is left";
  records().save_as_text_file(target);
  EXPECT_TRUE(std::filesystem::exists(target + "/_SUCCESS"));
}

} // namespace
} // namespace crema
