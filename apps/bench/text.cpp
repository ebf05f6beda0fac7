#include "apps/bench/inputs.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <unordered_set>
#include <vector>

namespace crema::bench {

namespace {

/// Yields the random numbers of one sequence in turn.
class dice {
public:
  explicit dice(std::uint64_t seed) : seed_{seed} {}
  std::uint64_t roll() { return random_at(seed_, next_++); }
  std::uint64_t below(std::uint64_t bound) { return scaled_to(roll(), bound); }

private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

// Frequent words are short, as in languages: about 5.4 letters per word of running text.
std::size_t word_length(std::size_t rank, dice& random) {
  if (rank < 100)
    return 2 + random.below(3);
  if (rank < 10'000)
    return 3 + random.below(6);
  return 4 + random.below(9);
}

std::string random_word(std::size_t rank, dice& random) {
  std::string word(word_length(rank, random), ' ');
  for (auto& letter : word)
    letter = static_cast<char>('a' + random.below(26));
  if (rank % 50 == 7)
    word.replace(word.size() - 2, 2, "é");
  if (rank % 50 == 8)
    word.back() = static_cast<char>('0' + random.below(10));
  return word;
}

std::vector<std::string> vocabulary(std::size_t size, dice& random) {
  std::unordered_set<std::string> known;
  known.reserve(size);
  std::vector<std::string> words;
  words.reserve(size);
  while (words.size() < size)
    if (auto word = random_word(words.size(), random); known.insert(word).second)
      words.push_back(std::move(word));
  return words;
}

/// Ranks with a chance proportional to 1 / (rank + 1), by Walker's alias method.
class zipf {
public:
  explicit zipf(std::size_t ranks) : cells_(ranks) {
    double total = 0;
    for (std::size_t rank = 0; rank < ranks; ++rank)
      total += 1.0 / static_cast<double>(rank + 1);
    std::vector<double> chance(ranks);
    std::vector<std::uint32_t> poor, rich;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      chance[rank] = static_cast<double>(ranks) / (static_cast<double>(rank + 1) * total);
      (chance[rank] < 1 ? poor : rich).push_back(static_cast<std::uint32_t>(rank));
    }
    for (const auto& all : {poor, rich})
      for (const auto rank : all)
        cells_[rank] = {1, rank};
    while (!poor.empty() && !rich.empty()) {
      const auto small = poor.back();
      const auto large = rich.back();
      poor.pop_back();
      cells_[small] = {chance[small], large};
      chance[large] -= 1 - chance[small];
      if (chance[large] < 1) {
        rich.pop_back();
        poor.push_back(large);
      }
    }
  }

  std::size_t draw(dice& random) const {
    const auto rank = random.below(cells_.size());
    const auto& drawn = cells_[rank];
    return static_cast<double>(random.roll() >> 11) * 0x1p-53 < drawn.own_chance ? rank : drawn.alias;
  }

private:
  struct cell {
    double own_chance;
    std::uint32_t alias;
  };
  std::vector<cell> cells_;
};

struct file_closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

file_handle open_file(const std::filesystem::path& path, const char* mode) {
  file_handle file{std::fopen(path.c_str(), mode)};
  if (!file)
    throw std::runtime_error{"cannot open " + path.string() + ": check --data"};
  return file;
}

void append_word(std::string& text, const std::string& word, std::uint64_t chance) {
  const auto start = text.size();
  text += word;
  if (chance % 16 == 0 && text[start] >= 'a' && text[start] <= 'z')
    text[start] = static_cast<char>(text[start] - 'a' + 'A');
  if (chance % 10 == 0)
    text += (chance % 20 == 0 ? ".\n" : "\n");
  else
    text += (chance % 12 == 1 ? ", " : " ");
}

void write_text(const std::filesystem::path& path, const workload_config& config) {
  const auto size = config.scaled(text_bytes);
  dice random{config.seed};
  const auto words = vocabulary(std::max<std::size_t>(1000, config.scaled(text_words)), random);
  const zipf ranks{words.size()};
  const auto file = open_file(path, "wb");
  std::string text;
  for (std::size_t written = 0; written < size; written += text.size()) {
    text.clear();
    while (text.size() < 1'000'000 && written + text.size() < size)
      append_word(text, words[ranks.draw(random)], random.below(240));
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size())
      throw std::runtime_error{"cannot write " + path.string() + ": is the disk full? Choose another --data"};
  }
}

void read_once(const std::filesystem::path& path) {
  const auto file = open_file(path, "rb");
  std::vector<char> block(1 << 20);
  while (std::fread(block.data(), 1, block.size(), file.get()) > 0) {
  }
}

} // namespace

std::string text_path(const workload_config& config) {
  const auto name = fmt::format("text-{}-{}.txt", config.seed, config.scaled(text_bytes));
  return (std::filesystem::path{config.data} / name).string();
}

std::string text_file(const workload_config& config) {
  auto path = text_path(config);
  if (!std::filesystem::exists(path)) {
    const auto unfinished = path + ".unfinished";
    write_text(unfinished, config);
    std::filesystem::rename(unfinished, path);
  }
  read_once(path);
  return path;
}

} // namespace crema::bench
