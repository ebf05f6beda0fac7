#include "tests/dataflow/op/random_programs/oracle.hpp"

#include "dataflow/hash/key_hash.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

namespace crema::testing {

namespace {

using groups = std::map<long, std::vector<long>>;

/// f(record) gives the records that take its place.
template <class F>
model each(model m, F f) {
  for (auto& part : m.parts) {
    records out;
    for (const auto& r : part)
      for (const auto& made : f(r))
        out.push_back(made);
    part = std::move(out);
  }
  return m;
}

/// The same records where nothing is known of their places.
model scattered_over(const records& all, int n) {
  model m{std::vector<records>(static_cast<std::size_t>(n)), false, false};
  m.parts.at(0) = all;
  return m;
}

/// Records whose partition is that of their key.
template <class Key>
model placed(const records& all, int n, Key key) {
  model m{std::vector<records>(static_cast<std::size_t>(n)), true, false};
  for (const auto& r : all)
    m.parts[static_cast<std::size_t>(partition_of(key(r), n))].push_back(r);
  return m;
}

long key_of(const record& r) {
  return r.first;
}

groups grouped(const model& m) {
  groups found;
  for (const auto& part : m.parts)
    for (const auto& [k, v] : part)
      found[k].push_back(v);
  return found;
}

long sum_of(const std::vector<long>& values) {
  return std::accumulate(values.begin(), values.end(), 0L);
}

int partitions(const step& s, const model& a) {
  return s.n != 0 ? s.n : std::max(1, static_cast<int>(a.parts.size()));
}
int partitions(const step& s, const model& a, const model& b) {
  return std::max(partitions(s, a), partitions(s, b));
}

/// f(values) for each key.
template <class F>
model by_key(const step& s, const model& a, F f) {
  records out;
  for (const auto& [k, values] : grouped(a))
    out.emplace_back(k, clip(f(values)));
  return placed(out, partitions(s, a), key_of);
}

model fold_by_key(const step& s, const model& a) {
  std::map<long, long> sums;
  for (const auto& part : a.parts) {
    std::set<long> seen;
    for (const auto& [k, v] : part)
      sums[k] += v + (seen.insert(k).second ? s.c : 0);
  }
  for (auto& [k, sum] : sums)
    sum = clip(sum);
  return placed({sums.begin(), sums.end()}, partitions(s, a), key_of);
}

model cogroup(const step& s, const model& a, const model& b) {
  std::map<long, long> found;
  for (const auto& [k, values] : grouped(a))
    found[k] += clip(sum_of(values) * 3 + static_cast<long>(values.size()));
  for (const auto& [k, values] : grouped(b))
    found[k] += clip(sum_of(values) * 5 + static_cast<long>(values.size()));
  return placed({found.begin(), found.end()}, partitions(s, a, b), key_of);
}

model join(const step& s, const model& a, const model& b) {
  records out;
  const auto right = grouped(b);
  for (const auto& [k, values] : grouped(a))
    if (const auto others = right.find(k); others != right.end())
      for (long v : values)
        for (long w : others->second)
          if (out.size() <= most_records)
            out.emplace_back(k, clip(v * 31 + w));
  return placed(out, partitions(s, a, b), key_of);
}

template <class Less>
model sorted_by(const step& s, const model& a, bool total, Less less) {
  auto all = a.all();
  std::stable_sort(all.begin(), all.end(), less);
  auto m = scattered_over(all, partitions(s, a));
  m.order = total || a.order;
  return m;
}

model united(model a, const model& b) {
  a.parts.insert(a.parts.end(), b.parts.begin(), b.parts.end());
  a.members = a.members && b.members;
  a.order = a.order && b.order;
  return a;
}

model coalesced(const step& s, const model& a) {
  const auto n = std::min(static_cast<std::size_t>(s.n), a.parts.size());
  if (n == 0)
    return a;
  auto m = scattered_over(a.all(), static_cast<int>(n));
  m.order = a.order;
  return m;
}

model sliced(const step& s) {
  model m{std::vector<records>(static_cast<std::size_t>(s.n))};
  const auto n = s.data.size();
  for (std::size_t i = 0; i != m.parts.size(); ++i)
    m.parts[i].assign(s.data.begin() + static_cast<std::ptrdiff_t>(n * i / m.parts.size()),
                      s.data.begin() + static_cast<std::ptrdiff_t>(n * (i + 1) / m.parts.size()));
  return m;
}

model numbers(const step& s) {
  step source = s;
  for (long i = s.c; i < s.c * 3; i += 2)
    source.data.emplace_back(floored(i, 7), i);
  return sliced(source);
}

model partitioned(const step& s, const model& a) {
  model m{std::vector<records>(static_cast<std::size_t>(s.n)), true, a.order && a.parts.size() == 1};
  for (const auto& part : a.parts)
    for (const auto& r : part)
      m.parts[static_cast<std::size_t>(floored(r.first * s.c, s.n))].push_back(r);
  return m;
}

model indexed(model m) {
  long i = 0;
  for (auto& part : m.parts)
    for (auto& r : part)
      r.second = clip(r.second * 7 + i++);
  return m;
}

model running_sums(model m) {
  for (auto& part : m.parts) {
    long sum = 0;
    for (auto& r : part)
      r.second = sum = clip(sum + r.second);
  }
  return m;
}

model summed_parts(model m) {
  for (std::size_t p = 0; p != m.parts.size(); ++p) {
    long sum = 0;
    for (const auto& r : m.parts[p])
      sum += r.first + r.second;
    m.parts[p] = {{static_cast<long>(p), sum}};
  }
  m.order = true;
  return m;
}

model distinct(const step& s, const model& a) {
  const auto all = a.all();
  const std::set<record> once(all.begin(), all.end());
  return placed({once.begin(), once.end()}, partitions(s, a), std::identity{});
}

rule source(model (*make)(const step&)) {
  return {0, needs::nothing, [make](const step& s, const model&, const model&) { return make(s); }};
}

rule unchanged() {
  return {1, needs::nothing, [](const step&, const model& a, const model&) { return a; }};
}

/// f(record, c) gives the records that take its place.
rule narrow(records (*f)(const record&, long)) {
  return {1, needs::nothing, [f](const step& s, const model& a, const model&) {
            return each(a, [&](const record& r) { return f(r, s.c); });
          }};
}

rule parts_of(needs what, model (*f)(model)) {
  return {1, what, [f](const step&, const model& a, const model&) { return f(a); }};
}

/// f(values) is the value of a key.
rule keyed(long (*f)(const std::vector<long>&)) {
  return {1, needs::nothing, [f](const step& s, const model& a, const model&) { return by_key(s, a, f); }};
}

rule one(model (*f)(const step&, const model&), needs what = needs::nothing) {
  return {1, what, [f](const step& s, const model& a, const model&) { return f(s, a); }};
}

rule two(model (*f)(const step&, const model&, const model&)) {
  return {2, needs::nothing, f};
}

long count_of(const std::vector<long>& values) {
  return static_cast<long>(values.size());
}

} // namespace

const std::map<std::string_view, rule>& rules() {
  static const std::map<std::string_view, rule> all{
    {"parallelize", source(sliced)},
    {"range", source(numbers)},
    {"empty", source([](const step&) { return model{}; })},
    {"swap", narrow([](const record& r, long) {
       return records{{r.second, r.first}};
     })},
    {"add", narrow([](const record& r, long c) {
       return records{{r.first, clip(r.second + c)}};
     })},
    {"fewer_keys", narrow([](const record& r, long c) {
       return records{{r.first % c, r.second}};
     })},
    {"one_key", narrow([](const record& r, long c) {
       return records{{c, r.second}};
     })},
    {"filter", narrow([](const record& r, long c) { return floored(r.second, c) == 1 ? records{} : records{r}; })},
    {"repeat", narrow([](const record& r, long) { return records(static_cast<std::size_t>(floored(r.first, 3)), r); })},
    {"map_values", narrow([](const record& r, long c) {
       return records{{r.first, clip(r.second * c)}};
     })},
    {"flat_map_values", narrow([](const record& r, long) {
       return r.second % 2 == 0 ? records{r, {r.first, r.second + 1}} : records{};
     })},
    {"key_by", narrow([](const record& r, long c) {
       return records{{r.second % c, clip(r.first + r.second)}};
     })},
    {"keys", narrow([](const record& r, long c) {
       return records{{r.first, c}};
     })},
    {"values", narrow([](const record& r, long c) {
       return records{{c, r.second}};
     })},
    {"glom", unchanged()},
    {"cache", unchanged()},
    {"persist", unchanged()},
    {"unpersist", unchanged()},
    {"map_partitions", parts_of(needs::layout, running_sums)},
    {"map_partitions_with_index", parts_of(needs::members, summed_parts)},
    {"zip_with_index", parts_of(needs::order, indexed)},
    {"union_with", two([](const step&, const model& a, const model& b) { return united(a, b); })},
    {"coalesce", one(coalesced)},
    {"repartition", one([](const step& s, const model& a) { return scattered_over(a.all(), s.n); })},
    {"distinct", one(distinct)},
    {"partition_by", one([](const step& s, const model& a) { return placed(a.all(), s.n, key_of); })},
    {"partition_by_function", one(partitioned)},
    {"reduce_by_key", keyed([](const auto& values) { return *std::max_element(values.begin(), values.end()); })},
    {"combine_by_key", keyed([](const auto& values) { return sum_of(values) + 1000 * count_of(values); })},
    {"aggregate_by_key",
     keyed([](const auto& values) { return std::inner_product(values.begin(), values.end(), values.begin(), 0L); })},
    {"fold_by_key", one(fold_by_key, needs::members)},
    {"group_by_key", keyed([](const auto& values) { return sum_of(values) * count_of(values); })},
    {"cogroup", two(cogroup)},
    {"join", two(join)},
    {"sort_by", one([](const step& s, const model& a) {
       return sorted_by(s, a, true, [](const record& x, const record& y) {
         return std::pair{x.second, x.first} < std::pair{y.second, y.first};
       });
     })},
    {"sort_by_key", one([](const step& s, const model& a) {
       return sorted_by(s, a, false, [](const record& x, const record& y) { return x.first < y.first; });
     })},
    {"sort_by_key_down", one([](const step& s, const model& a) {
       return sorted_by(s, a, false, [](const record& x, const record& y) { return x.first > y.first; });
     })},
  };
  return all;
}

records model::all() const {
  records found;
  for (const auto& part : parts)
    found.insert(found.end(), part.begin(), part.end());
  return found;
}

} // namespace crema::testing
