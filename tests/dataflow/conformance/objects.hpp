#pragma once

#include "tests/dataflow/conformance/syntax.hpp"

#include "dataflow/context.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace crema::testing {

using dataset = rdd<value>;
using keyed = std::pair<value, value>;
using keyed_dataset = rdd<keyed>;

struct add_values {
  value operator()(const value& a, const value& b) const;
};
using value_accumulator = accumulator<value, add_values>;

/// Counts the calls of user functions.
struct call_counter {
  std::atomic<std::int64_t> calls{0};
};

class environment;

/// A function of a case, with the names that it sees. Copyable into tasks; calls are thread-safe. It travels with the
/// names that it uses, unless one is a dataset or a counter, which stay where they are.
struct function {
  std::shared_ptr<const expression> body;
  std::vector<std::string> parameters;
  std::shared_ptr<const environment> outside;

  value operator()(const value& a) const;
  value operator()(const value& a, const value& b) const;
};

/// Whatever an expression of a case can be.
using object =
  std::variant<value, dataset, function, std::shared_ptr<call_counter>, value_accumulator, broadcast<value>>;

/// The names in scope; a function adds a level.
class environment : public std::enable_shared_from_this<environment> {
public:
  /// `ctx` is null in the environment of a function that has travelled.
  environment(const context* ctx, std::string scratch) : ctx_{ctx}, scratch_{std::move(scratch)} {}

  /// Throws nested_dataset when there is none.
  const context& ctx() const;
  const std::string& scratch() const noexcept { return scratch_; }

  /// Null when nothing has this name.
  const object* find(const std::string& name) const {
    const auto at = names_.find(name);
    return at != names_.end() ? &at->second : outer_ ? outer_->find(name) : nullptr;
  }
  void set(const std::string& name, object what) { names_.insert_or_assign(name, std::move(what)); }
  void clear() { names_.clear(); }

  std::shared_ptr<environment> inner() const {
    auto made = std::make_shared<environment>(ctx_, scratch_);
    made->outer_ = shared_from_this();
    return made;
  }

private:
  const context* ctx_;
  std::string scratch_;
  std::shared_ptr<const environment> outer_;
  std::map<std::string, object> names_;
};

object evaluate(const expression& e, const std::shared_ptr<const environment>& names);

/// The object as a value, or std::invalid_argument.
const value& as_value(const object& o);

/// What a call of a method of a dataset gives. `arguments` are evaluated.
object call_method(const dataset& data, const std::string& method, const std::vector<object>& arguments);

} // namespace crema::testing

namespace crema::internal {

template <>
struct codec<testing::function> {
  static constexpr bool works = true;
  static constexpr bool packed = false;
  static constexpr bool archived = false;
  static constexpr std::size_t min_size = 4;
  static constexpr void require() {}

  static void encode(const testing::function& f, byte_writer& out);
  static testing::function decode(byte_reader& in);
};

} // namespace crema::internal
