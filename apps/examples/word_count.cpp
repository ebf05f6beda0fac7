#include "apps/examples/word_count.hpp"

#include "apps/examples/program/program.hpp"

// Counts the words of text files. What is printed streams through, so memory stays bounded whatever is asked for.

using namespace crema::examples;

namespace {

/// Up to here the most frequent words are found by keeping the best; beyond, by sorting all.
constexpr std::int64_t most_kept = 10'000;

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> uris;
  std::int64_t top = 20;
  std::string directory;

  program word_count{"word_count", "Prints the words of text files, most frequent first: count<TAB>word."};
  word_count.arguments("URI", uris, "files, directories or globs");
  word_count.option("--top", top, 0, "how many words to print; 0 for all");
  word_count.option("--output", directory, "a new directory that gets the counts of all words, too");

  return word_count.run(argc, argv, [&](crema::context& ctx, output& out) {
    const auto totals = count_words(ctx, comma_list(uris));
    const auto print = [&out](const word_total& total) { out.line(total.second, '\t', total.first); };
    if (directory.empty() && top != 0 && top <= most_kept) {
      for (const auto& total : most_frequent(totals, top))
        print(total);
      return;
    }
    auto sorted = by_frequency(totals);
    if (!directory.empty())
      sorted.cache().map(total_line{}).save_as_text_file(directory);
    std::int64_t printed = 0;
    for (const auto& total : sorted.to_local_iterator()) {
      print(total);
      if (++printed == top)
        break;
    }
  });
}
