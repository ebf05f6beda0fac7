#include "tests/dataflow/op/random_programs/datasets.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/count_by.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/for_each.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/top.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

namespace crema::testing {

namespace {

using action = std::function<records(const dataset&, const model&, const step&)>;
using d = const dataset&;
using t = const step&;
using m = const model&;

long key_of(const record& r) {
  return r.first;
}
record plus(const record& a, const record& b) {
  return {a.first + b.first, a.second + b.second};
}

records read(d data, long most) {
  records all;
  for (const auto& r : data.to_local_iterator()) {
    if (static_cast<long>(all.size()) >= most)
      break;
    all.push_back(r);
  }
  return all;
}

records marked_parts(d data, m of) {
  records out;
  long p = 0;
  for (auto& part : data.glom().collect()) {
    if (!of.order)
      std::sort(part.begin(), part.end());
    out.emplace_back(std::numeric_limits<long>::min(), p++);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

template <class Map, class Key>
records counts(const Map& found, Key key) {
  records out;
  for (const auto& [k, n] : found)
    out.emplace_back(key(k), static_cast<long>(n));
  std::sort(out.begin(), out.end());
  return out;
}

const std::map<std::string_view, action> actions{
  {"collect", [](d a, m, t) { return a.collect(); }},
  {"to_local_iterator", [](d a, m, t) { return read(a, std::numeric_limits<long>::max()); }},
  {"leave_local_iterator", [](d a, m, t s) { return read(a, s.n); }},
  {"count",
   [](d a, m, t) {
     return records{{static_cast<long>(a.count()), 0}};
   }},
  {"glom", [](d a, m of, t) { return marked_parts(a, of); }},
  {"first", [](d a, m, t) { return records{a.first()}; }},
  {"take", [](d a, m, t s) { return a.take(s.n); }},
  {"take_ordered", [](d a, m, t s) { return a.take_ordered(s.n); }},
  {"take_ordered_by_key", [](d a, m, t s) { return a.take_ordered(s.n, key_of); }},
  {"top", [](d a, m, t s) { return a.top(s.n); }},
  {"top_by_key", [](d a, m, t s) { return a.top(s.n, key_of); }},
  {"reduce",
   [](d a, m, t) {
     return records{a.reduce([](const record& x, const record& y) { return record{x.first, y.second}; })};
   }},
  {"fold",
   [](d a, m, t s) {
     return records{a.fold({s.c, 0}, plus)};
   }},
  {"aggregate",
   [](d a, m, t) {
     return records{a.aggregate(
       record{},
       [](const record& x, const record& r) {
         return record{x.first + 1, x.second + r.second};
       },
       plus)};
   }},
  {"sum",
   [](d a, m, t) {
     return records{{a.values().sum(), 0}};
   }},
  {"min", [](d a, m, t) { return records{a.min()}; }},
  {"max", [](d a, m, t) { return records{a.max()}; }},
  {"max_by_key", [](d a, m, t) { return records{a.max(key_of)}; }},
  {"count_by_value",
   [](d a, m, t) { return counts(a.count_by_value(), [](const record& r) { return r.first * 7 + r.second; }); }},
  {"count_by_key", [](d a, m, t) { return counts(a.count_by_key(), std::identity{}); }},
  {"collect_as_map", [](d a, m, t) { return counts(a.collect_as_map(), std::identity{}); }},
};

} // namespace

records run_action(const context& ctx, const dataset& data, const model& of, const step& s) {
  const auto sums = ctx.accumulator(record{}, record{}, plus);
  if (s.what == "for_each") {
    data.for_each([sums](const record& r) { sums.add(record{1, r.second}); });
    return {sums.value()};
  }
  if (s.what == "for_each_partition") {
    data.for_each_partition([sums](auto& part) {
      record found{1, 0};
      for ([[maybe_unused]] const auto& r : part)
        ++found.second;
      sums.add(found);
    });
    return {sums.value()};
  }
  try {
    return actions.at(s.what)(data, of, s);
  } catch (const error& e) {
    if (e.code() != errc::empty_collection)
      throw;
    return nothing_there;
  }
}

} // namespace crema::testing
