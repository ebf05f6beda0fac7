#include "tests/dataflow/op/random_programs/program.hpp"

#include "tests/dataflow/op/random_programs/oracle.hpp"

#include <algorithm>
#include <iterator>
#include <random>
#include <set>

namespace crema::testing {

namespace {

constexpr std::size_t most_partitions = 200;

class generator {
public:
  explicit generator(std::uint64_t seed) : random_{seed} {}

  program make() {
    add(source());
    for (auto n = below(9); n != 0; --n)
      add(any_step());
    made_.actions.push_back(any_action(made_.steps.size() - 1));
    if (below(3) == 0)
      made_.actions.push_back(any_action(below(made_.steps.size())));
    return std::move(made_);
  }

private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  long number(long from, long to) { return std::uniform_int_distribution<long>{from, to}(random_); }

  /// Few at most times, up to 64.
  int partitions() {
    const long most[] = {1, 4, 4, 4, 8, 8, 16, 64};
    return static_cast<int>(number(1, most[below(std::size(most))]));
  }

  /// None, one, some, or many; keys that are few, many, or one for most.
  records data() {
    const long sizes[] = {0, 2, 10, 40, 100, 400, 2000};
    const long bounds[] = {1, 3, 20, 20, 5000};
    const auto size = number(0, sizes[below(std::size(sizes))]);
    const auto keys = bounds[below(std::size(bounds))];
    const auto values = bounds[below(std::size(bounds))];
    const bool skewed = below(4) == 0;
    records all;
    for (long i = 0; i < size; ++i)
      all.emplace_back(skewed && below(5) != 0 ? 1 : number(-keys, keys), number(-values, values));
    return all;
  }

  step source() {
    step s{.what = "parallelize", .n = partitions(), .c = number(1, 100)};
    if (const auto kind = below(10); kind == 0)
      s.what = "empty";
    else if (kind == 1)
      s.what = "range";
    else
      s.data = data();
    return s;
  }

  /// The last dataset at most times, for long chains.
  std::size_t parent() { return below(3) != 0 ? made_.steps.size() - 1 : below(made_.steps.size()); }

  step any_step() {
    static const std::set<std::string_view> without_default{"coalesce", "partition_by", "partition_by_function",
                                                            "repartition"};
    if (below(12) == 0)
      return source();
    for (;;) {
      step s{.what = any_of(rules()), .a = parent(), .b = parent(), .n = partitions(), .c = number(2, 9)};
      if (below(3) == 0 && !without_default.contains(s.what))
        s.n = 0;
      const auto& rule = rules().at(s.what);
      if (rule.parents != 0 && knows(made_.models[s.a], rule.what))
        return s;
    }
  }

  step any_action(std::size_t of) {
    for (;;) {
      const step s{.what = any_of(action_rules()), .a = of, .n = static_cast<int>(number(-1, 40)), .c = number(0, 9)};
      if (knows(made_.models[of], action_rules().at(s.what).what))
        return s;
    }
  }

  template <class Map>
  std::string_view any_of(const Map& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(below(map.size())))->first;
  }

  static bool knows(const model& m, needs what) {
    return (m.members || what == needs::nothing || what == needs::order)
           && (m.order || what == needs::nothing || what == needs::members);
  }

  /// Unless its result is too large.
  void add(step s) {
    const model none;
    const auto& a = made_.models.empty() ? none : made_.models[s.a];
    const auto& b = made_.models.empty() ? none : made_.models[s.b];
    auto m = rules().at(s.what).apply(s, a, b);
    const auto size = m.all().size();
    if (size > most_records || m.parts.size() > most_partitions)
      return;
    m.members = m.members || m.parts.size() <= 1;
    m.order = m.order || size <= 1;
    made_.steps.push_back(std::move(s));
    made_.models.push_back(std::move(m));
  }

  std::mt19937_64 random_;
  program made_;
};

std::string name(std::size_t dataset) {
  return "d" + std::to_string(dataset);
}

std::string to_text(const records& all) {
  std::string text;
  for (const auto& [k, v] : all)
    text += (text.empty() ? "" : ", ") + ("{" + std::to_string(k) + ", " + std::to_string(v) + "}");
  return "{" + text + "}";
}

std::string to_text(const step& s, int parents) {
  std::string text{s.what};
  text += "(";
  if (parents > 0)
    text += name(s.a) + ", ";
  if (parents > 1)
    text += name(s.b) + ", ";
  text += "n = " + std::to_string(s.n) + ", c = " + std::to_string(s.c);
  if (s.what == "parallelize")
    text += ", " + to_text(s.data);
  return text + ")";
}

} // namespace

program random_program(std::uint64_t seed) {
  return generator{seed}.make();
}

records expected(const model& of, const step& action) {
  return action_rules().at(action.what).apply(action, of);
}

std::string to_text(const program& p) {
  std::string text;
  for (std::size_t i = 0; i != p.steps.size(); ++i)
    text += name(i) + " = " + to_text(p.steps[i], rules().at(p.steps[i].what).parents) + "\n";
  for (const auto& action : p.actions)
    text += to_text(action, 1) + "\n";
  return text;
}

} // namespace crema::testing
