#pragma once

#include "dataflow/block/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace crema::testing {

struct value;
using list = std::vector<value>;

/// A value of the language in which the conformance cases are written: null, bool, int, double, string or list. A tuple
/// is a list. A record type that the library knows nothing of, with a total order.
struct value {
  using held_type = std::variant<std::monostate, bool, std::int64_t, double, std::string, list>;

  value() = default;
  value(bool b) : held{b} {}
  value(int i) : held{std::int64_t{i}} {}
  value(std::int64_t i) : held{i} {}
  value(std::size_t n) : held{static_cast<std::int64_t>(n)} {}
  value(double d) : held{d} {}
  value(const char* text) : held{std::string{text}} {}
  value(std::string text) : held{std::move(text)} {}
  value(list elements) : held{std::move(elements)} {}

  template <class T>
  bool is() const noexcept {
    return std::holds_alternative<T>(held);
  }
  bool is_null() const noexcept { return is<std::monostate>(); }
  bool is_number() const noexcept { return is<std::int64_t>() || is<double>(); }

  /// What it holds; each throws std::invalid_argument with the value's text when it holds something else.
  bool truth() const;
  std::int64_t integer() const;
  double number() const;
  const std::string& text() const;
  const list& elements() const;

  held_type held;
};

bool operator==(const value& a, const value& b);
/// By kind, then by value; an int and a double compare as numbers.
bool operator<(const value& a, const value& b);
inline bool operator>(const value& a, const value& b) {
  return b < a;
}

value operator+(const value& a, const value& b);
value operator-(const value& a, const value& b);
value operator*(const value& a, const value& b);
/// The floored modulus.
value operator%(const value& a, const value& b);

/// An integer's hash is the integer, so that it goes to the partition that the cases expect; null goes to the first.
std::uint64_t hash_value(const value& key);
std::size_t heap_bytes(const value& v);

/// As a line of a text file: strings as they are.
std::string to_string(const value& v);
/// As in a case: strings with quotes.
std::string to_source(const value& v);

} // namespace crema::testing

namespace crema::internal {

template <>
struct codec<testing::value> {
  static constexpr bool works = true;
  static constexpr bool packed = false;
  static constexpr bool archived = false;
  static constexpr std::size_t min_size = 2;
  static constexpr void require() {}

  static void encode(const testing::value& v, byte_writer& out) {
    codec<testing::value::held_type>::encode(v.held, out);
  }
  static testing::value decode(byte_reader& in) {
    testing::value v;
    v.held = codec<testing::value::held_type>::decode(in);
    return v;
  }
};

} // namespace crema::internal
