#include "dataflow/error.hpp"
#include "dataflow/plan/pipeline.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/plan/store_task.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace crema::internal {

namespace {

std::vector<int> all_partitions(int n) {
  std::vector<int> indices(static_cast<std::size_t>(n));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

bool is_shuffle(const node& of) {
  return of.kind() == dependency::wide;
}

bool is_source(const node& of) {
  return of.parents().empty();
}

/// Calls `f` with each node whose records `reader` takes: the parents, or what fused parents read in their turn.
template <class F>
void for_each_read(const node& reader, F&& f) {
  for (const auto& parent : reader.parents())
    if (reader.fuses() && !is_source(*parent))
      for_each_read(*parent, f);
    else
      f(*parent);
}

/// Decides which nodes of the lineage have a store in this job: those that are cached, and those that two readers
/// share, so that they are computed once. Sharing a source is not worth it: reading it twice costs less than keeping
/// it.
void choose_stores(const node& top, job_scope& scope) {
  std::unordered_map<const node*, int> readers;
  std::vector<const node*> open{&top};
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    if (at->persistence() != storage::none)
      scope.use_cache(*at);
    for_each_read(*at, [&](const node& parent) {
      const int count = ++readers[&parent];
      if (count == 1)
        open.push_back(&parent);
      else if (!is_source(parent) && parent.persistence() == storage::none)
        scope.share(parent);
    });
  }
}

/// Whether a function that the tasks of a stage call between its roots and its top waits more than it computes.
bool waits_for_io(const stage& of) {
  std::unordered_set<const node*> seen{of.roots.begin(), of.roots.end()};
  if (of.computes_top)
    seen.erase(of.top);
  std::vector<const node*> open;
  if (seen.insert(of.top).second)
    open.push_back(of.top);
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    if (at->io_bound())
      return true;
    if (!is_shuffle(*at))
      for (const auto& parent : at->parents())
        if (seen.insert(parent.get()).second)
          open.push_back(parent.get());
  }
  return false;
}

class compiler {
public:
  compiler(const request& wanted, std::shared_ptr<job_scope> scope) : wanted_{wanted} {
    plan_.scope = std::move(scope);
  }

  job_plan run() {
    stage last;
    last.top = wanted_.top.get();
    last.title = wanted_.action;
    last.partitions = wanted_.partitions;
    if (wanted_.tasks) {
      set_tasks(last, wanted_.tasks);
      last.io_bound = wanted_.tasks->io_bound();
    }
    add(std::move(last));
    while (!pending_.empty())
      resolve(std::move(pending_.extract(pending_.begin()).mapped()));
    renumber();
    plan_.action = wanted_.tasks;
    plan_.keep_alive.push_back(wanted_.top);
    return std::move(plan_);
  }

private:
  /// Children have greater ids than their parents, so going down by id, and first through the stages that do not fill a
  /// store, finds every reader of a store before the stage that fills it is resolved, with all the partitions that
  /// somebody needs.
  using turn = std::pair<std::uint64_t, bool>;

  static bool fills(const stage& s) { return s.output.to == stage_output::kind::store; }

  stage& add(stage found) {
    const turn when{found.top->id(), !fills(found)};
    return pending_.emplace(when, std::move(found))->second;
  }

  void resolve(stage current) {
    current.id = static_cast<int>(found_.size());
    if (fills(current)) { // before anything refers to a task by its index
      auto& wanted = current.partitions;
      std::sort(wanted.begin(), wanted.end());
      wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    }
    auto reads = roots_of(current);
    for (auto& [root, places] : reads) {
      current.roots.push_back(root);
      if (root->stored_in(*plan_.scope) && !(fills(current) && root == current.top))
        need_store(*root, places, current.id);
      else if (is_shuffle(*root))
        need_shuffle(*root, places, current);
    }
    current.io_bound = current.io_bound || waits_for_io(current);
    found_.push_back(std::move(current));
  }

  struct read {
    int partition; ///< of the root
    int task;      ///< of the reading stage
  };
  using root_reads = std::vector<std::pair<const node*, std::vector<read>>>;

  root_reads roots_of(const stage& reader) {
    root_reads reads;
    std::unordered_map<const node*, std::size_t> known;
    std::size_t shuffles = 0;
    for (std::size_t task = 0; task != reader.partitions.size(); ++task) {
      std::size_t of_task = 0;
      for (const auto& root :
           internal::roots_of(*reader.top, reader.partitions[task], reader.computes_top, *plan_.scope)) {
        const auto [at, fresh] = known.try_emplace(root.at, reads.size());
        if (fresh)
          reads.push_back({root.at, {}});
        reads[at->second].second.push_back({root.partition, static_cast<int>(task)});
        if (is_shuffle(*root.at) && !root.at->stored_in(*plan_.scope))
          shuffles += (++of_task > 1 || fresh) ? 1 : 0;
      }
    }
    if (shuffles <= 1)
      return reads;
    // A stage takes part in one shuffle, and a task in one partition of it: what it would read beside is kept first.
    for (const auto& [root, places] : reads)
      if (is_shuffle(*root))
        plan_.scope->share(*root);
    return roots_of(reader);
  }

