#include "tests/dataflow/conformance/interpreter.hpp"

#include "tests/dataflow/conformance/objects.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"

#include "dataflow/op/map.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace crema::testing {

namespace {

value sorted_list(list elements) {
  std::stable_sort(elements.begin(), elements.end());
  return elements;
}

value set_of(list elements) {
  std::sort(elements.begin(), elements.end());
  elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  return elements;
}

value sum_of(const list& elements) {
  return std::accumulate(elements.begin(), elements.end(), value{0});
}

value range_of(std::int64_t begin, std::int64_t end, std::int64_t step) {
  list numbers;
  for (auto i = begin; i < end; i += step)
    numbers.push_back(i);
  return numbers;
}

/// All parts of an output, one after the other: what reading the one file that others write would give.
value read_output(const std::string& path) {
  std::vector<std::string> parts;
  for (const auto& entry : std::filesystem::directory_iterator{path})
    if (entry.path().filename().string().starts_with("part-"))
      parts.push_back(entry.path().string());
  std::sort(parts.begin(), parts.end());
  std::string all;
  for (const auto& part : parts)
    all += temporary_directory::content(part);
  return all;
}

value names_in_directory(const std::string& path) {
  list names;
  for (const auto& entry : std::filesystem::directory_iterator{path})
    names.push_back(entry.path().filename().string());
  return sorted_list(std::move(names));
}

using arguments = std::vector<object>;
using builtin = std::function<object(const environment&, const arguments&)>;

int partitions(const arguments& a) {
  return a.size() > 1 ? static_cast<int>(as_value(a[1]).integer()) : 0;
}

object unite(const environment& names, const arguments& a) {
  // `[a, b]` of datasets is no value; the call below hands its elements over.
  std::vector<dataset> all;
  for (const auto& one : a)
    all.push_back(std::get<dataset>(one));
  return names.ctx().union_of(all);
}

const std::map<std::string, builtin> builtins{
  {"parallelize",
   [](const environment& names, const arguments& a) -> object {
     return names.ctx().parallelize(as_value(a.at(0)).elements(), partitions(a));
   }},
  {"union", unite},
  {"textFile",
   [](const environment& names, const arguments& a) -> object {
     return dataset{names.ctx().text_file(as_value(a.at(0)).text(), partitions(a)).map([](const std::string& line) {
       return value{line};
     })};
   }},
  {"accumulator",
   [](const environment& names, const arguments& a) -> object {
     return names.ctx().accumulator(as_value(a.at(0)), value{0}, add_values{});
   }},
  {"vector_accumulator",
   [](const environment& names, const arguments& a) -> object {
     return names.ctx().accumulator(as_value(a.at(0)), value{list(as_value(a.at(0)).elements().size(), 0)},
                                    add_values{});
   }},
  {"broadcast",
   [](const environment& names, const arguments& a) -> object { return names.ctx().broadcast(as_value(a.at(0))); }},
  {"counter", [](const environment&, const arguments&) -> object { return std::make_shared<call_counter>(); }},
  {"range",
   [](const environment&, const arguments& a) -> object {
     return range_of(as_value(a.at(0)).integer(), as_value(a.at(1)).integer(),
                     a.size() > 2 ? as_value(a[2]).integer() : 1);
   }},
  {"write",
   [](const environment&, const arguments& a) -> object {
     std::ofstream{as_value(a.at(0)).text(), std::ios::binary} << as_value(a.at(1)).text();
     return value{};
   }},
  {"read", [](const environment&, const arguments& a) -> object { return read_output(as_value(a.at(0)).text()); }},
  {"listdir",
   [](const environment&, const arguments& a) -> object { return names_in_directory(as_value(a.at(0)).text()); }},
  {"ord",
   [](const environment&, const arguments& a) -> object {
     return value{static_cast<std::int64_t>(static_cast<unsigned char>(as_value(a.at(0)).text().at(0)))};
   }},
  {"len", [](const environment&, const arguments& a) -> object { return value{as_value(a.at(0)).elements().size()}; }},
  {"list", [](const environment&, const arguments& a) -> object { return as_value(a.at(0)); }},
  {"set", [](const environment&, const arguments& a) -> object { return set_of(as_value(a.at(0)).elements()); }},
  {"sorted",
   [](const environment&, const arguments& a) -> object { return sorted_list(as_value(a.at(0)).elements()); }},
  {"sum", [](const environment&, const arguments& a) -> object { return sum_of(as_value(a.at(0)).elements()); }},
  {"fail",
   [](const environment&, const arguments& a) -> object { throw std::runtime_error{as_value(a.at(0)).text()}; }},
};

using scope = std::shared_ptr<const environment>;

arguments evaluate_all(const expression& call, std::size_t from, const scope& names) {
  arguments all;
  for (auto i = from; i != call.parts.size(); ++i)
    all.push_back(evaluate(*call.parts[i], names));
  return all;
}

object call_member(const object& target, const std::string& name, const arguments& a) {
  if (const auto* data = std::get_if<dataset>(&target))
    return call_method(*data, name, a);
  if (const auto* counter = std::get_if<std::shared_ptr<call_counter>>(&target);
      counter != nullptr && name == "touch") {
    ++(*counter)->calls;
    return a.at(0);
  }
  if (const auto* sum = std::get_if<value_accumulator>(&target); sum != nullptr && name == "add") {
    sum->add(as_value(a.at(0)));
    return value{};
  }
  throw std::invalid_argument{"nothing here has a method " + name};
}

object call(const expression& e, const scope& names) {
  const auto& target = *e.parts[0];
  if (target.what == expression::kind::member)
    return call_member(evaluate(*target.parts[0], names), target.text, evaluate_all(e, 1, names));
  // union([a, b]): a list of datasets is its elements.
  const bool spread = target.text == "union" && e.parts.size() == 2 && e.parts[1]->what == expression::kind::sequence;
  const auto given = spread ? evaluate_all(*e.parts[1], 0, names) : evaluate_all(e, 1, names);
  return builtins.at(target.text)(*names, given);
}

object member(const object& of, const std::string& name) {
  if (const auto* counter = std::get_if<std::shared_ptr<call_counter>>(&of); counter != nullptr && name == "count")
    return value{std::int64_t{(*counter)->calls}};
  if (const auto* sum = std::get_if<value_accumulator>(&of); sum != nullptr && name == "value")
    return sum->value();
  if (const auto* shared = std::get_if<broadcast<value>>(&of); shared != nullptr && name == "value")
    return shared->value();
  throw std::invalid_argument{"nothing here has a member " + name};
}

value binary(const std::string& op, const value& a, const value& b) {
  if (op == "+")
    return a + b;
  if (op == "-")
    return a - b;
  if (op == "*")
    return a * b;
  if (op == "%")
    return a % b;
  if (op == "<")
    return a < b;
  if (op == ">")
    return b < a;
  if (op == "==")
    return a == b;
  list both; // `&` of sets
  std::set_intersection(a.elements().begin(), a.elements().end(), b.elements().begin(), b.elements().end(),
                        std::back_inserter(both));
  return both;
}

/// The elements of a list, or the letters of a string.
list elements_of(const value& v) {
  if (!v.is<std::string>())
    return v.elements();
  list letters;
  for (char c : v.text())
    letters.push_back(std::string(1, c));
  return letters;
}

value comprehension(const expression& e, const scope& names) {
  list all;
  for (auto& element : elements_of(as_value(evaluate(*e.parts[1], names)))) {
    auto inner = names->inner();
    inner->set(e.names[0], std::move(element));
    all.push_back(as_value(evaluate(*e.parts[0], inner)));
  }
  return all;
}

object name_of(const std::string& name, const environment& names) {
  if (name == "TMP")
    return value{names.scratch()};
  if (const auto* found = names.find(name))
    return *found;
  throw std::invalid_argument{"nothing is called " + name};
}

} // namespace

