#include "dataflow/block/codec.hpp"

#include "dataflow/error.hpp"
#include "tests/dataflow/block/random_value.hpp"

#include <algorithm>
#include <chrono>
#include <complex>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace crema;
using namespace crema::internal;
using crema::testing::random_source;
using crema::testing::random_value;

namespace {

enum class colour : std::uint16_t { red, green = 300 };
enum class flag : bool { off, on };

struct reading {
  std::int32_t sensor;
  double value;
  std::array<char, 3> unit;
  bool operator==(const reading&) const = default;
};

struct nothing {
  bool operator==(const nothing&) const = default;
};

class sealed_reading {
public:
  explicit sealed_reading(int value) : value_{value} {}
  bool operator==(const sealed_reading&) const = default;

private:
  int value_;
};

struct derived_vector : std::vector<int> {
  int more = 0;
};

struct with_text_view {
  int n;
  std::string_view text;
};

struct with_pointer {
  double x;
  int* y;
};

struct with_optional_view {
  std::optional<std::string_view> text;
};

struct with_inner_pointer {
  with_pointer inner[2];
};

struct with_virtual {
  virtual ~with_virtual() = default;
};

template <class T>
std::vector<std::byte> batch_of(const std::vector<T>& records) {
  byte_writer out;
  if constexpr (std::is_same_v<T, bool>) { // std::vector<bool> has no memory to view
    const auto copy = std::make_unique<bool[]>(records.size());
    std::copy(records.begin(), records.end(), copy.get());
    encode_records(std::span<const bool>{copy.get(), records.size()}, out);
  } else {
    encode_records(std::span<const T>{records}, out);
  }
  return {out.bytes().begin(), out.bytes().end()};
}

template <class T>
std::vector<T> records_of(std::span<const std::byte> bytes) {
  byte_reader in{bytes};
  std::vector<T> records;
  decode_records(in, records);
  EXPECT_EQ(in.remaining(), 0U);
  return records;
}

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  byte_writer out;
  codec<T>::encode(value, out);
  return {out.bytes().begin(), out.bytes().end()};
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const auto byte : bytes) {
    constexpr auto digits = "0123456789abcdef";
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

template <class T>
std::string hex_of(const T& value) {
  return hex(bytes_of(value));
}

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16)));
  return bytes;
}

template <class Call>
void expect_corrupt(Call&& call, const std::string& text = "") {
  try {
    call();
    ADD_FAILURE() << "not refused";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt_data);
    EXPECT_THAT(e.what(), ::testing::HasSubstr(text));
  }
}

template <class T>
void expect_corrupt_value(std::string_view text, const std::string& reason) {
  const auto bytes = from_hex(text);
  expect_corrupt(
    [&] {
      byte_reader in{bytes};
      codec<T>::decode(in);
    },
    reason);
}

using words = std::vector<std::string>;
using tangle = std::map<std::string, std::vector<std::optional<std::variant<int, words, std::pair<double, flag>>>>>;

} // namespace

template <>
struct crema::testing::random_value<reading> {
  static reading make(random_source& rng) {
    // Value-initialised, so that the padding is the same each time.
    reading made{};
    made.sensor = random_value<int>::make(rng);
    made.value = 1.5;
    made.unit[0] = random_value<char>::make(rng);
    return made;
  }
};

template <>
struct crema::testing::random_value<nothing> {
  static nothing make(random_source&) { return {}; }
};

