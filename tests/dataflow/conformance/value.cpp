#include "tests/dataflow/conformance/value.hpp"

#include "dataflow/hash/key_hash.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace crema::testing {

namespace {

template <class T>
const T& get(const value& v, const char* wanted) {
  if (const auto* held = std::get_if<T>(&v.held))
    return *held;
  throw std::invalid_argument{to_source(v) + " is not " + wanted};
}

bool both_integers(const value& a, const value& b) {
  return a.is<std::int64_t>() && b.is<std::int64_t>();
}

/// Ints and doubles are one kind to the order.
std::size_t kind(const value& v) {
  return v.is<double>() ? value{0}.held.index() : v.held.index();
}

std::string text_of(const value& v, const char* quote) {
  if (v.is_null())
    return "null";
  if (v.is<bool>())
    return v.truth() ? "true" : "false";
  if (v.is<std::string>())
    return quote + v.text() + quote;
  if (v.is<list>()) {
    std::string text = "[";
    for (const auto& element : v.elements())
      text += (text.size() == 1 ? "" : ", ") + text_of(element, "\"");
    return text + "]";
  }
  char digits[64];
  const auto end = v.is<double>() ? std::to_chars(digits, digits + sizeof digits, v.number())
                                  : std::to_chars(digits, digits + sizeof digits, v.integer());
  return {digits, end.ptr};
}

} // namespace

bool value::truth() const {
  return get<bool>(*this, "a bool");
}
std::int64_t value::integer() const {
  return get<std::int64_t>(*this, "an integer");
}
double value::number() const {
  return is<std::int64_t>() ? static_cast<double>(integer()) : get<double>(*this, "a number");
}
const std::string& value::text() const {
  return get<std::string>(*this, "a string");
}
const list& value::elements() const {
  return get<list>(*this, "a list");
}

bool operator==(const value& a, const value& b) {
  if (a.is_number() && b.is_number() && !both_integers(a, b))
    return a.number() == b.number();
  return a.held == b.held;
}

bool operator<(const value& a, const value& b) {
  if (kind(a) != kind(b))
    return kind(a) < kind(b);
  if (a.is_number() && !both_integers(a, b))
    return a.number() < b.number();
  return a.held < b.held;
}

value operator+(const value& a, const value& b) {
  if (a.is<std::string>())
    return a.text() + b.text();
  if (a.is<list>()) {
    list both = a.elements();
    both.insert(both.end(), b.elements().begin(), b.elements().end());
    return both;
  }
  return both_integers(a, b) ? value{a.integer() + b.integer()} : value{a.number() + b.number()};
}

value operator-(const value& a, const value& b) {
  return both_integers(a, b) ? value{a.integer() - b.integer()} : value{a.number() - b.number()};
}

value operator*(const value& a, const value& b) {
  return both_integers(a, b) ? value{a.integer() * b.integer()} : value{a.number() * b.number()};
}

value operator%(const value& a, const value& b) {
  const auto rest = a.integer() % b.integer();
  return rest != 0 && (rest < 0) != (b.integer() < 0) ? rest + b.integer() : rest;
}

std::uint64_t hash_value(const value& key) {
  if (key.is_null())
    return 0;
  if (key.is<double>() && key.number() == std::floor(key.number()) && std::abs(key.number()) < 1e15)
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(key.number())); // equal to the integer
  return std::visit([]<class T>(const T& held) { return key_hash(held); }, key.held);
}

std::size_t heap_bytes(const value& v) {
  if (v.is<std::string>())
    return v.text().capacity();
  std::size_t bytes = 0;
  if (v.is<list>())
    for (const auto& element : v.elements())
      bytes += sizeof(value) + heap_bytes(element);
  return bytes;
}

std::string to_string(const value& v) {
  return text_of(v, "");
}

std::string to_source(const value& v) {
  return text_of(v, "\"");
}

} // namespace crema::testing
