#include "apps/examples/k_means.hpp"
#include "apps/examples/point_file.hpp"
#include "apps/examples/program/program.hpp"

using namespace crema::examples;

namespace {

constexpr std::size_t most_dimensions = 32;

struct settings {
  std::string points;
  std::int64_t k = 16, iterations = 10, dimensions = 0, seed = 1;
};

/// Points of up to D dimensions are padded to D, so that there is one inner loop for few sizes.
template <std::size_t D>
void cluster(const crema::context& ctx, const settings& wanted, output& out) {
  const auto dimensions = static_cast<std::size_t>(wanted.dimensions);
  const auto points = point_lines(ctx, wanted.points).map(parse_point<D>{dimensions}).cache();
  const auto first = random_points(points, static_cast<std::size_t>(wanted.k), static_cast<std::uint64_t>(wanted.seed));
  const auto found = k_means(ctx, points, first, static_cast<int>(wanted.iterations));
  for (std::size_t c = 0; c != found.centres.size(); ++c) {
    out.put(found.sizes[c]);
    for (std::size_t d = 0; d != dimensions; ++d) {
      out.put(d == 0 ? '\t' : ' ');
      out.put(found.centres[c][d]);
    }
    out.put('\n');
  }
  out.line("cost\t", found.cost);
}

} // namespace

int main(int argc, char** argv) {
  settings wanted;

  program command{"k_means", "Prints the centres of k clusters of points: size<TAB>coordinates; then the sum of the "
                             "squared distances."};
  command.argument("POINTS", wanted.points, "text files with a point a line: numbers between blanks or commas");
  command.option("--k", wanted.k, 1, "how many clusters", 1'000'000);
  command.option("--iterations", wanted.iterations, 0, "how often the centres move, at most", 1'000'000);
  command.option("--dimensions", wanted.dimensions, 0, "numbers in a line; 0: as many as the first has",
                 most_dimensions);
  command.option("--seed", wanted.seed, 0, "chooses the points to begin with");

  return command.run(argc, argv, [&](crema::context& ctx, output& out) {
    if (wanted.dimensions == 0) {
      const auto first = point_lines(ctx, wanted.points).first();
      wanted.dimensions = static_cast<std::int64_t>(count_numbers(first));
      if (wanted.dimensions > static_cast<std::int64_t>(most_dimensions))
        throw crema::error{crema::errc::unsupported, "points of " + std::to_string(wanted.dimensions)
                                                       + " dimensions; there may be "
                                                       + std::to_string(most_dimensions)};
    }
    if (wanted.dimensions <= 4)
      cluster<4>(ctx, wanted, out);
    else if (wanted.dimensions <= 8)
      cluster<8>(ctx, wanted, out);
    else
      cluster<most_dimensions>(ctx, wanted, out);
  });
}
