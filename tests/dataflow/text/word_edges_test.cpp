#include "dataflow/text/word_edges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

using find_function = void (*)(word_rule, std::string_view, char*, std::uint64_t*);

/// All edges, and the lowercased line where the rule has one.
std::pair<std::vector<std::uint64_t>, std::string> found(find_function find, word_rule rule, std::string_view line) {
  std::vector<std::uint64_t> edges(line.size() / 64 + 2, ~std::uint64_t{0});
  std::string lowered(line.size() / 64 * 64 + 64, '?');
  find(rule, line, lowered.data(), edges.data());
  lowered.resize(rule == word_rule::letters ? line.size() : 0);
  return {std::move(edges), std::move(lowered)};
}

std::string random_bytes(std::mt19937& random, std::size_t size) {
  static constexpr std::string_view common = " \t\n09azAZ\x80\xff";
  std::string bytes(size, ' ');
  const bool from_all = random() % 2 == 0;
  std::generate(bytes.begin(), bytes.end(),
                [&] { return from_all ? static_cast<char>(random()) : common[random() % common.size()]; });
  return bytes;
}

/// A page between two that must not be touched.
class guarded_page {
public:
  guarded_page()
      : size_{static_cast<std::size_t>(sysconf(_SC_PAGESIZE))},
        pages_{static_cast<char*>(mmap(nullptr, 3 * size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))} {
    mprotect(begin(), size_, PROT_READ | PROT_WRITE);
  }
  ~guarded_page() { munmap(pages_, 3 * size_); }
  guarded_page(const guarded_page&) = delete;
  guarded_page& operator=(const guarded_page&) = delete;

  char* begin() const { return pages_ + size_; }
  char* end() const { return begin() + size_; }

private:
  std::size_t size_;
  char* pages_;
};

} // namespace

TEST(WordEdges, AreWhereWordsBeginAndEndAndTwiceBehindTheLine) {
  for (const auto find : {find_word_edges, find_word_edges_baseline}) {
    const auto [edges, lowered] = found(find, word_rule::letters, "Ab c");
    EXPECT_EQ(edges[0], 0b1111101U); // Ab: 0 and 2, c: 3 and 4, then 5 and 6
    EXPECT_EQ(edges[1], 0U);
    EXPECT_EQ(lowered, "ab c");
    EXPECT_EQ(found(find, word_rule::no_spaces, {}).first[0], 0b110U);
  }
}

TEST(WordEdges, AreTheSameWithAndWithoutWideVectors) {
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const auto line = random_bytes(random, random() % 300);
    for (const auto rule : {word_rule::no_spaces, word_rule::letters})
      ASSERT_EQ(found(find_word_edges, rule, line), found(find_word_edges_baseline, rule, line));
  }
}

TEST(WordEdges, AreFoundWithoutTouchingAnotherPage) {
  const guarded_page page;
  std::mt19937 random{1};
  for (std::size_t size = 0; size != 200; ++size)
    for (auto* const at : {page.begin(), page.end() - size}) {
      const auto line = random_bytes(random, size);
      std::copy(line.begin(), line.end(), at);
      for (const auto find : {find_word_edges, find_word_edges_baseline})
        for (const auto rule : {word_rule::no_spaces, word_rule::letters})
          ASSERT_EQ(found(find, rule, {at, size}), found(find, rule, line));
    }
}

} // namespace crema::internal
