#include "dataflow/plan/variable.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/context_state.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace crema::internal {

constinit variable_chunks variables{};

void fail_without_variable() {
  throw error{errc::context_closed,
              "a broadcast or accumulator is used that was destroyed, or whose context is closed"};
}

namespace {

constexpr variable_id mark = variable_id{0xc3e4} << 48;

/// What is not needed to look a variable up.
class bookkeeping {
public:
  variable_id add(std::unique_ptr<shared_variable> made, const std::shared_ptr<context_state>& owner) {
    std::lock_guard lock{mutex_};
    if (free_.empty()) {
      free_.push_back(entries_.size());
      entries_.emplace_back();
    }
    const auto slot = free_.back();
    auto& at = entries_[slot];
    const auto id = mark | (at.uses++ & 0xffffff) << 24 | slot;
    at.owner = owner;
    at.owned_by = owner.get();
    at.value = std::move(made);
    publish(slot, id, at.value.get());
    free_.pop_back();
    return id;
  }

  struct entry {
    std::uint64_t uses = 0;
    std::weak_ptr<context_state> owner;
    const context_state* owned_by = nullptr;
    std::unique_ptr<shared_variable> value;
  };

  /// Takes it out; without a value if it is not there.
  entry take(variable_id id) {
    std::lock_guard lock{mutex_};
    return find_variable(id) == nullptr ? entry{} : take_slot(id & 0xffffff);
  }

  std::vector<entry> take_all(const context_state& owner) {
    std::vector<entry> taken;
    std::lock_guard lock{mutex_};
    for (std::size_t slot = 0; slot != entries_.size(); ++slot)
      if (entries_[slot].value && entries_[slot].owned_by == &owner)
        taken.push_back(take_slot(slot));
    return taken;
  }

private:
  static void publish(std::size_t slot, variable_id id, shared_variable* value) {
    auto& chunk = variables[slot / variable_slots_of_chunk];
    if (chunk.load() == nullptr)
      chunk = new variable_slot[variable_slots_of_chunk]; // for as long as the process lives
    auto& at = chunk.load()[slot % variable_slots_of_chunk];
    at.value.store(value, std::memory_order_relaxed);
    at.id.store(id, std::memory_order_release);
  }

  entry take_slot(std::size_t slot) {
    publish(slot, 0, nullptr);
    free_.push_back(slot);
    auto& at = entries_[slot];
    return {at.uses, std::exchange(at.owner, {}), std::exchange(at.owned_by, nullptr), std::move(at.value)};
  }

  std::mutex mutex_;
  std::vector<entry> entries_;
  std::vector<std::size_t> free_;
};

bookkeeping& books() {
  static auto& the_books = *new bookkeeping; // outlives contexts that are static objects
  return the_books;
}

} // namespace

variable_id add_variable(std::unique_ptr<shared_variable> made, const std::shared_ptr<context_state>& owner) {
  return books().add(std::move(made), owner);
}

void destroy_variable(variable_id id) {
  const auto taken = books().take(id);
  if (const auto owner = taken.owner.lock())
    owner->forget(id);
}

void destroy_variables(const context_state& owner) {
  books().take_all(owner);
}

} // namespace crema::internal