namespace {

template <class... T>
struct type_list {
  template <class Check>
  static void each(Check check) {
    (check(std::type_identity<T>{}), ...);
  }
};

using scalars = type_list<bool, char, std::int16_t, std::uint64_t, float, double, colour, flag, reading, nothing>;
using composites =
  type_list<std::tuple<>, std::array<int, 0>, std::array<char, 10>, std::array<std::string, 3>, std::optional<int>,
            std::pair<std::uint64_t, double>, std::pair<int, std::string>, std::tuple<int, bool, std::string>,
            std::optional<std::optional<std::string>>, std::variant<std::monostate, int, std::string>>;
using sequences = type_list<std::string, std::u16string, words, std::vector<bool>, std::vector<reading>,
                            std::vector<nothing>, std::deque<std::vector<short>>, std::list<std::pair<int, bool>>>;
using trees = type_list<std::set<std::string>, std::multimap<int, std::set<int>>, std::unordered_set<std::string>,
                        std::unordered_map<std::string, std::vector<int>>, std::unordered_multimap<int, std::string>,
                        std::vector<std::pair<std::string, std::array<std::optional<double>, 2>>>, tangle>;

template <class Check>
void for_each_record_type(Check check) {
  scalars::each(check);
  composites::each(check);
  sequences::each(check);
  trees::each(check);
}

template <class T>
std::string title(std::uint64_t seed) {
  return __PRETTY_FUNCTION__ + std::string{", seed "} + std::to_string(seed);
}

// Values may hold NaN, and unordered containers may have another order: one of both comparisons must say "same".
template <class T>
bool same(const T& left, const T& right) {
  return left == right || bytes_of(left) == bytes_of(right);
}

template <class T>
std::vector<T> some_records(random_source& rng, std::size_t n) {
  std::vector<T> records;
  for (std::size_t i = 0; i < n; ++i)
    records.push_back(random_value<T>::make(rng));
  return records;
}

template <class T>
void expect_restored(std::uint64_t seed) {
  SCOPED_TRACE(title<T>(seed));
  random_source rng{seed};
  const auto records = some_records<T>(rng, seed % 7 == 0 ? 0 : seed);
  const auto again = records_of<T>(batch_of(records));
  ASSERT_EQ(again.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i)
    ASSERT_TRUE(same<T>(records[i], again[i])) << "record " << i << ": " << hex_of<T>(records[i]);
}

template <class T>
void expect_cut_values_refused(std::uint64_t seed) {
  SCOPED_TRACE(title<T>(seed));
  random_source rng{seed};
  const auto bytes = bytes_of<T>(random_value<T>::make(rng));
  ASSERT_GE(bytes.size(), codec<T>::min_size);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    expect_corrupt([&] {
      byte_reader in{std::span{bytes}.first(n)};
      static_cast<void>(codec<T>::decode(in));
    });
}

template <class T>
void expect_cut_batches_refused(std::uint64_t seed) {
  SCOPED_TRACE(title<T>(seed));
  random_source rng{seed};
  auto known = some_records<T>(rng, 2);
  const auto bytes = batch_of(some_records<T>(rng, 5));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    expect_corrupt([&] {
      byte_reader in{std::span{bytes}.first(n)};
      decode_records(in, known);
    });
    ASSERT_EQ(known.size(), 2U) << "cut at " << n;
  }
}

template <class T>
void expect_flipped_bits_seen(std::uint64_t seed) {
  SCOPED_TRACE(title<T>(seed));
  random_source rng{seed};
  auto bytes = batch_of(some_records<T>(rng, 2));
  const auto bits = std::min<std::size_t>(bytes.size(), 200) * 8;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    expect_corrupt([&] { records_of<T>(bytes); });
    bytes[bit / 8] ^= mask;
  }
  EXPECT_NO_THROW(records_of<T>(bytes));
}

template <class T>
void expect_random_bytes_survived(std::uint64_t seed) {
  SCOPED_TRACE(title<T>(seed));
  random_source rng{seed};
  // On the heap and exactly as long, so that the address sanitizer sees a byte too many.
  std::vector<std::byte> bytes(crema::testing::random_below(rng, 60));
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(rng() & (rng() % 2 == 0 ? 0xff : 0x03));
  byte_reader in{bytes};
  try {
    static_cast<void>(codec<T>::decode(in));
  } catch (const error& e) {
    ASSERT_EQ(e.code(), errc::corrupt_data);
  }
}

} // namespace

TEST(Codec, RestoresRandomBatches) {
  for_each_record_type([]<class T>(std::type_identity<T>) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed)
      expect_restored<T>(seed);
  });
}

TEST(Codec, RefusesAValueCutAtAnyByte) {
  for_each_record_type([]<class T>(std::type_identity<T>) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
      expect_cut_values_refused<T>(seed);
  });
}

TEST(Codec, RefusesABatchCutAtAnyByte) {
  for_each_record_type([]<class T>(std::type_identity<T>) { expect_cut_batches_refused<T>(7); });
}

TEST(Codec, SeesEveryFlippedBitOfABatch) {
  for_each_record_type([]<class T>(std::type_identity<T>) { expect_flipped_bits_seen<T>(11); });
}

