#pragma once

#include "dataflow/function/image_constant.hpp"
#include "dataflow/function/payload.hpp"
#include "dataflow/plan/node.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// How a T in a plan is written and read, for types that are neither functions nor records: links, parents, places.
///
///     static void write(const T& part, plan_writer& out);
///     static T read(plan_reader& in);
template <class T>
struct plan_part;

template <class T>
concept has_plan_part = requires {
  sizeof(plan_part<T>);
};

template <class... T>
struct type_list {};

struct list_types {
  template <class... T>
  type_list<T...> operator()(const T&...) const {
    return {};
  }
};

/// What is no function itself but made of some, so that a captured pointer is blamed on the user's own:
///
///     friend auto plan_parts(const T& whole, auto&& take) { return take(whole.f, whole.g); } // as braces take them
template <class T>
concept has_plan_parts = requires(const T& whole) {
  plan_parts(whole, list_types{});
};

class action_tasks;
class plan_reader;
class plan_writer;
class shared_variable;
struct action_site;

template <>
struct plan_part<action_site> {
  static void write(const action_site& part, plan_writer& out);
  static action_site read(plan_reader& in);
};

/// The constant of a type of nodes, of tasks that end an action, or of shared variables: of what derives from Base.
template <class Base>
struct restorable : image_constant {
  std::shared_ptr<Base> (*restore)(plan_reader& in);
};

/// Makes nodes, ends of actions and shared variables again of what a plan_writer wrote. Throws corrupt_data for
/// anything else, not_portable for functions from a library that is not loaded here.
class plan_reader {
public:
  explicit plan_reader(byte_reader& in);
  ~plan_reader();

  byte_reader& bytes() noexcept { return in_; }

  // -- for what is restored ------------------------------------------------------------------------------------------

  /// The next part; T as it was put.
  template <class T>
  T get() {
    if constexpr (has_plan_part<T>)
      return plan_part<T>::read(*this);
    else if constexpr (has_plan_parts<T>)
      return whole_of<T>(decltype(plan_parts(std::declval<const T&>(), list_types{})){});
    else if constexpr (portability_of<T> == portability::stateless)
      return raw_room<T>{}.value;
    else if constexpr (portability_of<T> == portability::local_only && !written<T>)
      in_.fail("a function that cannot travel");
    else
      return decode_payload<T>(in_);
  }

  /// The next parent of what is restored, which must be a P.
  template <class P>
  std::shared_ptr<const P> parent() {
    auto typed = std::dynamic_pointer_cast<const P>(next_parent());
    if (!typed)
      in_.fail("a parent of another type");
    return typed;
  }
  std::size_t parents_left() const noexcept { return parents_.size() - next_parent_; }

  /// What the node that is restored is told first.
  const node_info& info() const noexcept { return info_; }

  /// A node of the plan.
  const node_ptr& reference();

  /// Lives as long as the plan.
  std::string_view text();

  // -- for who reads the plan ----------------------------------------------------------------------------------------

  /// Reads the next node of the lineage.
  const node& restore_node();

  /// Reads what `plan_writer::made_of` wrote for some type that derives from Base. Its parents are `parents`.
  template <class Base>
  std::shared_ptr<Base> restore(std::vector<node_ptr> parents = {}) {
    parents_ = std::move(parents);
    next_parent_ = 0;
    const auto& type = decode_constant(in_, Base::plan_mark, sizeof(restorable<Base>), "part of a plan");
    return static_cast<const restorable<Base>&>(type).restore(*this);
  }

  const std::vector<node_ptr>& nodes() const noexcept { return nodes_; }

  /// What must live as long as the nodes do.
  std::shared_ptr<const void> texts() const noexcept;

private:
  const node_ptr& next_parent();

  template <class T, class... Parts>
  T whole_of(type_list<Parts...>) {
    return T{get<Parts>()...}; // braces, because they evaluate from left to right
  }

  byte_reader& in_;
  struct text_table;
  std::shared_ptr<text_table> texts_;
  std::vector<node_ptr> nodes_;
  node_info info_;
  std::vector<node_ptr> parents_;
  std::size_t next_parent_ = 0;
};

} // namespace crema::internal
