#include "tests/dataflow/conformance/objects.hpp"

#include "dataflow/block/codec.hpp"

#include <set>

namespace crema::testing {

namespace {

using namespace crema::internal;
using texts = std::vector<std::string>;

void encode(const expression& e, byte_writer& out) {
  out.put_byte(static_cast<std::uint8_t>(e.what));
  codec<std::string>::encode(e.text, out);
  codec<value>::encode(e.constant, out);
  codec<texts>::encode(e.names, out);
  out.varint(e.parts.size());
  for (const auto& part : e.parts)
    encode(*part, out);
}

expression_ptr decode_expression(byte_reader& in) {
  expression e{static_cast<expression::kind>(in.byte())};
  e.text = codec<std::string>::decode(in);
  e.constant = codec<value>::decode(in);
  e.names = codec<texts>::decode(in);
  for (auto parts = in.count(6); parts != 0; --parts)
    e.parts.push_back(decode_expression(in));
  return std::make_shared<const expression>(std::move(e));
}

void find_names(const expression& e, std::set<std::string>& found) {
  if (e.what == expression::kind::name)
    found.insert(e.text);
  for (const auto& part : e.parts)
    find_names(*part, found);
}

/// The other kinds of objects travel, those that are functions with what they use.
using portable_object = std::variant<value, function, value_accumulator, broadcast<value>>;

portable_object portable(const std::string& name, const object& what) {
  return std::visit(
    [&]<class T>(const T& held) -> portable_object {
      if constexpr (std::is_constructible_v<portable_object, const T&>)
        return held;
      throw error{errc::not_portable, "the function uses " + name + ", which cannot travel"};
    },
    what);
}

} // namespace

} // namespace crema::testing

namespace crema::internal {

using namespace testing;

void codec<function>::encode(const function& f, byte_writer& out) {
  testing::encode(*f.body, out);
  codec<texts>::encode(f.parameters, out);
  codec<std::string>::encode(f.outside->scratch(), out);
  std::set<std::string> names;
  find_names(*f.body, names);
  std::erase_if(names, [&](const auto& name) { return f.outside->find(name) == nullptr; });
  out.varint(names.size());
  for (const auto& name : names) {
    codec<std::string>::encode(name, out);
    codec<portable_object>::encode(portable(name, *f.outside->find(name)), out);
  }
}

function codec<function>::decode(byte_reader& in) {
  auto body = decode_expression(in);
  auto parameters = codec<texts>::decode(in);
  auto names = std::make_shared<environment>(nullptr, codec<std::string>::decode(in));
  for (auto left = in.count(2); left != 0; --left) {
    const auto name = codec<std::string>::decode(in);
    std::visit([&](auto&& what) { names->set(name, std::move(what)); }, codec<portable_object>::decode(in));
  }
  return {std::move(body), std::move(parameters), std::move(names)};
}

} // namespace crema::internal