TEST(Codec, SurvivesRandomBytesWithoutReadingBeyondThem) {
  for_each_record_type([]<class T>(std::type_identity<T>) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed)
      expect_random_bytes_survived<T>(seed);
  });
}

TEST(Codec, WritesScalarsLittleEndian) {
  EXPECT_EQ(hex_of(std::uint32_t{0x01020304}), "04030201");
  EXPECT_EQ(hex_of(std::int16_t{-2}), "feff");
  EXPECT_EQ(hex_of(1.0), "000000000000f03f");
  EXPECT_EQ(hex_of(colour::green), "2c01");
  EXPECT_EQ(hex_of(true), "01");
}

TEST(Codec, WritesCompositesAsDrawn) {
  EXPECT_EQ(hex_of(std::string{"crema"}), "056372656d61");
  EXPECT_EQ(hex_of(std::string(200, 'a')).substr(0, 6), "c80161");
  EXPECT_EQ(hex_of(std::pair{std::uint8_t{7}, std::string{"x"}}), "070178");
  EXPECT_EQ(hex_of(std::tuple{true, std::uint16_t{1}, std::uint8_t{2}}), "01010002");
  EXPECT_EQ(hex_of(std::optional<std::uint8_t>{}), "00");
  EXPECT_EQ(hex_of(std::optional<std::uint8_t>{9}), "0109");
  EXPECT_EQ(hex_of(std::variant<std::monostate, std::uint16_t>{std::uint16_t{5}}), "010500");
  EXPECT_EQ(hex_of(std::array<std::uint16_t, 2>{1, 2}), "01000200");
  EXPECT_EQ(hex_of(std::vector<std::uint16_t>{1, 2}), "0201000200");
  EXPECT_EQ(hex_of(std::vector<bool>{true, false, false, true, false, false, false, false, true}), "090901");
  EXPECT_EQ(hex_of(std::map<std::uint8_t, std::string>{{2, "b"}, {1, "a"}}), "02010161020162");
  EXPECT_EQ(hex_of(std::tuple<>{}), "00");
  EXPECT_EQ(hex_of(nothing{}), "00");
}

TEST(Codec, WritesABatchAsDrawn) {
  EXPECT_EQ(hex(batch_of(std::vector<std::uint16_t>{1, 2})),
            "4352420100000000" // CRB, version 1, packed
            "625effc5c0534d12" // checksum
            "0200000000000000" // records
            "0400000000000000" // bytes that follow
            "01000200");
  EXPECT_EQ(hex(batch_of(words{"a", "bc"})),
            "4352420101000000" // field by field
            "5429f871e2988701"
            "0200000000000000"
            "0500000000000000"
            "0161"
            "026263");
}

TEST(Codec, WritesPackedRecordsInOneCopy) {
  static_assert(packed<std::pair<std::uint64_t, std::uint64_t>>);
  static_assert(packed<std::array<std::pair<int, float>, 4>>);
  static_assert(packed<reading>);
  static_assert(!packed<std::pair<int, std::uint64_t>>); // padding
  static_assert(!packed<std::optional<int>> && !packed<std::variant<int, char>> && !packed<std::tuple<int>>);
  static_assert(!packed<bool> && !packed<flag> && !packed<nothing> && !packed<std::string>);
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> records{{1, 2}, {3, 4}};
  EXPECT_EQ(hex(batch_of(records)).substr(2 * batch_header_size), "01000000020000000300000004000000");
}

TEST(Codec, AcceptsRecordsWithoutADefaultConstructor) {
  const std::vector<sealed_reading> records{sealed_reading{1}, sealed_reading{-5}};
  EXPECT_EQ(records_of<sealed_reading>(batch_of(records)), records);
  const std::array<sealed_reading, 2> pair{sealed_reading{3}, sealed_reading{4}};
  const auto bytes = bytes_of(pair);
  byte_reader in{bytes};
  EXPECT_TRUE((codec<std::array<sealed_reading, 2>>::decode(in) == pair));
}

