#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using input = std::vector<std::uint8_t>;

// Found from the root of the repository, where tests run. CREMA_FUZZ_TARGET is the target's name.
std::vector<input> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{"tests/fuzz/corpus/" CREMA_FUZZ_TARGET})
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<input> inputs;
  for (const auto& path : paths) {
    std::ifstream file{path, std::ios::binary};
    inputs.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return inputs;
}

void mutate(input& bytes, std::mt19937_64& rng) {
  const auto at = [&] { return static_cast<std::ptrdiff_t>(rng() % (bytes.size() + 1)); };
  const std::uint8_t odd[] = {0, 1, 2, 0x7f, 0x80, 0xff, static_cast<std::uint8_t>(rng())};
  switch (rng() % 5) {
  case 0:
    bytes.resize(static_cast<std::size_t>(at()));
    break;
  case 1:
    bytes.insert(bytes.begin() + at(), odd[rng() % std::size(odd)]);
    break;
  case 2:
    bytes.insert(bytes.end(), bytes.begin() + at(), bytes.end());
    break;
  case 3:
    bytes.erase(bytes.begin() + at(), bytes.end());
    break;
  default:
    if (!bytes.empty())
      bytes[rng() % bytes.size()] = odd[rng() % std::size(odd)];
  }
  if (bytes.size() > 4096)
    bytes.resize(4096);
}

} // namespace

// The target aborts when a promise is broken, and the sanitizers do when memory is.
TEST(Fuzz, SurvivesItsCorpus) {
  const auto inputs = corpus();
  ASSERT_GE(inputs.size(), 10U);
  for (const auto& bytes : inputs)
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

TEST(Fuzz, SurvivesMutationsOfItsCorpus) {
  const auto inputs = corpus();
  constexpr std::uint64_t seed = 20'240'611;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 rng{seed};
  for (const auto& original : inputs)
    for (int round = 0; round < 40; ++round) {
      auto bytes = original;
      for (auto steps = 1 + rng() % 6; steps > 0; --steps) {
        mutate(bytes, rng);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      }
    }
}