const context& environment::ctx() const {
  if (ctx_ == nullptr)
    throw error{errc::nested_dataset, "a dataset may not be created or used inside a task"};
  return *ctx_;
}

value add_values::operator()(const value& a, const value& b) const {
  if (!a.is<list>())
    return a + b;
  list sums;
  for (std::size_t i = 0; i != a.elements().size(); ++i)
    sums.push_back(a.elements()[i] + b.elements().at(i));
  return sums;
}

const value& as_value(const object& o) {
  if (const auto* v = std::get_if<value>(&o))
    return *v;
  throw std::invalid_argument{"a value is wanted here"};
}

value function::operator()(const value& a) const {
  auto names = outside->inner();
  names->set(parameters.at(0), a);
  const auto result = evaluate(*body, names);
  return std::holds_alternative<value>(result) ? as_value(result) : value{};
}

value function::operator()(const value& a, const value& b) const {
  auto names = outside->inner();
  names->set(parameters.at(0), a);
  names->set(parameters.at(1), b);
  return as_value(evaluate(*body, names));
}

object evaluate(const expression& e, const scope& names) {
  using kind = expression::kind;
  const auto part = [&](std::size_t i) { return as_value(evaluate(*e.parts.at(i), names)); };
  switch (e.what) {
  case kind::literal:
    return e.constant;
  case kind::name:
    return name_of(e.text, *names);
  case kind::sequence: {
    list all;
    for (const auto& each : e.parts)
      all.push_back(as_value(evaluate(*each, names)));
    return value{std::move(all)};
  }
  case kind::function:
    return function{e.parts[0], e.names, names};
  case kind::call:
    return call(e, names);
  case kind::member:
    return member(evaluate(*e.parts[0], names), e.text);
  case kind::index:
    return part(0).elements().at(static_cast<std::size_t>(part(1).integer()));
  case kind::unary:
    return part(0).is<double>() ? value{-part(0).number()} : value{-part(0).integer()};
  case kind::binary:
    return binary(e.text, part(0), part(1));
  case kind::comprehension:
    return comprehension(e, names);
  case kind::assignment:
    break;
  }
  throw std::invalid_argument{"an assignment is no expression"};
}

namespace {

/// The names of a case, and at its end their end: a function among them keeps all others.
class program_names {
public:
  program_names(const context& ctx, const std::string& scratch)
      : names_{std::make_shared<environment>(&ctx, scratch)} {}
  program_names(const program_names&) = delete;
  program_names& operator=(const program_names&) = delete;
  ~program_names() { names_->clear(); }

  const std::shared_ptr<environment>& operator*() const noexcept { return names_; }

private:
  std::shared_ptr<environment> names_;
};

} // namespace

value run_case(const context& ctx, const std::string& ops, const std::string& scratch) {
  const program_names program{ctx, scratch};
  const auto& names = *program;
  object last = value{};
  for (const auto& statement : parse(ops)) {
    if (statement->what == expression::kind::assignment)
      names->set(statement->text, evaluate(*statement->parts[0], names));
    else
      last = evaluate(*statement, names);
  }
  return as_value(last);
}

} // namespace crema::testing