TEST(Codec, RefusesTypesThatMeanNothingElsewhere) {
  static_assert(
    !encodable<std::string_view> && !encodable<std::span<int>> && !encodable<const char*> && !encodable<int*>);
  static_assert(!encodable<int&> && !encodable<std::reference_wrapper<int>> && !encodable<std::vector<int>::iterator>);
  static_assert(!encodable<std::unique_ptr<int>> && !encodable<std::shared_ptr<int>> && !encodable<void (*)()>);
  static_assert(!encodable<with_text_view> && !encodable<with_pointer> && !encodable<with_inner_pointer>);
  static_assert(!encodable<with_optional_view>);
  static_assert(!encodable<with_virtual> && !encodable<std::function<void()>> && !encodable<std::nullptr_t>);
  static_assert(!encodable<derived_vector>); // its member would be lost
  static_assert(!encodable<std::vector<std::string_view>> && !encodable<std::map<int, with_pointer>>);
  static_assert(!encodable<std::pair<int, int*>> && !encodable<std::optional<std::string_view>>);
  static_assert(!encodable<std::variant<int, const char*>> && !encodable<std::tuple<int&>>);
  static_assert(encodable<std::complex<float>> && encodable<std::chrono::system_clock::time_point>);
}

TEST(Codec, AppendsBatchAfterBatch) {
  byte_writer out;
  for (const auto& part : {words{"a", "b"}, words{}, words{"c"}})
    encode_records(std::span<const std::string>{part}, out);
  byte_reader in{out.bytes()};
  words all{"0"};
  while (in.remaining() != 0)
    decode_records(in, all);
  EXPECT_EQ(all, (words{"0", "a", "b", "c"}));
}

TEST(Codec, ReadsABatchRecordByRecord) {
  const auto bytes = batch_of(words{"a", "b", "c"});
  byte_reader in{bytes};
  batch_reader<std::string> batch{in};
  EXPECT_EQ(in.remaining(), 0U);
  EXPECT_EQ(batch.left(), 3U);
  EXPECT_EQ(batch.next(), "a");
  words rest;
  batch.read_all(rest);
  EXPECT_EQ(rest, (words{"b", "c"}));
  EXPECT_EQ(batch.left(), 0U);
}

TEST(Codec, SaysWhatIsWrongWithABatch) {
  const auto good = batch_of(words{"a", "bc"});
  const auto altered = [&good](std::size_t at, int value) {
    auto bytes = good;
    bytes[at] = static_cast<std::byte>(value);
    return bytes;
  };
  expect_corrupt([&] { records_of<std::string>(altered(0, 'X')); }, "no batch of records begins here");
  expect_corrupt([&] { records_of<std::string>(altered(3, 9)); }, "a batch of version 9, this build reads version 1");
  expect_corrupt([&] { records_of<int>(good); },
                 "a batch whose records are field by field, where they should be packed");
  expect_corrupt([&] { records_of<std::string>(altered(24, 99)); }, "a batch of 99 bytes is cut off");
  expect_corrupt([&] { records_of<std::string>(altered(33, 'b')); }, "checksum of a batch differs");
  expect_corrupt([&] { records_of<std::string>({}); }, "the bytes end early: 32 wanted, 0 left");
}

TEST(Codec, RefusesABatchOfAnotherType) {
  expect_corrupt(
    [] {
      records_of<std::uint32_t>(batch_of(std::vector<std::uint64_t>{1, 2}));
    },
    "does not fit its length");
  expect_corrupt([] { records_of<std::vector<int>>(batch_of(words{"a"})); });
  expect_corrupt([] { records_of<bool>(batch_of(words{"a", "b"})); });
}

TEST(Codec, LeavesTheVectorAsItWasWhenARecordIsBroken) {
  auto bytes = batch_of(words{"first", "second"});
  bytes[batch_header_size + 6] = std::byte{100}; // the length of "second"
  byte_writer out;                               // the same with a checksum that is right
  const auto start = begin_batch(out, batch_kind::fields, 2);
  out.put(bytes.data() + batch_header_size, bytes.size() - batch_header_size);
  end_batch(out, start);
  byte_reader in{out.bytes()};
  words known{"known"};
  expect_corrupt([&] { decode_records(in, known); }, "more than the remaining bytes can hold");
  EXPECT_EQ(known, words{"known"});
}

