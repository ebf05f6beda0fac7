#include "dataflow/block/boost_codec.hpp"

#include "dataflow/error.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/serialization/access.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/string.hpp>

#include <gtest/gtest.h>

namespace {

struct visit {
  std::string page;
  std::map<std::string, int> clicks;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& page& clicks;
  }
  bool operator==(const visit&) const = default;
};

/// The idiom of Boost's own documentation: nobody but Boost may call it.
class shy {
public:
  shy() = default;
  explicit shy(int value) : value_{value} {}
  bool operator==(const shy&) const = default;

private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, const unsigned) {
    archive& value_;
  }
  int value_ = 0;
};

/// Trivially copyable, but only half of it is to be kept.
struct half {
  int kept = 0;
  int dropped = 0;
};

template <class Archive>
void serialize(Archive& archive, half& record, unsigned) {
  archive& record.kept;
}

struct shares {
  std::shared_ptr<shy> number;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& number;
  }
};

struct foreign {
  std::string text;
  bool operator==(const foreign&) const = default;
};

struct unrelated {
  int value = 0;
  std::string serialize() const { return "my own"; }
};

struct fails {
  template <class Archive>
  void save(Archive&, unsigned) const {
    throw std::runtime_error{"save fails"};
  }
  template <class Archive>
  void load(Archive&, unsigned) {}
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

struct reads_more {
  bool more = false;
  template <class Archive>
  void save(Archive& archive, unsigned) const {
    archive & 1;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    int value = 0;
    archive& value& value& value;
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

} // namespace

namespace boost::serialization {
template <class Archive>
void serialize(Archive& archive, foreign& record, unsigned) {
  archive& record.text;
}
} // namespace boost::serialization

template <>
inline constexpr bool crema::archived_record<foreign> = true;

using namespace crema;
using namespace crema::internal;

namespace {

template <class T>
byte_writer batch_of(const std::vector<T>& records) {
  byte_writer out;
  encode_records(std::span<const T>{records}, out);
  return out;
}

template <class T>
std::vector<T> restored(const std::vector<T>& records) {
  const auto batch = batch_of(records);
  byte_reader in{batch.bytes()};
  std::vector<T> again;
  decode_records(in, again);
  EXPECT_EQ(in.remaining(), 0U);
  return again;
}

template <class T>
void expect_restored(const std::vector<T>& records) {
  EXPECT_TRUE(restored(records) == records);
}

} // namespace

TEST(BoostCodec, RestoresRecordsThatSerialize) {
  expect_restored<visit>({{"/", {{"a", 1}, {"b", 2}}}, {"/about", {}}});
  expect_restored<shy>({shy{1}, shy{2}, shy{3}});
  expect_restored<foreign>({{"x"}, {}});
  expect_restored<visit>({});
}

TEST(BoostCodec, RestoresThemInsideOfOtherRecords) {
  expect_restored<std::pair<int, std::vector<visit>>>({{1, {{"/", {{"a", 1}}}, {}}}, {2, {}}, {3, {{"/x", {}}}}});
  expect_restored<std::map<std::string, std::optional<shy>>>({{{"a", shy{1}}, {"b", std::nullopt}}, {}});
  static_assert(codec<std::map<std::string, std::optional<shy>>>::archived);
}

TEST(BoostCodec, PrefersSerializeToBytes) {
  static_assert(archived_record<half> && !raw_record<half>);
  const auto again = restored<half>({{1, 2}});
  EXPECT_EQ(again.at(0).kept, 1);
  EXPECT_EQ(again.at(0).dropped, 0);
}

TEST(BoostCodec, IgnoresAnUnrelatedFunctionOfThatName) {
  static_assert(!archived_record<unrelated> && raw_record<unrelated>);
}

TEST(BoostCodec, KeepsOneArchivePerBatch) {
  const auto number = std::make_shared<shy>(7);
  const auto again = restored<shares>({{number}, {number}, {nullptr}});
  EXPECT_TRUE(*again.at(0).number == shy{7});
  EXPECT_EQ(again.at(0).number, again.at(1).number);
  EXPECT_EQ(again.at(2).number, nullptr);
  // What a class is gets described once: the second record costs its content alone.
  const auto one = batch_of<visit>({{"/", {}}}).size();
  const auto two = batch_of<visit>({{"/", {}}, {"/", {}}}).size();
  const auto three = batch_of<visit>({{"/", {}}, {"/", {}}, {"/", {}}}).size();
  EXPECT_EQ(three - two, two - one);
  EXPECT_LT(two - one, one - batch_header_size - 8);
}

TEST(BoostCodec, WritesASingleValueWithAnArchiveOfItsOwn) {
  byte_writer out;
  codec<visit>::encode({"/", {{"a", 1}}}, out);
  codec<visit>::encode({"/next", {}}, out);
  byte_reader in{out.bytes()};
  EXPECT_EQ(codec<visit>::decode(in), (visit{"/", {{"a", 1}}}));
  EXPECT_EQ(codec<visit>::decode(in), (visit{"/next", {}}));
  EXPECT_EQ(in.remaining(), 0U);
}

TEST(BoostCodec, LetsExceptionsOfSaveThroughAndTakesBackWhatWasWritten) {
  byte_writer out;
  out.put_byte(1);
  const std::vector<fails> records(1);
  EXPECT_THROW(encode_records(std::span<const fails>{records}, out), std::runtime_error);
  EXPECT_EQ(out.size(), 1U);
  EXPECT_EQ(out.archive(), nullptr);
}

TEST(BoostCodec, RefusesAnArchiveThatEndsEarly) {
  try {
    restored<reads_more>(std::vector<reads_more>(1));
    ADD_FAILURE() << "not refused";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt_data);
    EXPECT_NE(e.text().find("an archive of records cannot be read"), std::string::npos);
  }
}

TEST(BoostCodec, RefusesABatchCutAtAnyByte) {
  const auto batch = batch_of<visit>({{"/", {{"a", 1}, {"b", 2}}}, {"/about", {}}});
  for (std::size_t n = 0; n < batch.size(); ++n) {
    byte_reader in{batch.bytes().first(n)};
    std::vector<visit> records;
    EXPECT_THROW(decode_records(in, records), error);
    EXPECT_TRUE(records.empty());
  }
}
