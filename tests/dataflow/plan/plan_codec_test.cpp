#include "dataflow/plan/plan_codec.hpp"

#include "dataflow/block/batch_format.hpp"
#include "dataflow/error.hpp"
#include "dataflow/function/capture.hpp"
#include "dataflow/job_run.hpp"
#include "tests/dataflow/plan/sample_plans.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>

namespace crema {
namespace {

using namespace crema::internal;
using namespace crema::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct worker {
  std::shared_ptr<worker_resources> resources = std::make_shared<worker_resources>(std::size_t{64} << 20);
  std::shared_ptr<store_registry> caches = std::make_shared<store_registry>();

  job_plan read(std::span<const std::byte> bytes) const {
    byte_reader in{bytes};
    return decode_plan(in, resources, caches);
  }
};

std::vector<std::byte> bytes_of(const job_plan& plan) {
  const auto encoded = encode_plan(plan);
  return {encoded.bytes.bytes().begin(), encoded.bytes.bytes().end()};
}

// -- what travels -----------------------------------------------------------------------------------------------------

TEST(PlanCodec, BringsBackEveryKindOfNodeAndStage) {
  const plan_of_action sent{act_on_everything};
  const worker there;
  const auto received = there.read(bytes_of(*sent));
  EXPECT_EQ(to_text(received), to_text(*sent)); // stages, nodes, names, places, details, partitions, routes
  EXPECT_EQ(received.scope->id(), sent->scope->id());
  ASSERT_EQ(received.stages.size(), sent->stages.size());
  for (std::size_t i = 0; i != received.stages.size(); ++i) {
    const auto& mine = received.stages[i];
    const auto& theirs = sent->stages[i];
    EXPECT_EQ(mine.top->id(), theirs.top->id());
    EXPECT_EQ(mine.partitions, theirs.partitions);
    EXPECT_EQ(mine.output.route, theirs.output.route);
    EXPECT_EQ(mine.producers, theirs.producers);
    EXPECT_EQ(mine.emits.type, theirs.emits.type);
    EXPECT_EQ(mine.emits.codec, theirs.emits.codec);
    EXPECT_EQ(mine.barrier, theirs.barrier);
    EXPECT_EQ(mine.agree != nullptr, theirs.agree != nullptr);
  }
}

TEST(PlanCodec, WritesTheSameBytesForThePlanThatItBroughtBack) {
  const worker there;
  // Without a cache: stores have numbers of their own in each process.
  const plan_of_action sent{[](const context& ctx) {
    ctx.range(0, 9).map([](long x) { return x; }).sort_by([](long x) { return -x; }).count();
  }};
  const auto first = bytes_of(*sent);
  EXPECT_EQ(bytes_of(there.read(first)), first);
}

TEST(PlanCodec, SendsTheRecordsOfASourceWithTheTasksThatReadThem) {
  const std::vector<long> records(30'000, 7);
  const plan_of_action sent{[&](const context& ctx) { ctx.parallelize(records, 3).coalesce(2).count(); }};
  EXPECT_LT(bytes_of(*sent).size(), 1000U);
  std::vector<std::size_t> sizes;
  for (int task = 0; task != 2; ++task) {
    byte_writer out;
    encode_sources(*sent, 0, task, out);
    sizes.push_back(out.size() / 10'000);
  }
  EXPECT_THAT(sizes, ElementsAre(8, 16)) << "kilobytes of one partition, and of two";
}

TEST(PlanCodec, RefusesATaskWhoseRecordsDidNotCome) {
  const plan_of_action sent{[](const context& ctx) { ctx.parallelize(std::vector<long>{1, 2}, 2).count(); }};
  const worker there;
  const auto received = there.read(bytes_of(*sent));
  EXPECT_THROW(received.stages[0].make(received.scope, {1, 0, 0, 0}), error);
  byte_writer out;
  encode_sources(*sent, 0, 0, out);
  byte_reader in{out.bytes()};
  decode_sources(received, 0, in);
  EXPECT_NE(received.stages[0].make(received.scope, {1, 0, 0, 0}), nullptr);
}

TEST(PlanCodec, NamesTheSharedVariablesThatFunctionsUse) {
  const plan_of_action sent{[](const context& ctx) {
    ctx.broadcast(1L);
    const auto in_closure = ctx.broadcast(2L);
    const auto in_state = ctx.accumulator(0L);
    ctx.range(0, 9)
      .map([in_closure, half = 0.5F](long x) { return x + *in_closure + static_cast<long>(half); })
      .map(capture(in_state, std::string{"odd"},
                   [](const auto& sum, const std::string&, long x) {
                     sum.add(x);
                     return x;
                   }))
      .count();
  }};
  EXPECT_EQ(encode_plan(*sent).variables.size(), 2U);
}

TEST(PlanCodec, KeepsCachesByTheDriversStore) {
  const plan_of_action sent{[](const context& ctx) { ctx.range(0, 9).map([](long x) { return x; }).cache().count(); }};
  const auto* cached = sent->stages.back().top;
  const worker there;
  const auto first = there.read(bytes_of(*sent));
  const auto store = first.scope->store(*first.stages.back().top);
  store->commit(0, std::make_shared<block_queue>(*there.resources, nullptr, "test"));
  const auto second = there.read(bytes_of(*sent));
  EXPECT_EQ(second.scope->store(*second.stages.back().top), store) << "the next job finds what was kept";
  EXPECT_EQ(there.caches->drop(sent->scope->store(*cached)->id()), store);
}

// -- what does not ----------------------------------------------------------------------------------------------------

struct unwritable {
  std::shared_ptr<int> held;
  bool operator==(const unwritable&) const = default;
  auto operator<=>(const unwritable&) const = default;
};

error refusal_of(const std::function<void(const context&)>& action) {
  const plan_of_action sent{action};
  try {
    const auto encoded = encode_plan(*sent);
    for (const auto id : encoded.variables) {
      byte_writer out;
      encode_variable(id, out);
    }
  } catch (const error& e) {
    return e;
  }
  return error{errc::internal, "it can travel"};
}

void expect_refusal(const error& e, const char* op, const char* reason, const char* remedy) {
  EXPECT_EQ(e.code(), errc::not_portable) << e.what();
  EXPECT_EQ(e.where().op, op);
  EXPECT_THAT(e.where().location, HasSubstr("plan_codec_test.cpp:"));
  EXPECT_THAT(e.text(), HasSubstr(reason));
  EXPECT_THAT(e.text(), HasSubstr(remedy));
}

TEST(PlansThatCannotTravel, NameTheOperationAndTheReasonOfAFunction) {
  long total = 0;
  const auto refused = [](auto use) { return refusal_of([use](const context& ctx) { use(ctx.range(0, 9)); }); };
  expect_refusal(refused([&](const auto& data) { data.map([&total](long x) { return x + total; }).count(); }), "map",
                 "captures by reference", "capture by value");
  expect_refusal(refused([&](const auto& data) { data.filter([at = &total](long x) { return x != *at; }).count(); }),
                 "filter", "captures a pointer (or `this`) into this process", "crema::capture(state...");
  expect_refusal(
    refused([&](const auto& data) { data.key_by([s = std::string{"text"}](long) { return s.size(); }).count(); }),
    "key_by", "not trivially copyable, such as a std::string", "crema::capture(state..., function)");
  expect_refusal(
    refused([&](const auto& data) { data.map(std::function<long(long)>{[](long x) { return x; }}).count(); }), "map",
    "is a std::function, which hides what it captures", "pass the lambda itself");
  expect_refusal(
    refused([&](const auto& data) {
      data.key_by([](long x) { return x; }).reduce_by_key([&total](long a, long b) { return a + b + total; }).count();
    }),
    "reduce_by_key", "captures by reference", "capture by value");
  expect_refusal(
    refused([&](const auto& data) { data.map_partitions([&total](auto&) { return std::vector{total}; }).count(); }),
    "map_partitions", "captures by reference", "capture by value");
  expect_refusal(refused([&](const auto& data) { data.sort_by([&total](long x) { return x + total; }).count(); }),
                 "sort_by", "captures by reference", "capture by value");
}

TEST(PlansThatCannotTravel, NameTheActionAndTheReasonOfAFunction) {
  long total = 0;
  const auto refused = [](auto use) { return refusal_of([use](const context& ctx) { use(ctx.range(0, 9)); }); };
  expect_refusal(refused([&](const auto& data) { data.for_each([&total](long x) { total += x; }); }), "for_each",
                 "captures by reference", "capture by value");
  expect_refusal(refused([&](const auto& data) { data.for_each_partition([&total](auto&) { ++total; }); }),
                 "for_each_partition", "captures by reference", "capture by value");
  expect_refusal(refused([&](const auto& data) { data.reduce([&total](long a, long b) { return a + b + total; }); }),
                 "reduce", "captures by reference", "capture by value");
  expect_refusal(refused([&](const auto& data) { data.top(3, [&total](long x) { return x + total; }); }), "top",
                 "captures by reference", "capture by value");
}

TEST(PlansThatCannotTravel, NameTheOperationOfRecordsThatCannotBeWritten) {
  const auto make = [](long) { return unwritable{std::make_shared<int>(1)}; };
  const auto remedy = "serialize(Archive&, unsigned)";
  expect_refusal(refusal_of([&](const context& ctx) { ctx.range(0, 9).map(make).collect(); }), "collect",
                 "its results, of type", remedy);
  expect_refusal(refusal_of([&](const context& ctx) { ctx.range(0, 9).map(make).repartition(2).count(); }),
                 "repartition", "its records, of type", remedy);
  expect_refusal(refusal_of([&](const context& ctx) { ctx.range(0, 9).map(make).cache().count(); }), "map",
                 "its records, of type", remedy);
  expect_refusal(refusal_of([&](const context& ctx) { ctx.parallelize(std::vector<unwritable>(3), 2).count(); }),
                 "parallelize", "its records, of type", remedy);
  expect_refusal(refusal_of([&](const context& ctx) { ctx.range(0, 9).sort_by(make).count(); }), "sort_by",
                 "its keys, of type", remedy);
  expect_refusal(refusal_of([&](const context& ctx) {
                   ctx.range(0, 9).aggregate(
                     unwritable{}, [](unwritable&, long) {}, [](unwritable a, const unwritable&) { return a; });
                 }),
                 "aggregate", "its results, of type", remedy);
}

TEST(PlansThatCannotTravel, NameTheSharedVariable) {
  expect_refusal(refusal_of([](const context& ctx) {
                   const auto value = ctx.broadcast(unwritable{std::make_shared<int>(1)});
                   ctx.range(0, 9).map([value](long x) { return x + *value->held; }).count();
                 }),
                 "broadcast", "its value, of type", "serialize(Archive&, unsigned)");
}

TEST(PlansThatCannotTravel, AreNoneWhereRecordsOnlyPassThroughATask) {
  const auto e = refusal_of([](const context& ctx) {
    ctx.range(0, 9)
      .map([](long) { return unwritable{std::make_shared<int>(1)}; })
      .map([](const unwritable& u) { return *u.held; })
      .count();
  });
  EXPECT_EQ(e.text(), "it can travel");
}

// -- bytes from anywhere ----------------------------------------------------------------------------------------------

TEST(PlanCodec, SeesEveryFlippedBit) {
  const plan_of_action sent{act_on_everything};
  const worker there;
  auto bytes = bytes_of(*sent);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 3) {
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    try {
      there.read(bytes);
      FAIL() << "bit " << bit;
    } catch (const error& e) {
      ASSERT_EQ(e.code(), errc::corrupt_data) << e.what();
    }
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
  }
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_THROW(there.read(std::span{bytes}.first(size)), error);
}

/// The bytes as a plan whose checksum is right.
std::vector<std::byte> sealed(std::span<const std::byte> payload) {
  byte_writer out;
  const auto start = begin_batch(out, batch_kind::single, 1);
  out.put(payload.data(), payload.size());
  end_batch(out, start);
  return {out.bytes().begin(), out.bytes().end()};
}

// A plan that is read after all need not be the one that was sent, but it must be one that can be destroyed and shown.
TEST(PlanCodec, SurvivesDamageThatItsChecksumDoesNotSee) {
  const plan_of_action sent{act_on_everything};
  const worker there;
  const auto good = bytes_of(*sent);
  const auto payload = std::span{good}.subspan(batch_header_size);
  constexpr std::uint32_t seed = 20'260'101;
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random{seed};
  int refused = 0;
  for (int round = 0; round != 3000; ++round) {
    std::vector<std::byte> damaged(payload.begin(), payload.end());
    for (auto left = 1 + random() % 3; left != 0; --left)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 4);
    if (round % 5 == 0)
      damaged.resize(random() % damaged.size());
    try {
      EXPECT_FALSE(to_text(there.read(sealed(damaged))).empty());
    } catch (const error& e) {
      ASSERT_TRUE(e.code() == errc::corrupt_data || e.code() == errc::not_portable) << e.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(PlanCodec, SurvivesDamagedSourcesAndVariables) {
  const plan_of_action sent{[](const context& ctx) {
    const auto words = ctx.broadcast(std::vector<std::string>{"a", "bc"});
    ctx.parallelize(std::vector<std::string>{"d", "ef", "g"}, 2)
      .filter([words](const std::string& s) { return s != words->front(); })
      .count();
  }};
  const worker there;
  const auto encoded = encode_plan(*sent);
  const auto received = there.read(encoded.bytes.bytes());
  byte_writer sources;
  encode_sources(*sent, 0, 1, sources);
  byte_writer variable;
  ASSERT_EQ(encoded.variables.size(), 1U);
  encode_variable(encoded.variables[0], variable);
  const auto each_damage = [](const byte_writer& good, auto read) {
    std::vector<std::byte> bytes(good.bytes().begin(), good.bytes().end());
    for (std::size_t bit = 0; bit != 8 * bytes.size(); ++bit) {
      bytes[bit / 8] ^= std::byte{1} << bit % 8;
      byte_reader in{bytes};
      EXPECT_THROW(read(in), error) << "bit " << bit;
      bytes[bit / 8] ^= std::byte{1} << bit % 8;
    }
  };
  each_damage(variable, [](byte_reader& in) { decode_variable(in); });
  // Which source and which partition stands before the checksum: only what leads nowhere is seen.
  const auto batch = sources.bytes().subspan(2);
  byte_writer checked;
  checked.put(batch.data(), batch.size());
  each_damage(checked, [&](byte_reader& in) { received.stages[0].roots[0]->read_source(in); });
}

TEST(PlanCodec, RefusesAVariableWithANumberThatNoneHas) {
  const plan_of_action nothing{[](const context&) {}};
  const std::array handles{nothing.ctx().broadcast(1L)};
  byte_writer good;
  encode_variable(variables_in(std::as_bytes(std::span{handles})).at(0), good);
  std::vector<std::byte> payload(good.bytes().begin() + batch_header_size, good.bytes().end());
  std::fill_n(payload.begin(), sizeof(variable_id), std::byte{1});
  const auto bytes = sealed(payload);
  byte_reader in{bytes};
  EXPECT_THROW(decode_variable(in), error);
}

} // namespace
} // namespace crema
