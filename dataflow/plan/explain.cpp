#include "dataflow/plan/stage.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace crema::internal {

namespace {

using node_set = std::unordered_set<const node*>;

std::string count(std::size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

/// "map "squares" [detail]  main.cpp:4"
std::string describe(const node& at) {
  std::string line{at.op()};
  if (const auto name = at.name(); !name.empty())
    line += " \"" + name + '"';
  if (const auto detail = at.detail(); !detail.empty())
    line += " [" + detail + ']';
  return line + "  " + to_string(at.where());
}

/// The nodes that the tasks of a stage run through, oldest first: from its roots to its top.
std::vector<const node*> nodes_of(const stage& of, const node_set& roots) {
  node_set known;
  std::vector<const node*> open{of.top};
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    if (!known.insert(at).second || roots.contains(at))
      continue;
    for (const auto& parent : at->parents())
      open.push_back(parent.get());
  }
  std::vector<const node*> nodes{known.begin(), known.end()};
  std::sort(nodes.begin(), nodes.end(), [](const node* a, const node* b) { return a->id() < b->id(); });
  return nodes;
}

std::string destination(const stage& from) {
  switch (from.output.to) {
  case stage_output::kind::result:
    return from.title;
  case stage_output::kind::store:
    return "keep";
  case stage_output::kind::exchange:
    break;
  }
  return fmt::format("exchange to stage {}, {}", from.output.consumer, count(from.output.route.size(), "partition"));
}

} // namespace

std::string to_text(const job_plan& plan) {
  std::string text;
  for (const auto& s : plan.stages) {
    text += fmt::format("stage {}: {}", s.id, count(s.partitions.size(), "task"));
    for (int before : s.after)
      text += fmt::format(", after stage {}", before);
    if (s.io_bound)
      text += ", on I/O slots";
    text += '\n';
    const node_set roots{s.roots.begin(), s.roots.end()};
    for (const auto* at : nodes_of(s, roots)) {
      const bool root = roots.contains(at);
      const bool kept = plan.scope->stores(at->id());
      const bool fills = s.output.to == stage_output::kind::store && at == s.top;
      text += fmt::format("  {}", describe(*at));
      if (root && kept && !fills)
        text += at->persistence() != storage::none ? "  (cached)" : "  (kept for this job)";
      text += '\n';
    }
    text += fmt::format("  -> {}\n", destination(s));
  }
  return text;
}

} // namespace crema::internal
