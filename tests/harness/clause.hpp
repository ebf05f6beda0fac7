#pragma once

#include "dataflow/source_location.hpp"
#include "tests/harness/actor_ref.hpp"

#include <caf/type_erased_tuple.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <typeinfo>
#include <utility>

namespace crema::testing::detail {

class world;

std::string names_of(std::initializer_list<const std::type_info*> types);

/// Which messages a clause is about.
struct pattern {
  std::string types;
  std::optional<actor_ref> from{};
  std::optional<actor_ref> to{};
  std::string values{}; ///< what is asked of them, in words
  /// Whether the types and values fit; if not, why, in words.
  std::function<bool(const caf::type_erased_tuple&, std::string& why)> fits{};
};

/// What a clause does with them.
enum class verb { expect, allow, disallow, drop, duplicate, hold, release, delay };

/// Does it; whether there was such a message.
bool carry_out(world& in, verb what, const pattern& mail, std::chrono::nanoseconds time, source_location where);

template <class T>
bool fits_at(std::size_t at, const caf::type_erased_tuple& content, const ::testing::Matcher<const T&>& wanted,
             std::string& why) {
  ::testing::StringMatchResultListener explanation;
  const bool fits = wanted.MatchAndExplain(content.get_as<T>(at), &explanation);
  if (!fits)
    why = "value " + std::to_string(at + 1) + " is " + ::testing::PrintToString(content.get_as<T>(at))
          + (explanation.str().empty() ? "" : ", " + explanation.str());
  return fits;
}

template <class... Ts>
pattern pattern_of() {
  pattern mail{names_of({&typeid(Ts)...})};
  mail.fits = [](const caf::type_erased_tuple& content, std::string& why) {
    if (content.match_elements<Ts...>())
      return true;
    why = "its types differ";
    return false;
  };
  return mail;
}

template <class... Ts, class... Matchers>
void demand_values(pattern& mail, const Matchers&... wanted) {
  static_assert(sizeof...(Ts) == sizeof...(Matchers), "one value or gmock matcher for each type of the message");
  auto matchers = std::tuple{::testing::SafeMatcherCast<const Ts&>(wanted)...};
  std::apply(
    [&mail](const auto&... one) {
      std::size_t at = 0;
      const auto describe = [&](const auto& matcher) {
        std::ostringstream text;
        matcher.DescribeTo(&text);
        mail.values += (at++ == 0 ? "" : ", ") + text.str();
      };
      (describe(one), ...);
    },
    matchers);
  mail.fits = [types = mail.fits, matchers = std::move(matchers)](const auto& content, std::string& why) {
    if (!types(content, why))
      return false;
    std::size_t at = 0;
    return std::apply([&](const auto&... one) { return (fits_at<Ts>(at++, content, one, why) && ...); }, matchers);
  };
}

} // namespace crema::testing::detail

namespace crema::testing {

/// A sentence about messages of types Ts, such as
///
///     expect<int, std::string>().from(a).to(b).with(Eq(1), HasSubstr("x"));
///
/// It is carried out at its end. Every part is optional; `with` takes values and gmock matchers, one for each type.
template <class... Ts>
class clause {
public:
  clause(detail::world& in, detail::verb what, source_location where, std::chrono::nanoseconds time = {})
      : in_{&in}, what_{what}, where_{where}, time_{time} {}
  clause(const clause&) = delete;
  clause& operator=(const clause&) = delete;
  ~clause() noexcept(false) {
    if (in_ != nullptr && std::uncaught_exceptions() == unwinding_)
      carry_out();
  }

  clause& from(const actor_ref& sender) {
    mail_.from = sender;
    return *this;
  }
  clause& to(const actor_ref& receiver) {
    mail_.to = receiver;
    return *this;
  }
  template <class... Matchers>
  clause& with(const Matchers&... wanted) {
    detail::demand_values<Ts...>(mail_, wanted...);
    return *this;
  }

  /// Carries it out here: whether there was such a message.
  explicit operator bool() const { return carry_out(); }

private:
  bool carry_out() const { return detail::carry_out(*std::exchange(in_, nullptr), what_, mail_, time_, where_); }

  mutable detail::world* in_; ///< none: it was carried out
  detail::verb what_;
  source_location where_;
  std::chrono::nanoseconds time_;
  detail::pattern mail_ = detail::pattern_of<Ts...>();
  int unwinding_ = std::uncaught_exceptions();
};

} // namespace crema::testing
