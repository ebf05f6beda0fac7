#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>

#include <type_traits>

namespace crema::testing {

/// Any actor, by whatever handle a test has it: caf::actor, a typed actor, an address, a probe, or nobody. Keeps it
/// alive.
class actor_ref {
public:
  actor_ref() = default;

  template <class Handle>
  requires(!std::is_same_v<Handle,
                           actor_ref> && requires(const Handle& from) { caf::actor_cast<caf::strong_actor_ptr>(from); })
    actor_ref(const Handle& handle)
      : ptr_{caf::actor_cast<caf::strong_actor_ptr>(handle)} {}

  explicit operator bool() const noexcept { return ptr_ != nullptr; }
  bool operator==(const actor_ref& other) const noexcept { return ptr_ == other.ptr_; }

  const caf::strong_actor_ptr& ptr() const noexcept { return ptr_; }
  caf::abstract_actor* get() const noexcept { return ptr_ ? ptr_->get() : nullptr; }
  caf::actor_id id() const noexcept { return ptr_ ? ptr_->id() : caf::invalid_actor_id; }

private:
  caf::strong_actor_ptr ptr_;
};

} // namespace crema::testing
