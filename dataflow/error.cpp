#include "dataflow/error.hpp"

#include "dataflow/readable_type.hpp"

#include <array>
#include <cxxabi.h>
#include <new>
#include <typeinfo>
#include <utility>

namespace crema {

namespace {

constexpr std::size_t max_text = 10'000;

constexpr std::array<std::string_view, 19> names = {
  "ok",           "invalid_argument", "empty_collection", "user_exception",    "nested_dataset",
  "not_portable", "not_found",        "already_exists",   "io_failure",        "disk_full",
  "corrupt_data", "out_of_memory",    "cancelled",        "deadline_exceeded", "context_closed",
  "unsupported",  "unreachable",      "untrusted",        "internal",
};

std::string bounded(std::string text) {
  if (text.size() > max_text) {
    text.resize(max_text);
    text += "… (cut)";
  }
  return text;
}

std::string readable_type(const std::type_info* type) {
  return type == nullptr ? "unknown type" : internal::readable(*type);
}

std::string sentence(errc code, const std::string& text, const error::site& where) {
  std::string line{name(code)};
  if (!where.op.empty()) {
    line += " in " + where.op;
    if (!where.location.empty())
      line += " at " + where.location;
  }
  if (!where.task.empty())
    line += ", task " + where.task;
  if (!where.node.empty())
    line += ", node " + where.node;
  line += ": ";
  if (!where.type.empty())
    line += where.type + ": ";
  return line + text;
}

error::site completed(error::site known, error::site more) {
  if (known.op.empty()) {
    known.op = std::move(more.op);
    known.location = std::move(more.location);
  }
  if (known.task.empty()) {
    known.task = std::move(more.task);
    known.partition = more.partition;
  }
  if (known.node.empty())
    known.node = std::move(more.node);
  if (known.type.empty())
    known.type = std::move(more.type);
  return known;
}

} // namespace

std::string_view name(errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : std::string_view{"unknown"};
}

struct error::state {
  errc code;
  std::string text;
  site where;
  std::exception_ptr cause;
  std::string what;
};

error::error(errc code, std::string text) : error{code, std::move(text), site{}} {}

error::error(errc code, std::string text, site where, std::exception_ptr cause) {
  text = bounded(std::move(text));
  auto what = sentence(code, text, where);
  state_ =
    std::make_shared<const state>(state{code, std::move(text), std::move(where), std::move(cause), std::move(what)});
}

errc error::code() const noexcept {
  return state_->code;
}

const char* error::what() const noexcept {
  return state_->what.c_str();
}

const std::string& error::text() const noexcept {
  return state_->text;
}

const error::site& error::where() const noexcept {
  return state_->where;
}

void error::rethrow_cause() const {
  if (state_->cause)
    std::rethrow_exception(state_->cause);
  throw *this;
}

error current_error(error::site where) {
  auto cause = std::current_exception();
  try {
    throw;
  } catch (const error& e) {
    // An error keeps its own cause, so that a failure annotated twice still leads to the user's object.
    std::exception_ptr original;
    if (e.code() == errc::user_exception || e.code() == errc::out_of_memory) {
      try {
        e.rethrow_cause();
      } catch (...) {
        original = std::current_exception();
      }
    }
    return {e.code(), e.text(), completed(e.where(), std::move(where)), original};
  } catch (const std::bad_alloc& e) {
    where.type = readable_type(&typeid(e));
    return {errc::out_of_memory, e.what(), std::move(where), cause};
  } catch (const std::exception& e) {
    where.type = readable_type(&typeid(e));
    return {errc::user_exception, e.what(), std::move(where), cause};
  } catch (const std::string& text) {
    where.type = "std::string";
    return {errc::user_exception, text, std::move(where), cause};
  } catch (const char* text) {
    where.type = "const char*";
    return {errc::user_exception, text == nullptr ? "" : text, std::move(where), cause};
  } catch (...) {
    where.type = readable_type(abi::__cxa_current_exception_type());
    return {errc::user_exception, "an exception that is not a std::exception", std::move(where), cause};
  }
}

} // namespace crema
