#include "dataflow/plan/plan_codec.hpp"

#include "dataflow/block/batch_format.hpp"
#include "dataflow/error.hpp"
#include "dataflow/plan/plan_writer.hpp"
#include "dataflow/plan/store_task.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace crema::internal {

namespace {

/// All nodes that the stages refer to and their ancestors, parents first.
std::vector<const node*> lineage_of(const job_plan& plan) {
  std::unordered_set<const node*> seen;
  std::vector<const node*> open;
  const auto visit = [&](const node* at) {
    if (at != nullptr && seen.insert(at).second)
      open.push_back(at);
  };
  for (const auto& s : plan.stages) {
    visit(s.top);
    visit(s.output.shuffle);
  }
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    for (const auto& parent : at->parents())
      visit(parent.get());
  }
  std::vector<const node*> nodes(seen.begin(), seen.end());
  std::sort(nodes.begin(), nodes.end(), [](const node* a, const node* b) { return a->id() < b->id(); });
  return nodes;
}

// -- stages ---------------------------------------------------------------------------------------------------------

void require_portable(const stage& s, plan_writer& out) {
  const auto* op = s.output.shuffle != nullptr ? s.output.shuffle : s.top;
  out.blame(s.title, op->where());
  out.require(s.emits, s.output.to == stage_output::kind::result ? "its results" : "its records");
  if (s.barrier != nullptr && (s.barrier->said.encode == nullptr || s.barrier->agreed.encode == nullptr))
    out.refuse_value(*s.barrier->about, "its keys");
}

void encode(const stage& s, const action_tasks& action, plan_writer& out) {
  require_portable(s, out);
  out.reference(*s.top);
  out.put(s.computes_top);
  out.put(s.io_bound);
  out.text(s.title);
  out.put(s.partitions);
  out.put(s.output.to);
  if (s.output.to == stage_output::kind::exchange) {
    out.reference(*s.output.shuffle);
    out.put(s.output.consumer);
    out.put(s.output.input);
    out.put(s.output.route);
  } else if (s.output.to == stage_output::kind::result) {
    action.write(out);
  }
  out.put(s.producers);
  out.put(s.after);
  out.bytes().varint(s.roots.size());
  for (const auto* root : s.roots)
    out.reference(*root);
}

class stage_reader {
public:
  stage_reader(plan_reader& in, job_plan& plan) : in_{in}, plan_{plan} {}

  void read_all() {
    const auto count = in_.bytes().count(8);
    for (std::size_t id = 0; id != count; ++id)
      plan_.stages.push_back(read(static_cast<int>(id)));
    for (const auto& s : plan_.stages)
      check(s);
    demand(plan_.action != nullptr, "no stage gives the result");
  }

private:
  static bool within(const std::vector<int>& numbers, int first, std::size_t end) {
    return std::all_of(numbers.begin(), numbers.end(),
                       [&](int n) { return n >= first && (n < 0 || static_cast<std::size_t>(n) < end); });
  }

  void demand(bool promise, const char* otherwise) const {
    if (!promise)
      in_.bytes().fail(otherwise);
  }

  stage read(int id) {
    stage s;
    s.id = id;
    const auto& top = in_.reference();
    s.top = top.get();
    s.computes_top = in_.get<bool>();
    s.io_bound = in_.get<bool>();
    s.title = in_.text();
    s.partitions = in_.get<std::vector<int>>();
    s.output.to = in_.get<stage_output::kind>();
    switch (s.output.to) {
    case stage_output::kind::exchange:
      read_exchange(s);
      break;
    case stage_output::kind::store:
      s.make = store_task_factory(*top);
      s.emits = top->records();
      demand(plan_.scope->stores(top->id()), "a stage keeps what nobody stores");
      break;
    case stage_output::kind::result:
      demand(plan_.action == nullptr, "two stages give the result");
      plan_.action = in_.restore<const action_tasks>({top});
      set_tasks(s, plan_.action);
      break;
    default:
      in_.bytes().fail("a stage whose blocks go nowhere");
    }
    s.producers = in_.get<std::vector<int>>();
    s.after = in_.get<std::vector<int>>();
    for (auto roots = in_.bytes().count(1); roots != 0; --roots)
      s.roots.push_back(in_.reference().get());
    return s;
  }

  void read_exchange(stage& s) {
    const auto& shuffle = *in_.reference();
    s.output.shuffle = &shuffle;
    s.output.consumer = in_.get<int>();
    s.output.input = in_.get<int>();
    s.output.route = in_.get<std::vector<int>>();
    const auto* base = dynamic_cast<const shuffle_base*>(&shuffle);
    const auto input = static_cast<std::size_t>(s.output.input);
    demand(base != nullptr && s.output.input >= 0 && input < shuffle.parents().size()
             && shuffle.parents()[input].get() == s.top
             && s.output.route.size() == static_cast<std::size_t>(shuffle.partitions()),
           "an exchange that is none");
    set_tasks(s, base->sender(s.output.input));
  }