  void need_store(const node& stored, const std::vector<read>& reads, int reader) {
    const auto known = pending_.find(turn{stored.id(), false});
    auto* filler = known == pending_.end() ? nullptr : &known->second;
    if (filler == nullptr) {
      stage filling;
      filling.top = &stored;
      filling.title = std::string{stored.op()};
      filling.make = store_task_factory(stored);
      filling.emits = stored.records();
      filling.output.to = stage_output::kind::store;
      filling.computes_top = true;
      filler = &add(std::move(filling));
    }
    // Found by readers in `after`: consumers of the store, by the reversed numbers of this search.
    filler->after.push_back(reader);
    const auto store = plan_.scope->store(stored);
    for (const auto& [partition, task] : reads)
      if (!store->records(partition))
        filler->partitions.push_back(partition);
  }

  void need_shuffle(const node& shuffle, const std::vector<read>& reads, const stage& consumer) {
    std::vector<int> route(static_cast<std::size_t>(shuffle.partitions()), -1);
    for (const auto& [partition, task] : reads)
      route[static_cast<std::size_t>(partition)] = task;
    const auto& base = dynamic_cast<const shuffle_base&>(shuffle);
    for (std::size_t input = 0; input != shuffle.parents().size(); ++input) {
      const auto& parent = *shuffle.parents()[input];
      stage producer;
      producer.top = &parent;
      producer.computes_top = shuffle.fuses();
      producer.title = std::string{shuffle.op()};
      producer.partitions = all_partitions(parent.partitions());
      set_tasks(producer, base.sender(static_cast<int>(input)));
      producer.output = {stage_output::kind::exchange, consumer.id, static_cast<int>(input), &shuffle, route};
      add(std::move(producer));
    }
  }

  /// The search went from the action to the sources; a plan is numbered the other way.
  void renumber() {
    const int n = static_cast<int>(found_.size());
    const auto turned = [n](int id) { return n - 1 - id; };
    std::reverse(found_.begin(), found_.end());
    std::vector<std::vector<int>> after(found_.size());
    for (auto& s : found_) {
      s.id = turned(s.id);
      if (s.output.to == stage_output::kind::exchange)
        s.output.consumer = turned(s.output.consumer);
      for (int reader : s.after)
        after[static_cast<std::size_t>(turned(reader))].push_back(s.id);
    }
    for (auto& s : found_) {
      s.after = std::move(after[static_cast<std::size_t>(s.id)]);
      std::sort(s.after.begin(), s.after.end());
    }
    for (const auto& s : found_)
      if (s.output.to == stage_output::kind::exchange) {
        auto& producers = found_[static_cast<std::size_t>(s.output.consumer)].producers;
        producers.resize(std::max(producers.size(), static_cast<std::size_t>(s.output.input) + 1), -1);
        producers[static_cast<std::size_t>(s.output.input)] = s.id;
      }
    plan_.stages = std::move(found_);
  }

  const request& wanted_;
  job_plan plan_;
  std::multimap<turn, stage, std::greater<>> pending_;
  std::vector<stage> found_;
};

job_plan cut(const request& wanted, const std::shared_ptr<job_scope>& scope) {
  auto plan = compiler{wanted, scope}.run();
  plan.again = [wanted, scope](std::vector<int> partitions) {
    return cut({wanted.top, wanted.action, std::move(partitions), wanted.tasks}, scope);
  };
  return plan;
}

} // namespace

job_plan compile(const request& wanted, std::shared_ptr<job_scope> scope) {
  choose_stores(*wanted.top, *scope);
  return cut(wanted, scope);
}

stage_key key_of(const stage& of) {
  return {of.top->id(), of.output.to, of.output.shuffle == nullptr ? 0 : of.output.shuffle->id(), of.output.input};
}

void set_tasks(stage& of, std::shared_ptr<const action_tasks> tasks) {
  of.emits = tasks->emits();
  of.make = [tasks = std::move(tasks)](std::shared_ptr<const job_scope> job, task_id id) {
    return tasks->make(std::move(job), id);
  };
}

void set_tasks(stage& of, shuffle_input sender) {
  of.make = std::move(sender.make);
  of.emits = sender.emits;
  of.agree = std::move(sender.agree);
  of.barrier = sender.barrier;
}

std::vector<node::place> roots_of(const node& top, int p, bool compute_first, const job_scope& job) {
  std::vector<node::place> roots;
  std::vector<node::place> open{{&top, p}};
  std::vector<node::place> next;
  while (!open.empty()) {
    const auto at = open.back();
    open.pop_back();
    const bool stored = !std::exchange(compute_first, false) && at.at->stored_in(job);
    next.clear();
    if (!stored && !is_shuffle(*at.at))
      at.at->inputs(job, at.partition, next);
    if (next.empty())
      roots.push_back(at);
    open.insert(open.end(), next.rbegin(), next.rend());
  }
  return roots;
}

error::site site_of(const stage& of, const task_id& id) {
  return {.op = of.title,
          .location = to_string(of.top->where()),
          .task = to_string(id),
          .partition = id.partition,
          .node = {},
          .type = {}};
}

std::size_t job_plan::tasks() const {
  std::size_t sum = 0;
  for (const auto& s : stages)
    sum += s.partitions.size();
  return sum;
}

} // namespace crema::internal
