#include "net/cluster/recruiter.hpp"

#include "dataflow/error.hpp"

#include <future>
#include <utility>

// Files that the program adds while workers run.

namespace crema::net {

void recruiter::add_file(const std::string& name, const std::string& path) {
  std::lock_guard one_at_a_time{adding_};
  delivery file{std::make_shared<const cargo>(read_cargo(path, name)), {}};
  auto over = file.over.get_future();
  here_->loop.run([self = shared_from_this(), &file] { self->deliver_file(file); });
  if (const auto refusals = over.get(); !refusals.empty())
    throw error{errc::io_failure, "add_file: '" + name + "' cannot be brought to all nodes: " + refusals};
}

void recruiter::deliver_file(delivery& file) {
  std::erase_if(files_, [&](const auto& each) { return each->name == file.file->name; });
  files_.push_back(file.file);
  delivery_ = &file;
  for (const auto& [is, at] : places_) {
    file.to.insert(is);
    at.node->bring(file.file);
  }
  no_longer_awaited(0, nullptr, {});
}

void recruiter::brought(hired_node& there, const cargo& file, const std::string& refusal) {
  const auto& facts = there.node().facts;
  no_longer_awaited(there.node().is, &file,
                    refusal.empty() ? "" : "node " + facts.name + " at " + to_string(facts.where) + ": " + refusal);
}

/// The node has this file, or cannot have it, or is gone. When nobody else is waited for, that is the end of it.
void recruiter::no_longer_awaited(generation from, const cargo* file, const std::string& refusal) {
  if (delivery_ == nullptr || (file != nullptr && file != delivery_->file.get()))
    return;
  delivery_->to.erase(from);
  if (!refusal.empty())
    delivery_->refusals += (delivery_->refusals.empty() ? "" : "; ") + refusal;
  if (!delivery_->to.empty())
    return;
  if (!delivery_->refusals.empty())
    std::erase(files_, delivery_->file);
  auto& done = *std::exchange(delivery_, nullptr);
  done.over.set_value(std::string{done.refusals});
}

} // namespace crema::net