TEST(Codec, RefusesImpossibleValues) {
  expect_corrupt_value<bool>("02", "a bool is neither 0 nor 1");
  expect_corrupt_value<flag>("ff", "a bool is neither 0 nor 1");
  expect_corrupt_value<std::optional<int>>("0201000000", "a bool is neither 0 nor 1");
  expect_corrupt_value<std::variant<char, bool>>("0200", "a variant has no such alternative");
  expect_corrupt_value<std::set<std::uint8_t>>("020505", "a key is there twice");
  expect_corrupt_value<std::unordered_map<std::uint8_t, bool>>("0205000501", "a key is there twice");
  expect_corrupt_value<std::vector<bool>>("0102", "a bit beyond the end");
  expect_corrupt_value<std::vector<bool>>("ffffffffffffffffff0100", "the bytes end early");
  expect_corrupt_value<std::string>("ffffffffffffffffffff01", "does not fit in 64 bits");
  expect_corrupt_value<std::string>("ffffffffffffffffff02", "does not fit in 64 bits");
}

TEST(Codec, RestoresNumbersOfEveryLength) {
  byte_writer out;
  std::vector<std::uint64_t> numbers{0, 127, 128, ~std::uint64_t{0}};
  for (int shift = 0; shift < 64; ++shift)
    numbers.push_back(std::uint64_t{1} << shift);
  for (const auto number : numbers)
    out.varint(number);
  byte_reader in{out.bytes()};
  for (const auto number : numbers)
    EXPECT_EQ(in.varint(), number);
  EXPECT_EQ(in.remaining(), 0U);
}

namespace {

std::size_t largest_allocation = 0;

template <class T>
struct watched {
  using value_type = T;
  watched() = default;
  template <class U>
  watched(const watched<U>&) {}
  T* allocate(std::size_t n) {
    largest_allocation = std::max(largest_allocation, n * sizeof(T));
    return std::allocator<T>{}.allocate(n);
  }
  void deallocate(T* memory, std::size_t n) { std::allocator<T>{}.deallocate(memory, n); }
  bool operator==(const watched&) const = default;
};

template <class T>
void expect_small_allocations() {
  random_source rng{17};
  for (int i = 0; i < 500; ++i) {
    byte_writer bytes;
    bytes.varint(rng() >> rng() % 64); // some count
    for (auto n = rng() % 40; n > 0; --n)
      bytes.put_byte(static_cast<std::uint8_t>(rng() % 3 == 0 ? rng() : 0));
    byte_reader in{bytes.bytes()};
    largest_allocation = 0;
    try {
      static_cast<void>(codec<T>::decode(in));
    } catch (const error& e) {
      ASSERT_EQ(e.code(), errc::corrupt_data);
    }
    ASSERT_LE(largest_allocation, 64 * bytes.size() + 4096) << "iteration " << i;
  }
}

} // namespace

TEST(Codec, AllocatesNoMoreThanTheBytesJustify) {
  using text = std::basic_string<char, std::char_traits<char>, watched<char>>;
  using big = std::optional<std::array<char, 1000>>;
  expect_small_allocations<std::vector<int, watched<int>>>();
  expect_small_allocations<text>();
  expect_small_allocations<std::vector<std::string, watched<std::string>>>();
  expect_small_allocations<std::vector<std::tuple<>, watched<std::tuple<>>>>();
  expect_small_allocations<
    std::unordered_map<int, int, std::hash<int>, std::equal_to<>, watched<std::pair<const int, int>>>>();
  // 1,000 bytes for one that says "nothing": room grows with what is really there, not with the count.
  byte_writer bytes;
  bytes.varint(200);
  bytes.put(std::string(200, '\2').data(), 200);
  byte_reader in{bytes.bytes()};
  largest_allocation = 0;
  expect_corrupt([&] { codec<std::vector<big, watched<big>>>::decode(in); });
  EXPECT_LE(largest_allocation, 10'000U);
}

TEST(ByteWriter, GrowsTruncatesAndKeepsItsBytes) {
  byte_writer out;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string part(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    out.put(part.data(), part.size());
    expected += part;
  }
  byte_writer moved = std::move(out);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(moved.bytes().data()), moved.size()), expected);
  moved.truncate(3);
  EXPECT_EQ(moved.size(), 3U);
  moved.clear();
  EXPECT_TRUE(moved.bytes().empty());
}