  void check(const stage& s) const {
    const auto stages = plan_.stages.size();
    demand(within(s.partitions, 0, static_cast<std::size_t>(s.top->partitions())), "a partition that is none");
    demand(within(s.producers, 0, static_cast<std::size_t>(s.id)) && within(s.after, 0, stages),
           "a stage that is none");
    for (std::size_t input = 0; input != s.producers.size(); ++input) {
      const auto& output = plan_.stages[static_cast<std::size_t>(s.producers[input])].output;
      demand(output.to == stage_output::kind::exchange && output.consumer == s.id
               && output.input == static_cast<int>(input),
             "a producer that produces for another");
    }
    if (s.output.to != stage_output::kind::exchange)
      return;
    demand(s.output.consumer > s.id && static_cast<std::size_t>(s.output.consumer) < stages, "a consumer that is none");
    const auto& consumer = plan_.stages[static_cast<std::size_t>(s.output.consumer)];
    demand(within(s.output.route, -1, consumer.partitions.size())
             && static_cast<std::size_t>(s.output.input) < consumer.producers.size(),
           "a route to nowhere");
  }

  plan_reader& in_;
  job_plan& plan_;
};

// -- stores ---------------------------------------------------------------------------------------------------------

void encode_stores(const job_scope& scope, const std::vector<const node*>& nodes, plan_writer& out) {
  out.bytes().varint(scope.stores().size());
  for (const auto* of : nodes)
    if (const auto at = scope.stores().find(of->id()); at != scope.stores().end()) {
      out.reference(*of);
      out.bytes().varint(at->second.cached ? at->second.partitions->id() : 0);
    }
}

void decode_stores(plan_reader& in, job_scope& scope) {
  for (auto stores = in.bytes().count(2); stores != 0; --stores) {
    const auto& of = *in.reference();
    if (const auto id = in.bytes().varint(); id != 0)
      scope.use_cache(of, id);
    else
      scope.share(of);
  }
}

} // namespace

encoded_plan encode_plan(const job_plan& plan) {
  encoded_plan encoded;
  plan_writer out{encoded.bytes};
  const auto start = begin_batch(encoded.bytes, batch_kind::single, 1);
  encoded.bytes.varint(plan.scope->id());
  const auto nodes = lineage_of(plan);
  encoded.bytes.varint(nodes.size());
  for (const auto* each : nodes)
    out.add(*each);
  encode_stores(*plan.scope, nodes, out);
  encoded.bytes.varint(plan.stages.size());
  for (const auto& s : plan.stages)
    encode(s, *plan.action, out);
  end_batch(encoded.bytes, start);
  encoded.variables = variables_in(encoded.bytes.bytes());
  return encoded;
}

job_plan decode_plan(byte_reader& in, std::shared_ptr<worker_resources> resources,
                     std::shared_ptr<store_registry> caches) {
  auto batch = open_batch(in, batch_kind::single, 1);
  plan_reader reader{batch.payload};
  job_plan plan;
  plan.scope = std::make_shared<job_scope>(batch.payload.varint(), std::move(resources), std::move(caches));
  plan.keep_alive.push_back(reader.texts());
  for (auto nodes = batch.payload.count(8); nodes != 0; --nodes)
    reader.restore_node();
  plan.keep_alive.insert(plan.keep_alive.end(), reader.nodes().begin(), reader.nodes().end());
  decode_stores(reader, *plan.scope);
  stage_reader{reader, plan}.read_all();
  if (batch.payload.remaining() != 0)
    batch.payload.fail("bytes are left behind a plan");
  return plan;
}

// -- what goes beside a plan ------------------------------------------------------------------------------------------

void encode_sources(const job_plan& plan, int stage, int task, byte_writer& out) {
  const auto& of = plan.stages[static_cast<std::size_t>(stage)];
  const int partition = of.partitions[static_cast<std::size_t>(task)];
  for (const auto& [root, p] : roots_of(*of.top, partition, of.computes_top, *plan.scope)) {
    const bool computed = of.computes_top && root == of.top;
    if (!root->parents().empty() || (root->stored_in(*plan.scope) && !computed))
      continue;
    const auto before = out.size();
    out.varint(static_cast<std::uint64_t>(std::find(of.roots.begin(), of.roots.end(), root) - of.roots.begin()));
    out.varint(static_cast<std::uint64_t>(p));
    const auto head = out.size();
    root->write_source(p, out);
    if (out.size() == head)
      out.truncate(before);
  }
}

void decode_sources(const job_plan& plan, int stage, byte_reader& in) {
  const auto& of = plan.stages[static_cast<std::size_t>(stage)];
  while (in.remaining() != 0) {
    const auto root = in.varint();
    const auto partition = in.varint();
    if (root >= of.roots.size()
        || partition >= static_cast<std::uint64_t>(of.roots[static_cast<std::size_t>(root)]->partitions()))
      in.fail("records of a source that is none");
    const auto& from = *of.roots[static_cast<std::size_t>(root)];
    plan.scope->add_source(from, static_cast<int>(partition), from.read_source(in));
  }
}

void encode_variable(variable_id id, byte_writer& out) {
  const auto* found = find_variable(id);
  if (found == nullptr)
    return;
  const auto start = begin_batch(out, batch_kind::single, 1);
  codec<variable_id>::encode(id, out);
  plan_writer writer{out};
  writer.blame(found->kind(), found->where());
  found->write(writer);
  end_batch(out, start);
}

void decode_variable(byte_reader& in) {
  auto batch = open_batch(in, batch_kind::single, 1);
  const auto id = codec<variable_id>::decode(batch.payload);
  if (!names_variable(id))
    batch.payload.fail("a number that no shared variable has");
  if (find_variable(id) != nullptr)
    return;
  plan_reader reader{batch.payload};
  adopt_variable(id, reader.restore<shared_variable>());
  if (batch.payload.remaining() != 0)
    batch.payload.fail("bytes are left behind a shared variable");
}

} // namespace crema::internal
