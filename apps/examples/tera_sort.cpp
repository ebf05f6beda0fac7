#include "apps/examples/tera_sort.hpp"
#include "apps/examples/program/program.hpp"

#include <cstdio>

using namespace crema::examples;

namespace {

void print(output& out, const record_sum& sum) {
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(sum.sum));
  out.line(sum.records, " records, checksum ", hex.data());
}

/// `sorted` in order and, where `unsorted` is named, the same records.
void check(const crema::context& ctx, const std::string& unsorted, const std::string& sorted, output& out) {
  const auto found = check_records(ctx, record_input{sorted});
  print(out, found.sum);
  out.flush();
  if (found.disorder)
    throw crema::error{crema::errc::corrupt_data, "\"" + sorted + "\" is not sorted: record "
                                                    + std::to_string(*found.disorder) + " is less than the one before"};
  if (!unsorted.empty() && check_records(ctx, record_input{unsorted}).sum != found.sum)
    throw crema::error{crema::errc::corrupt_data,
                       "\"" + sorted + "\" does not hold the records of \"" + unsorted + "\""};
}

} // namespace

int main(int argc, char** argv) {
  std::string first, second;
  std::int64_t generate = -1, seed = 1;
  bool checks = false;

  program command{"tera_sort", "Sorts 100-byte records by the 10 bytes they begin with: tera_sort INPUT OUTPUT.\n"
                               "Makes random ones: tera_sort --generate N OUTPUT.\n"
                               "Validates order and checksum: tera_sort --check [INPUT] OUTPUT."};
  command.argument("INPUT", first, "a file, or a directory of files, of 100-byte records");
  command.argument("OUTPUT", second, "a new directory for the sorted records", false);
  command.option("--generate", generate, 0, "how many random records to write");
  command.option("--seed", seed, 0, "of the random records");
  command.flag("--check", checks, "whether OUTPUT is sorted and, if there is an INPUT, holds the same records");

  return command.run(argc, argv, [&](crema::context& ctx, output& out) {
    const bool generates = generate >= 0;
    if (generates && (checks || !second.empty()))
      throw usage_error{"--generate takes one directory and no --check"};
    if (generates)
      print(out, write_records(ctx.range(0, generate).map(random_record{static_cast<std::uint64_t>(seed)}), first));
    else if (checks)
      check(ctx, second.empty() ? "" : first, second.empty() ? first : second, out);
    else if (second.empty())
      throw usage_error{"OUTPUT is required"};
    else
      print(out, write_records(sorted_by_key(read_records(ctx, record_input{first})), second));
  });
}
