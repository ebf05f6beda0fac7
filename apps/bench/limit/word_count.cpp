#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/word_table.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <unordered_map>

namespace crema::bench::limit {

namespace {

constexpr std::size_t piece_size = 64 << 10;
constexpr std::size_t margin = 256; // read behind a piece, for the word that goes on there

class text_input {
public:
  explicit text_input(const std::string& path) : descriptor_{open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    const auto end = descriptor_ < 0 ? -1 : lseek(descriptor_, 0, SEEK_END);
    if (end < 0)
      throw std::system_error{errno, std::generic_category(), path};
    size_ = static_cast<std::size_t>(end);
  }
  ~text_input() { ::close(descriptor_); }
  text_input(const text_input&) = delete;
  text_input& operator=(const text_input&) = delete;

  std::size_t size() const { return size_; }

  /// Fills [to, to + count) as far as the file goes.
  void read(unsigned char* to, std::size_t count, std::size_t at) const {
    while (count > 0) {
      const auto got = pread(descriptor_, to, count, static_cast<off_t>(at));
      if (got < 0)
        throw std::system_error{errno, std::generic_category(), "reading the text"};
      if (got == 0)
        return;
      to += got;
      at += static_cast<std::size_t>(got);
      count -= static_cast<std::size_t>(got);
    }
  }

private:
  int descriptor_;
  std::size_t size_ = 0;
};

using long_words = std::unordered_map<std::string, std::uint64_t>;

/// One thread's share of the work: counts the words that begin in its pieces.
class counter {
public:
  explicit counter(const text_input& input) : input_{input}, table_{14} {}

  /// `begin` is the piece's place in the file.
  void count_piece(std::size_t begin) {
    const auto end = std::min(begin + piece_size, input_.size());
    // The byte before tells whether the piece begins inside a word of the piece before.
    const auto from = begin == 0 ? 0 : begin - 1;
    find_edges(from, end);
    const bool goes_on = begin > 0 && edge_count_ > 0 && edges_[0] == 0;
    count_words(goes_on ? 2 : 0, static_cast<std::uint32_t>(end - from));
  }

  const word_table& table() const { return table_; }
  const long_words& rest() const { return long_; }

private:
  /// Reads the piece and the words that go on behind it; edges_ becomes begin, end, begin, end, … of all words.
  void find_edges(std::size_t from, std::size_t end) {
    for (auto behind = margin;; behind *= 16) {
      const auto stop = std::min(end + behind, input_.size());
      const auto size = stop - from;
      text_.resize(size + 128);
      std::fill(text_.end() - 128, text_.end(), ' ');
      input_.read(text_.data(), size, from);
      edges_.resize(size + 256);
      std::uint64_t carry = 0;
      edge_count_ = 0;
      for (std::size_t at = 0; at < size + 1; at += 64) {
        const auto words = lowercase_words(&text_[at]);
        edge_count_ +=
          write_indices(words ^ ((words << 1) | carry), static_cast<std::uint32_t>(at), &edges_[edge_count_]);
        carry = words >> 63;
      }
      // All is well unless the last word touches the margin's end and began in the piece.
      if (stop == input_.size() || edge_count_ == 0 || edges_[edge_count_ - 1] < size
          || edges_[edge_count_ - 2] >= end - from)
        return;
    }
  }

  void count_words(std::size_t edge, std::uint32_t end) {
    auto last = edge_count_;
    while (last > edge && edges_[last - 2] >= end)
      last -= 2;
    for (; edge < last; edge += 2 * batch)
      count_batch(&edges_[edge], std::min(batch, (last - edge) / 2));
  }

  void count_batch(const std::uint32_t* edges, std::size_t count) {
    short_word words[batch];
    std::uint64_t hashes[batch];
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto begin = edges[2 * i];
      const auto length = edges[2 * i + 1] - begin;
      if (length > 16) [[unlikely]] {
        ++long_[std::string(reinterpret_cast<const char*>(&text_[begin]), length)];
        continue;
      }
      words[kept] = load_word(&text_[begin], length);
      hashes[kept] = word_table_hash(words[kept]);
      table_.prefetch(hashes[kept]);
      ++kept;
    }
    for (std::size_t i = 0; i < kept; ++i)
      table_.add(words[i], hashes[i], 1);
  }

  static constexpr std::size_t batch = 64;

  const text_input& input_;
  word_table table_;
  long_words long_;
  std::vector<unsigned char> text_;
  std::vector<std::uint32_t> edges_;
  std::size_t edge_count_ = 0;
};

bag_digest digest_of(const word_table& table) {
  bag_digest digest;
  table.for_each(0, 1, [&](const short_word& word, std::uint64_t, std::uint32_t count) {
    const auto* text = reinterpret_cast<const char*>(&word);
    digest.add(count, word_hash({text, strnlen(text, 16)}, count));
  });
  return digest;
}

/// The counts of the words that hash into share `part`, of all counters together.
bag_digest merged(const std::vector<counter>& counters, unsigned part) {
  const auto parts = static_cast<unsigned>(counters.size());
  if (parts == 1)
    return digest_of(counters[0].table());
  // As wide as theirs: of it, only the share's lines are ever touched.
  word_table all{counters[0].table().bits()};
  for (const auto& one : counters)
    one.table().for_each(part, parts, [&](const short_word& word, std::uint64_t hash, std::uint32_t count) {
      all.add(word, hash, count);
    });
  return digest_of(all);
}

bag_digest digest_of_long(const std::vector<counter>& counters) {
  long_words all;
  for (const auto& one : counters)
    for (const auto& [word, count] : one.rest())
      all[word] += count;
  bag_digest digest;
  for (const auto& [word, count] : all)
    digest.add(count, word_hash(word, count));
  return digest;
}

} // namespace

outcome word_count(const workload_config& config) {
  const text_input input{text_file(config)};
  const measuring clock;
  std::vector<counter> counters;
  for (unsigned t = 0; t < config.threads; ++t)
    counters.emplace_back(input);
  std::atomic<std::size_t> next = 0;
  on_threads(config.threads, [&](unsigned t) {
    for (std::size_t at = 0; (at = next.fetch_add(piece_size)) < input.size();)
      counters[t].count_piece(at);
  });
  std::vector<bag_digest> digests(config.threads);
  on_threads(config.threads, [&](unsigned t) { digests[t] = merged(counters, t); });
  auto all = digest_of_long(counters);
  for (const auto& digest : digests)
    all += digest;
  return clock.stop(all.text());
}

} // namespace crema::bench::limit
