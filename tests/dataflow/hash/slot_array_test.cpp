#include "dataflow/hash/slot_array.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace crema::internal {

namespace {

/// An entry whose hash is chosen; vacant where the number is 0.
struct slot {
  std::uint64_t hash;
  std::uint64_t number;
};

bool vacant(const slot& s) {
  return s.number == 0;
}

std::uint64_t hash_of(const slot& s) {
  return s.hash;
}

void enter(slot_array<slot>& slots, const slot& entry) {
  auto at = slots.home(entry.hash);
  while (!vacant(slots[at]))
    at = slots.next(at);
  slots[at] = entry;
}

bool finds(const slot_array<slot>& slots, const slot& entry) {
  for (auto at = slots.home(entry.hash); !vacant(slots[at]); at = slots.next(at))
    if (slots[at].number == entry.number)
      return slots[at].hash == entry.hash;
  return false;
}

void expect_entries(const slot_array<slot>& slots, const std::vector<slot>& entries) {
  std::size_t used = 0;
  for (const auto& s : slots)
    used += vacant(s) ? 0 : 1;
  ASSERT_EQ(used, entries.size());
  for (const auto& entry : entries)
    ASSERT_TRUE(finds(slots, entry)) << "number " << entry.number << ", hash " << entry.hash;
}

/// Hashes all over the array, or near one place of it: the front, the end, or where runs of entries get long.
std::uint64_t random_hash(std::mt19937_64& random, unsigned kind) {
  const std::uint64_t near = random() >> (10 + kind % 50);
  switch (kind % 4) {
  case 0:
    return random();
  case 1:
    return near;
  case 2:
    return ~near;
  default:
    return random() % 2 == 0 ? near : ~near;
  }
}

} // namespace

TEST(SlotArray, FindsEveryEntryAfterItHasGrownInItsPlace) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    slot_array<slot> slots{std::size_t{2} << random() % 6};
    std::vector<slot> entries;
    const auto kind = static_cast<unsigned>(random());
    for (int growths = 0; growths != 3; ++growths) {
      const auto wanted = 1 + random() % (slots.capacity() - 1); // one slot at least stays vacant
      while (entries.size() < wanted) {
        entries.push_back({random_hash(random, kind), entries.size() + 1});
        enter(slots, entries.back());
      }
      slots.grow(random() % 2 == 0 ? 2 : 4, hash_of, vacant);
      expect_entries(slots, entries);
    }
  }
}

TEST(SlotArray, GrowsWhereAllEntriesHaveOneHash) {
  for (const std::uint64_t hash : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    slot_array<slot> slots{16};
    std::vector<slot> entries;
    for (std::uint64_t number = 1; number <= 13; ++number)
      enter(slots, entries.emplace_back(slot{hash, number}));
    slots.grow(2, hash_of, vacant);
    expect_entries(slots, entries);
  }
}

TEST(SlotArray, KeepsTheOrderOfEntriesWithOneHome) {
  slot_array<slot> slots{16};
  for (std::uint64_t number = 1; number <= 3; ++number)
    enter(slots, {std::uint64_t{9} << 60, number});
  slots.grow(4, hash_of, vacant);
  for (std::size_t i = 0; i != 3; ++i)
    EXPECT_EQ(slots[36 + i].number, i + 1) << "the first that came, likely the most frequent, is found first";
}

TEST(SlotArray, GrowsBeyondWhatIsCopied) {
  slot_array<slot> slots{std::size_t{1} << 15};
  std::mt19937_64 random{1};
  std::vector<slot> entries;
  while (slots.bytes() < std::size_t{16} << 20) {
    while (entries.size() < slots.capacity() / 2)
      enter(slots, entries.emplace_back(slot{random(), entries.size() + 1}));
    slots.grow(2, hash_of, vacant);
  }
  expect_entries(slots, entries);
}

TEST(SlotArray, IsVacantWhereItsMemoryWasGivenBack) {
  slot_array<slot> slots{std::size_t{1} << 18}; // 4 MiB
  const auto half = slots.capacity() / 2;
  slots[half - 1] = {1, 1};
  slots[half] = {2, 2};
  slots.discard_before(half);
  EXPECT_TRUE(vacant(slots[half - 1]));
  EXPECT_EQ(slots[half].number, 2U);
  slots[0] = {3, 3};
  EXPECT_EQ(slots[0].number, 3U);
}

} // namespace crema::internal
