#include "dataflow/op/text_file.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/task.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace crema::internal {

namespace {

// Large enough that the aggregation table of a task pays for itself, small enough that tasks can be balanced.
constexpr std::uint64_t largest_split = std::uint64_t{256} << 20;

} // namespace

text_file_node::layout text_file_node::plan(const std::string& uris, int min_partitions, int threads) {
  if (min_partitions < 0)
    throw error{errc::invalid_argument,
                "text_file: the number of partitions must be at least 1, not " + std::to_string(min_partitions)};
  layout found;
  found.files = resolve_inputs(uris);
  std::vector<std::uint64_t> sizes;
  for (const auto& file : found.files)
    sizes.push_back(file.size);
  found.splits =
    plan_splits(sizes, static_cast<std::size_t>(min_partitions == 0 ? threads : min_partitions), largest_split);
  return found;
}

text_file_node::text_file_node(node_info info, std::string uris, int min_partitions)
    : text_file_node{info, uris, plan(uris, min_partitions, info.context->default_parallelism())} {}

text_file_node::text_file_node(node_info info, std::string uris, layout found)
    : dataset{std::move(info), dependency::narrow, static_cast<int>(found.splits.size()), {}},
      uris_{std::move(uris)},
      layout_{std::move(found)} {}

text_file_node::~text_file_node() = default;

std::shared_ptr<const text_file_node> make_text_file(node_info info, std::string uris, int min_partitions) {
  return std::make_shared<const text_file_node>(std::move(info), std::move(uris), min_partitions);
}

text_file_node::cursor_type::cursor_type(const text_file_node& at, task_scope&, int p) {
  const auto& split = at.layout_.splits[static_cast<std::size_t>(p)];
  reader_ = std::make_unique<line_reader>(at.layout_.files[split.file].path, split.begin, split.end);
}

std::unique_ptr<block_operator> text_file_node::open(task_scope& task, int p) const {
  return std::make_unique<cursor_operator<std::string, cursor_type>>(cursor(task, p, feeding::pull));
}

template <>
struct plan_part<text_file_node::layout> {
  static void write(const text_file_node::layout& part, plan_writer& out) {
    out.bytes().varint(part.files.size());
    for (const auto& file : part.files) {
      out.put(std::filesystem::absolute(file.path).string()); // others may be in another directory
      out.bytes().varint(file.size);
    }
    out.put(part.splits);
  }

  static text_file_node::layout read(plan_reader& in) {
    text_file_node::layout part;
    for (auto files = in.bytes().count(2); files != 0; --files) {
      auto path = in.get<std::string>();
      part.files.push_back({std::move(path), in.bytes().varint()});
    }
    part.splits = in.get<std::vector<file_split>>();
    for (const auto& split : part.splits)
      if (split.file >= part.files.size() || split.begin >= split.end)
        in.bytes().fail("a part of a file that cannot be");
    return part;
  }
};

void text_file_node::write(plan_writer& out) const {
  out.node<text_file_node>(uris_, layout_);
}

std::int64_t text_file_node::estimate(int p) const {
  // A line has at least its end; usual ones have more, and reading costs more than a record in memory.
  const auto& split = layout_.splits[static_cast<std::size_t>(p)];
  return static_cast<std::int64_t>((split.end - split.begin) / 16 + 1);
}

} // namespace crema::internal
