#include "tests/dataflow/op/random_programs/oracle.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace crema::testing {

namespace {

long size_of(const records& all) {
  return static_cast<long>(all.size());
}

record sum_of(const records& all) {
  record sum{};
  for (const auto& [k, v] : all)
    sum = {sum.first + k, sum.second + v};
  return sum;
}

records first_of(records all, long n) {
  all.resize(static_cast<std::size_t>(std::clamp(n, 0L, size_of(all))));
  return all;
}

template <class Less>
records least_of(records all, long n, Less less) {
  std::stable_sort(all.begin(), all.end(), less);
  return first_of(std::move(all), n);
}

/// The partitions one after the other, each behind its number.
records marked_parts(const model& m) {
  records out;
  for (std::size_t p = 0; p != m.parts.size(); ++p) {
    auto part = m.parts[p];
    if (!m.order)
      std::sort(part.begin(), part.end());
    out.emplace_back(std::numeric_limits<long>::min(), p);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

template <class Key>
records counts(const records& all, Key key) {
  std::map<decltype(key(record{})), long> found;
  for (const auto& r : all)
    ++found[key(r)];
  records out;
  for (const auto& [k, n] : found)
    if constexpr (std::is_same_v<std::decay_t<decltype(k)>, record>)
      out.emplace_back(k.first * 7 + k.second, n);
    else
      out.emplace_back(k, n);
  std::sort(out.begin(), out.end());
  return out;
}

bool lower_key(const record& a, const record& b) {
  return a.first < b.first;
}
bool higher_key(const record& a, const record& b) {
  return a.first > b.first;
}

/// f(all), where there is a record.
template <class F>
auto not_empty(F f) {
  return [f](const step&, const model& m) {
    const auto all = m.all();
    return all.empty() ? nothing_there : records{f(all)};
  };
}

} // namespace

const std::map<std::string_view, action_rule>& action_rules() {
  using m = const model&;
  using t = const step&;
  static const std::map<std::string_view, action_rule> found{
    {"collect", {needs::nothing, [](t, m of) { return of.all(); }}},
    {"to_local_iterator", {needs::nothing, [](t, m of) { return of.all(); }}},
    {"leave_local_iterator", {needs::order, [](t s, m of) { return first_of(of.all(), s.n); }}},
    {"count",
     {needs::nothing,
      [](t, m of) {
        return records{{size_of(of.all()), 0}};
      }}},
    {"glom", {needs::members, [](t, m of) { return marked_parts(of); }}},
    {"first", {needs::order, not_empty([](const records& all) { return all.front(); })}},
    {"take", {needs::order, [](t s, m of) { return first_of(of.all(), s.n); }}},
    {"take_ordered", {needs::nothing, [](t s, m of) { return least_of(of.all(), s.n, std::less<>{}); }}},
    {"take_ordered_by_key", {needs::order, [](t s, m of) { return least_of(of.all(), s.n, lower_key); }}},
    {"top", {needs::nothing, [](t s, m of) { return least_of(of.all(), s.n, std::greater<>{}); }}},
    {"top_by_key", {needs::order, [](t s, m of) { return least_of(of.all(), s.n, higher_key); }}},
    {"reduce", {needs::order, not_empty([](const records& all) {
                  return record{all.front().first, all.back().second};
                })}},
    {"fold",
     {needs::nothing,
      [](t s, m of) {
        const auto sum = sum_of(of.all());
        return records{{sum.first + s.c * static_cast<long>(of.parts.size() + 1), sum.second}};
      }}},
    {"aggregate",
     {needs::nothing,
      [](t, m of) {
        return records{{size_of(of.all()), sum_of(of.all()).second}};
      }}},
    {"sum",
     {needs::nothing,
      [](t, m of) {
        return records{{sum_of(of.all()).second, 0}};
      }}},
    {"min", {needs::nothing, not_empty([](const records& all) { return *std::min_element(all.begin(), all.end()); })}},
    {"max", {needs::nothing, not_empty([](const records& all) { return *std::max_element(all.begin(), all.end()); })}},
    {"max_by_key", {needs::order, not_empty([](const records& all) {
                      return *std::max_element(all.begin(), all.end(), lower_key);
                    })}},
    {"count_by_value", {needs::nothing, [](t, m of) { return counts(of.all(), [](const record& r) { return r; }); }}},
    {"count_by_key",
     {needs::nothing, [](t, m of) { return counts(of.all(), [](const record& r) { return r.first; }); }}},
    {"collect_as_map",
     {needs::order,
      [](t, m of) {
        std::map<long, long> last;
        for (const auto& [k, v] : of.all())
          last[k] = v;
        return records(last.begin(), last.end());
      }}},
    {"for_each",
     {needs::nothing,
      [](t, m of) {
        return records{{size_of(of.all()), sum_of(of.all()).second}};
      }}},
    {"for_each_partition",
     {needs::nothing,
      [](t, m of) {
        return records{{static_cast<long>(of.parts.size()), size_of(of.all())}};
      }}},
  };
  return found;
}

} // namespace crema::testing
