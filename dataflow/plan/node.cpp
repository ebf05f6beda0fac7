#include "dataflow/plan/node.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/apply.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/scope.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace crema::internal {

namespace {

std::atomic<std::uint64_t> last_id{0};

} // namespace

node::node(node_info info, dependency kind, int partitions, std::vector<node_ptr> parents)
    : info_{std::move(info)},
      id_{info_.id != 0 ? info_.id : ++last_id},
      kind_{kind},
      partitions_{partitions},
      parents_{std::move(parents)} {
  refuse_inside_task(info_.op);
  if (partitions_ < 0)
    throw error{errc::invalid_argument,
                fmt::format("{} at {}: more partitions than an int can count", info_.op, to_string(info_.where))};
}

node::~node() {
  if (info_.context)
    info_.context->forget(*this);
  // Lineages may be thousands long: the last reference to each ancestor is dropped from this loop, not from inside its
  // child's destructor.
  static thread_local std::vector<node_ptr>* pending = nullptr;
  if (pending != nullptr) {
    std::move(parents_.begin(), parents_.end(), std::back_inserter(*pending));
    return;
  }
  std::vector<node_ptr> orphans = std::move(parents_);
  pending = &orphans;
  while (!orphans.empty()) {
    auto next = std::move(orphans.back());
    orphans.pop_back();
    next.reset();
  }
  pending = nullptr;
}

std::string node::name() const {
  auto current = std::atomic_load(&name_);
  return current ? *current : std::string{};
}

void node::set_name(std::string name) const {
  std::atomic_store(&name_, std::make_shared<const std::string>(std::move(name)));
}

std::int64_t node::estimate(int) const {
  return -1;
}

void node::inputs(const job_scope& job, int p, std::vector<place>& out) const {
  if (kind_ == dependency::wide || parents_.empty())
    return;
  const auto& parent = *parents_.front();
  if (fuses() && !parent.parents().empty())
    parent.inputs(job, p, out);
  else
    out.push_back({&parent, p});
}

void node::write_source(int, byte_writer&) const {}

std::shared_ptr<const void> node::read_source(byte_reader& in) const {
  in.fail("records of an operation that holds none");
}

node::place node::upstream(const job_scope&, int) const {
  return {};
}

bool node::stored_in(const job_scope& job) const {
  return job.stores(id_);
}

std::string to_string(const source_location& where) {
  std::string_view file = where.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos)
    file.remove_prefix(slash + 1);
  return fmt::format("{}:{}", file, where.line());
}

void fail_at(const node& at) {
  fail_at(action_site{&at, at.op()});
}

void fail_at(const action_site& at) {
  throw current_error(
    {.op = std::string{at.action}, .location = to_string(at.of->where()), .task = {}, .node = {}, .type = {}});
}

template class dataset<std::int64_t>;
template class dataset<std::string>;

} // namespace crema::internal
