#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Random programs over datasets of pairs, and an oracle that runs them with plain vectors.

namespace crema::testing {

using record = std::pair<long, long>;
using records = std::vector<record>;

/// One operation: dataset i of a program is the result of its step i, made of the earlier datasets a and b.
struct step {
  std::string_view what;
  std::size_t a = 0;
  std::size_t b = 0;
  int n = 0;      ///< partitions, or how many records
  long c = 0;     ///< whatever number the operation takes
  records data{}; ///< of a source
};

/// What is promised about a dataset. A partition whose members are not known is empty here, and all records are in the
/// first one; where the order is not known, it is any.
struct model {
  std::vector<records> parts;
  bool members = true; ///< known which record is in which partition
  bool order = true;   ///< known in which order the records come

  records all() const;
};

struct program {
  std::vector<step> steps;
  std::vector<model> models; ///< of each step
  std::vector<step> actions; ///< on dataset a
};

/// Of up to nine steps and two actions; datasets stay below a few thousand records.
program random_program(std::uint64_t seed);

/// What an action gives, flattened into records: exactly these, or in any order (`sorted` then).
records expected(const model& of, const step& action);

/// The program as text, a line for each step.
std::string to_text(const program& p);

/// What both sides compute with; all stay small.
constexpr long clip(long x) {
  return x % 10007;
}
constexpr long floored(long x, long modulus) {
  return (x % modulus + modulus) % modulus;
}

/// What an action gives that needs a record where there is none.
inline const records nothing_there{{-1, -1}};

} // namespace crema::testing
