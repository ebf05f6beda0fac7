#pragma once

#include "dataflow/source_location.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace crema::internal {

class accumulator_delta;
class byte_reader;
class context_state;
class plan_writer;

/// Names a shared variable in every process of a driver:
///
///     | mark, 16 bits | how often the slot was used before, 24 bits | slot, 24 bits |
///
/// It is no address, so it may be captured anywhere; and the mark shows it among other bytes, so that whoever writes a
/// function sees which variables it uses.
using variable_id = std::uint64_t;

inline constexpr variable_id variable_mark = variable_id{0xc3e4} << 48;

/// Whether it has the mark.
constexpr bool names_variable(variable_id id) noexcept {
  return id >> 48 == variable_mark >> 48;
}

/// What broadcasts and accumulators refer to.
class shared_variable {
public:
  static constexpr std::uint64_t plan_mark = 0x6176'2d61'6d65'7263; // "crema-va"

  explicit shared_variable(const source_location& where) : where_{where} {}
  shared_variable(const shared_variable&) = delete;
  shared_variable& operator=(const shared_variable&) = delete;
  virtual ~shared_variable() = default;

  /// Where the program made it; of no file in another process than the driver.
  const source_location& where() const noexcept { return where_; }

  /// "broadcast", "accumulator"
  virtual std::string_view kind() const noexcept = 0;

  /// Writes its type and its value.
  virtual void write(plan_writer& out) const = 0;

  /// Accumulator: what a task elsewhere has added to this one, whose number is `me`.
  virtual std::unique_ptr<accumulator_delta> read_delta(variable_id me, byte_reader& in) const;

private:
  source_location where_;
};

// The variables of this process, of all its contexts. Thread-safe.

/// Keeps `made` until it is destroyed or `owner` is closed.
variable_id add_variable(std::shared_ptr<shared_variable> made, const std::shared_ptr<context_state>& owner);

/// Keeps `restored` under the number that it has in the driver.
void adopt_variable(variable_id id, std::shared_ptr<shared_variable> restored);

/// The variables whose numbers are seen in `bytes`, each once.
std::vector<variable_id> variables_in(std::span<const std::byte> bytes);

/// Forgets it here and, where the owner's engine has workers, there. No task may use it any more.
void destroy_variable(variable_id id);

/// Forgets all variables of `owner`, which is closed.
void destroy_variables(const context_state& owner);

/// Throws context_closed: a variable was destroyed, or its context closed.
[[noreturn]] void fail_without_variable();

// -- looking up: no lock, some three loads --------------------------------------------------------------------------

struct variable_slot {
  std::atomic<variable_id> id{0};
  std::atomic<shared_variable*> value{nullptr};
};

inline constexpr std::size_t variable_slots_of_chunk = 4096;
using variable_chunks = std::array<std::atomic<variable_slot*>, 4096>;
extern constinit variable_chunks variables;

/// The variable; null when it is gone, or was never here.
inline shared_variable* find_variable(variable_id id) noexcept {
  const std::size_t slot = id & 0xffffff;
  const auto* chunk = variables[slot / variable_slots_of_chunk].load(std::memory_order_acquire);
  if (chunk == nullptr) [[unlikely]]
    return nullptr;
  const auto& at = chunk[slot % variable_slots_of_chunk];
  return at.id.load(std::memory_order_acquire) == id ? at.value.load(std::memory_order_relaxed) : nullptr;
}

/// The same, but throws context_closed when it is gone.
inline shared_variable& variable(variable_id id) {
  auto* found = find_variable(id);
  if (found == nullptr) [[unlikely]]
    fail_without_variable();
  return *found;
}

} // namespace crema::internal
