#include "dataflow/plan/stage.hpp"

#include <algorithm>

namespace crema::internal {

namespace {

std::string count(std::size_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
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
std::vector<const node*> nodes_of(const stage& of) {
  std::vector<const node*> nodes;
  std::vector<const node*> open{of.top};
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    if (std::find(nodes.begin(), nodes.end(), at) != nodes.end())
      continue;
    nodes.push_back(at);
    if (std::find(of.roots.begin(), of.roots.end(), at) != of.roots.end())
      continue;
    for (const auto& parent : at->parents())
      open.push_back(parent.get());
  }
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
  return "exchange to stage " + std::to_string(from.output.consumer) + ", "
         + count(from.output.route.size(), "partition");
}

} // namespace

std::string to_text(const job_plan& plan) {
  std::string text;
  for (const auto& s : plan.stages) {
    text += "stage " + std::to_string(s.id) + ": " + count(s.partitions.size(), "task");
    for (int before : s.after)
      text += ", after stage " + std::to_string(before);
    text += '\n';
    for (const auto* at : nodes_of(s)) {
      const bool root = std::find(s.roots.begin(), s.roots.end(), at) != s.roots.end();
      const bool kept = plan.scope->stores(at->id());
      const bool fills = s.output.to == stage_output::kind::store && at == s.top;
      text += "  " + describe(*at);
      if (root && kept && !fills)
        text += at->persistence() != storage::none ? "  (cached)" : "  (kept for this job)";
      text += '\n';
    }
    text += "  -> " + destination(s) + '\n';
  }
  return text;
}

} // namespace crema::internal
