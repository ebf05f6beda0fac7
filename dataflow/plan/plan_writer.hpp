#pragma once

#include "dataflow/function/identity.hpp"
#include "dataflow/function/payload.hpp"
#include "dataflow/plan/plan_reader.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>

namespace crema::internal {

// Counted as what it is for the plan: a std::make_shared for each type costs a program compile time.
std::shared_ptr<const node> adopt(const node* made);
std::shared_ptr<const action_tasks> adopt(const action_tasks* made);
std::shared_ptr<shared_variable> adopt(shared_variable* made);

/// Makes a node or another part of a plan.
template <class Made, class... Parts>
[[gnu::noinline, gnu::cold]] std::shared_ptr<Made> make_part(Parts... parts) {
  auto* made = new Made(std::move(parts)...);
  return {adopt(made), made};
}

template <class Base, class Made, class... Parts>
[[gnu::cold]] std::shared_ptr<Base> restore_from_parts(plan_reader& in) {
  // Braces, because they evaluate from left to right.
  if constexpr (std::is_base_of_v<node, Made>)
    return adopt(new Made{in.info(), in.get<Parts>()...});
  else
    return adopt(new Made{in.get<Parts>()...});
}

template <class Base, class Made, class... Parts>
struct restorable_type {
  static const restorable<Base> value;
};
template <class Base, class Made, class... Parts>
constinit const restorable<Base> restorable_type<Base, Made, Parts...>::value{
  {Base::plan_mark, &value}, &restore_from_parts<Base, Made, Parts...>};

/// Writes nodes, ends of actions and shared variables for another process of the same executable.
///
///     void map_node::write(plan_writer& out) const { out.node<map_node>(parent(), f_); }
///
/// names the type by the constant that stands for it, and then writes what its constructor takes. Throws not_portable,
/// with the operator and its place, for what cannot travel, by its type or by what it holds.
class plan_writer {
public:
  explicit plan_writer(byte_writer& out);
  ~plan_writer();

  byte_writer& bytes() noexcept { return out_; }

  // -- for what is written -------------------------------------------------------------------------------------------

  /// Writes how a Made is made again: of `parts`, which its constructor takes, as a Base.
  template <class Base, class Made, class... Parts>
  void made_of(const Parts&... parts) {
    encode_address(&restorable_type<Base, Made, Parts...>::value, out_);
    (put(parts), ...);
  }

  /// The same for a node, whose constructor takes a node_info first, and whose parents are told to the links in turn.
  template <class Node, class... Parts>
  void node(const Parts&... parts) {
    made_of<const internal::node, Node>(parts...);
  }

  /// A function, a value, a link, or what is made of such.
  template <class T>
  void put(const T& part) {
    if constexpr (has_plan_part<T>)
      plan_part<T>::write(part, *this);
    else if constexpr (has_plan_parts<T>)
      plan_parts(part, [this](const auto&... each) { (this->put(each), ...); });
    else if constexpr (portability_of<T> == portability::stateless)
      static_cast<void>(part);
    else if constexpr (portability_of<T> == portability::local_only && !written<T>)
      refuse(typeid(T), local_only_reason<T>());
    else
      put_payload(part);
  }

  /// Refuses records that cannot be written. `what` they are: "its records".
  void require(const record_type& records, const char* what);

  /// A node that was added.
  void reference(const internal::node& to);

  void text(std::string_view text);

  /// Throws not_portable: "the function TYPE REASON".
  [[noreturn]] void refuse(const std::type_info& type, const std::string& reason) const;

  /// Throws not_portable: "WHAT, of type TYPE, cannot be written …".
  [[noreturn]] void refuse_value(const std::type_info& type, const char* what) const;

  // -- for who writes the plan ---------------------------------------------------------------------------------------

  /// Writes the next node of the lineage; its parents were added before.
  void add(const internal::node& next);

  /// Who is to blame for what is written from now on.
  void blame(std::string_view op, const source_location& where);

private:
  template <class T>
  void put_payload(const T& part) {
    if (const auto reason = payload_refusal(part, memory_))
      refuse(typeid(T), *reason);
    encode_payload(part, out_);
  }

  byte_writer& out_;
  mappings memory_;
  std::string op_;
  std::string location_;
  std::unordered_map<const internal::node*, std::size_t> nodes_;
  std::unordered_map<std::string_view, std::size_t> texts_;
};

} // namespace crema::internal
