#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/function/image_constant.hpp"
#include "dataflow/function/mappings.hpp"
#include "dataflow/function/payload.hpp"
#include "dataflow/function/portability.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace crema::internal {

// -- may it travel? ------------------------------------------------------------------------------

/// "the function main::{lambda(int)#1} captures by reference …; capture by value …", from the type and the reason.
std::string refusal_text(const std::type_info& type, const std::string& reason);

/// Why `function` cannot travel; nothing when it can. Without a pointer or union in its captures this costs nothing,
/// else about 100 microseconds.
template <class F>
std::optional<std::string> check_portable(const F& function) {
  mappings memory;
  auto reason = function_refusal(function, memory);
  if (reason)
    reason = refusal_text(typeid(F), *reason);
  return reason;
}

// -- to bytes and back ---------------------------------------------------------------------------

/// The constant of a function's type and signature. Another process of the same executable needs not know the type
/// otherwise.
struct function_type : image_constant {
  static constexpr std::uint64_t right_mark = 0x6e66'2d61'6d65'7263; // "crema-fn"

  const std::type_info* function;
  const std::type_info* signature;   ///< of void when the function is not to be called through this
  void* (*restore)(byte_reader& in); ///< a new function, made of its payload
  void (*destroy)(void*) noexcept;   ///< deletes it

  /// Reads the address with which an encoded function begins. Throws corrupt_data, not_portable.
  static const function_type& decode(byte_reader& in);
};

template <class Signature>
struct signed_type : function_type {};
template <class R, class... Args>
struct signed_type<R(Args...)> : function_type {
  R (*call)(void* function, Args... args);
};

/// Throws not_portable: "the function TYPE REASON".
[[noreturn]] void refuse_function(const std::type_info& type, const char* reason);

/// Throws corrupt_data unless both are the same type; `what` is "function" or "signature".
void require_type(const std::type_info& found, const std::type_info& wanted, const char* what);

template <class F>
void* restore_function(byte_reader& in) {
  return new F(decode_payload<F>(in));
}

template <class F>
void destroy_function(void* function) noexcept {
  delete static_cast<F*>(function);
}

template <class F, class R, class... Args>
R call_function(void* function, Args... args) {
  if constexpr (std::is_void_v<R>)
    std::invoke(*static_cast<F*>(function), std::forward<Args>(args)...);
  else
    return std::invoke(*static_cast<F*>(function), std::forward<Args>(args)...);
}

template <class F, class Signature>
struct type_of_function {
  static const signed_type<Signature> value;
};
template <class F, class R, class... Args>
struct type_of_function<F, R(Args...)> {
  static const signed_type<R(Args...)> value;
};

template <class F, class Signature>
constinit const signed_type<Signature> type_of_function<F, Signature>::value{
  {{function_type::right_mark, &value}, &typeid(F), &typeid(void), &restore_function<F>, &destroy_function<F>}};
template <class F, class R, class... Args>
constinit const signed_type<R(Args...)> type_of_function<F, R(Args...)>::value{
  {{function_type::right_mark, &value}, &typeid(F), &typeid(R(Args...)), &restore_function<F>, &destroy_function<F>},
  &call_function<F, R, Args...>};

/// Writes `function`: the address of its type's constant, then its payload. With a signature, as in
/// `encode_function<int(int)>(f, out)`, it can be read by `decode_erased`.
///
/// Throws not_portable for a function that can only run in this process; looks for no pointers: that is
/// `check_portable`, to be asked before.
template <class Signature = void, class F>
void encode_function(const F& function, byte_writer& out) {
  if constexpr (portability_of<F> == portability::local_only) {
    refuse_function(typeid(F), local_only_reason<F>());
  } else {
    encode_address(&type_of_function<F, Signature>::value, out);
    encode_payload(function, out);
  }
}

/// Reads what `encode_function` wrote for a function of type F. Throws corrupt_data when the bytes hold something else,
/// not_portable when they come from a library that is not loaded here.
template <class F>
F decode_function(byte_reader& in) {
  if constexpr (portability_of<F> == portability::local_only) {
    refuse_function(typeid(F), local_only_reason<F>());
  } else {
    require_type(*function_type::decode(in).function, typeid(F), "function");
    return decode_payload<F>(in);
  }
}

/// A function of a type that is only known by its address: what `decode_erased` returns. Moves, but does not copy:
/// decode once for each task. A call costs one indirect call.
template <class Signature>
class erased_function;
template <class R, class... Args>
class erased_function<R(Args...)> {
public:
  explicit erased_function(const signed_type<R(Args...)>& type, byte_reader& in)
      : call_{type.call}, function_{type.restore(in), type.destroy} {}

  R operator()(Args... args) const { return call_(function_.get(), std::forward<Args>(args)...); }

private:
  R (*call_)(void*, Args...);
  std::unique_ptr<void, void (*)(void*) noexcept> function_;
};

/// Reads what `encode_function<Signature>` wrote, whatever the function's type. Throws like `decode_function`.
template <class Signature>
erased_function<Signature> decode_erased(byte_reader& in) {
  const auto& type = function_type::decode(in);
  require_type(*type.signature, typeid(Signature), "signature");
  return erased_function<Signature>{static_cast<const signed_type<Signature>&>(type), in};
}

} // namespace crema::internal
