#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace crema::testing::detail {

/// Decides for this thread, while it lives, which calls behind crema's fault points fail. The last one made is asked.
class fault_points {
public:
  /// `on_fault` is told of each call that fails, `on_time` how long a slow one takes.
  fault_points(std::function<void(const std::string&)> on_fault, std::function<void(std::chrono::nanoseconds)> on_time);
  fault_points(const fault_points&) = delete;
  fault_points& operator=(const fault_points&) = delete;
  ~fault_points();

  /// The nth call from now behind `point` fails with `error`, and if `lasting` all after it.
  void arm(std::string point, std::uint64_t nth, int error, bool lasting);

  /// Each call from now behind this point takes so long.
  void slow_down(const std::string& name, std::chrono::nanoseconds time) { at(name).takes = time; }

  /// How often the point has been passed.
  std::uint64_t passed(const std::string& point) const;

private:
  struct point {
    std::string name;
    std::uint64_t passed = 0;
    std::uint64_t fails_at = 0; ///< 0: never
    int error = 0;
    bool lasting = false;
    std::chrono::nanoseconds takes{0};
  };

  static int pass(const char* name) noexcept;
  point& at(const std::string& name);

  std::function<void(const std::string&)> on_fault_;
  std::function<void(std::chrono::nanoseconds)> on_time_;
  std::vector<point> points_;
  fault_points* outer_;
};

/// Counts the allocations of this thread, if the program is linked with crema::failing_new.
struct allocation_gate {
  bool counts = false;
  std::uint64_t left = 0; ///< until the one that fails; 0: none does
  std::uint64_t counted = 0;
  bool failed = false;
};
allocation_gate& this_threads_gate() noexcept;

/// While one lives, no allocation counts: what the harness does within the step of an actor is not the actor's.
class uncounted_allocations {
public:
  uncounted_allocations() noexcept : counted_{std::exchange(this_threads_gate().counts, false)} {}
  uncounted_allocations(const uncounted_allocations&) = delete;
  uncounted_allocations& operator=(const uncounted_allocations&) = delete;
  ~uncounted_allocations() { this_threads_gate().counts = counted_; }

private:
  bool counted_;
};

/// Whether crema::failing_new is there.
extern bool allocations_can_fail;

} // namespace crema::testing::detail
