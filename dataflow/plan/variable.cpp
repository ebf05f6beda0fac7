#include "dataflow/plan/variable.hpp"

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/error.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/scope.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace crema::internal {

constinit variable_chunks variables{};

void fail_without_variable() {
  throw error{errc::context_closed,
              "a broadcast or accumulator is used that was destroyed, or whose context is closed"};
}

std::unique_ptr<accumulator_delta> shared_variable::read_delta(variable_id, byte_reader& in) const {
  in.fail("something was added to what is no accumulator");
}

namespace {

/// What is not needed to look a variable up.
class bookkeeping {
public:
  struct entry {
    std::shared_ptr<shared_variable> value; ///< null: the slot is free
    std::weak_ptr<context_state> owner;
    const context_state* owned_by = nullptr;
    std::uint64_t uses = 0;
  };

  variable_id add(std::shared_ptr<shared_variable> made, const std::shared_ptr<context_state>& owner) {
    std::lock_guard lock{mutex_};
    const auto slot = free_slot();
    auto& at = entries_[slot];
    const auto id = variable_mark | (at.uses++ & 0xffffff) << 24 | slot;
    publish(slot, id, made.get());
    at = {std::move(made), owner, owner.get(), at.uses};
    return id;
  }

  /// In place of whatever had its slot before.
  entry adopt(variable_id id, std::shared_ptr<shared_variable> restored) {
    const std::size_t slot = id & 0xffffff;
    std::lock_guard lock{mutex_};
    if (slot >= entries_.size())
      entries_.resize(slot + 1);
    auto before = std::exchange(entries_[slot], {});
    publish(slot, id, restored.get());
    entries_[slot] = {std::move(restored), {}, nullptr, (id >> 24 & 0xffffff) + 1};
    return before;
  }

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
    const auto uses = entries_[slot].uses;
    return std::exchange(entries_[slot], entry{{}, {}, nullptr, uses});
  }

  std::size_t free_slot() {
    while (!free_.empty()) {
      const auto slot = free_.back();
      free_.pop_back();
      if (!entries_[slot].value) // else a variable of another process has taken it
        return slot;
    }
    entries_.emplace_back();
    return entries_.size() - 1;
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

variable_id add_variable(std::shared_ptr<shared_variable> made, const std::shared_ptr<context_state>& owner) {
  return books().add(std::move(made), owner);
}

void adopt_variable(variable_id id, std::shared_ptr<shared_variable> restored) {
  books().adopt(id, std::move(restored));
}

std::vector<variable_id> variables_in(std::span<const std::byte> bytes) {
  std::vector<variable_id> found;
  for (std::size_t at = 0; at + sizeof(variable_id) <= bytes.size(); ++at) {
    variable_id candidate = 0;
    std::memcpy(&candidate, bytes.data() + at, sizeof candidate);
    if (names_variable(candidate) && find_variable(candidate) != nullptr
        && std::find(found.begin(), found.end(), candidate) == found.end())
      found.push_back(candidate);
  }
  return found;
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
