#include "dataflow/plan/plan_reader.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/apply.hpp"

#include <deque>
#include <utility>

namespace crema::internal {

/// Its strings stay where they are.
struct plan_reader::text_table : std::deque<std::string> {};

plan_reader::plan_reader(byte_reader& in) : in_{in}, texts_{std::make_shared<text_table>()} {}

plan_reader::~plan_reader() = default;

std::shared_ptr<const void> plan_reader::texts() const noexcept {
  return texts_;
}

const node_ptr& plan_reader::reference() {
  const auto index = in_.varint();
  if (index >= nodes_.size())
    in_.fail("a plan refers to a node that it does not have");
  return nodes_[static_cast<std::size_t>(index)];
}

std::string_view plan_reader::text() {
  const auto index = in_.varint();
  if (index == texts_->size())
    texts_->push_back(codec<std::string>::decode(in_));
  else if (index > texts_->size())
    in_.fail("a plan refers to a text that it does not have");
  return (*texts_)[static_cast<std::size_t>(index)];
}

const node_ptr& plan_reader::next_parent() {
  if (next_parent_ == parents_.size())
    in_.fail("a node with too few parents");
  return parents_[next_parent_++];
}

const node& plan_reader::restore_node() {
  info_ = {};
  info_.id = in_.varint();
  info_.op = text();
  const auto file = text();
  const auto line = in_.varint();
  info_.where = source_location::current(file.data(), static_cast<unsigned>(line)); // of a string: ends with 0
  auto name = codec<std::string>::decode(in_);
  const auto level = in_.byte();
  const auto partitions = in_.varint();
  if (info_.id == 0 || (!nodes_.empty() && info_.id <= nodes_.back()->id()) || level > 2)
    in_.fail("a node that cannot be");
  std::vector<node_ptr> parents(in_.count(1));
  for (auto& parent : parents)
    parent = reference();
  node_ptr made;
  try {
    made = restore<const node>(std::move(parents));
  } catch (const error& e) {
    if (e.code() == errc::corrupt_data || e.code() == errc::not_portable)
      throw;
    in_.fail(e.text().c_str()); // what its constructor refuses: no partitions, a step of 0
  }
  if (static_cast<std::uint64_t>(made->partitions()) != partitions || parents_left() != 0)
    in_.fail("a node with another number of partitions or parents");
  if (!name.empty())
    made->set_name(std::move(name));
  made->persist(static_cast<storage>(level));
  nodes_.push_back(std::move(made));
  return *nodes_.back();
}

action_site plan_part<action_site>::read(plan_reader& in) {
  const auto* of = in.reference().get();
  return {of, in.text()};
}

} // namespace crema::internal
