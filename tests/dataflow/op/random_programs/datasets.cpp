#include "tests/dataflow/op/random_programs/datasets.hpp"

#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/cogroup.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/group_by_key.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/union_with.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <functional>
#include <map>

namespace crema::testing {

namespace {

using maker = std::function<dataset(const dataset& a, const dataset& b, const step& s)>;
using d = const dataset&;
using t = const step&;

long sum_of(const group<long>& values) {
  long sum = 0;
  for (long v : values)
    sum += v;
  return sum;
}
long count_of(const group<long>& values) {
  return static_cast<long>(values.size());
}

const std::map<std::string_view, maker> narrow{
  {"swap", [](d a, d, t) { return a.map([](const record& r) {
                             return record{r.second, r.first};
                           }); }},
  {"add", [](d a, d, t s) { return a.map([c = s.c](record r) {
                              return record{r.first, clip(r.second + c)};
                            }); }},
  {"fewer_keys", [](d a, d, t s) { return a.map([c = s.c](record r) {
                                     return record{r.first % c, r.second};
                                   }); }},
  {"one_key", [](d a, d, t s) { return a.map([c = s.c](const record& r) {
                                  return record{c, r.second};
                                }); }},
  {"filter", [](d a, d, t s) { return a.filter([c = s.c](const record& r) { return floored(r.second, c) != 1; }); }},
  {"repeat",
   [](d a, d, t) {
     return a.flat_map([](const record& r) { return records(static_cast<std::size_t>(floored(r.first, 3)), r); });
   }},
  {"map_values", [](d a, d, t s) { return a.map_values([c = s.c](long v) { return clip(v * c); }); }},
  {"flat_map_values",
   [](d a, d, t) {
     return a.flat_map_values([](long v) { return v % 2 == 0 ? std::vector{v, v + 1} : std::vector<long>{}; });
   }},
  {"key_by",
   [](d a, d, t s) {
     return a.key_by([c = s.c](const record& r) { return r.second % c; }).map_values([](const record& r) {
       return clip(r.first + r.second);
     });
   }},
  {"keys", [](d a, d, t s) { return a.keys().map([c = s.c](long k) {
                               return record{k, c};
                             }); }},
  {"values", [](d a, d, t s) { return a.values().key_by([c = s.c](long) { return c; }); }},
  {"glom", [](d a, d, t) { return a.glom().flat_map(std::identity{}); }},
  {"cache", [](d a, d, t) { return a.cache(); }},
  {"persist", [](d a, d, t) { return a.persist(storage::disk); }},
  {"unpersist", [](d a, d, t) { return a.unpersist(); }},
  {"map_partitions",
   [](d a, d, t) {
     return a.map_partitions([](auto& part) {
       records sums;
       long sum = 0;
       for (const auto& [k, v] : part)
         sums.emplace_back(k, sum = clip(sum + v));
       return sums;
     });
   }},
  {"map_partitions_with_index",
   [](d a, d, t) {
     return a.map_partitions_with_index([](int p, auto& part) {
       long sum = 0;
       for (const auto& [k, v] : part)
         sum += k + v;
       return records{{p, sum}};
     });
   }},
  {"union_with", [](d a, d b, t) { return a.union_with(b); }},
  {"coalesce", [](d a, d, t s) { return a.coalesce(s.n); }},
};

const std::map<std::string_view, maker> wide{
  {"zip_with_index",
   [](d a, d, t) {
     return a.zip_with_index().map([](const std::pair<record, std::int64_t>& r) {
       return record{r.first.first, clip(r.first.second * 7 + r.second)};
     });
   }},
  {"repartition", [](d a, d, t s) { return a.repartition(s.n); }},
  {"distinct", [](d a, d, t s) { return a.distinct(s.n); }},
  {"partition_by", [](d a, d, t s) { return a.partition_by(s.n); }},
  {"partition_by_function", [](d a, d, t s) { return a.partition_by(s.n, [c = s.c](long k) { return k * c; }); }},
  {"reduce_by_key",
   [](d a, d, t s) { return a.reduce_by_key([](long x, long y) { return std::max(x, y); }, s.n).map_values(clip); }},
  {"combine_by_key",
   [](d a, d, t s) {
     using sum = std::pair<long, long>;
     return a
       .combine_by_key(
         [](long v) {
           return sum{v, 1};
         },
         [](const sum& x, long v) {
           return sum{x.first + v, x.second + 1};
         },
         [](const sum& x, const sum& y) {
           return sum{x.first + y.first, x.second + y.second};
         },
         s.n)
       .map_values([](const sum& x) { return clip(x.first + 1000 * x.second); });
   }},
  {"aggregate_by_key",
   [](d a, d, t s) {
     return a
       .aggregate_by_key(
         0L, [](long x, long v) { return x + v * v; }, std::plus<>{}, s.n)
       .map_values(clip);
   }},
  {"fold_by_key", [](d a, d, t s) { return a.fold_by_key(s.c, std::plus<>{}, s.n).map_values(clip); }},
  {"group_by_key",
   [](d a, d, t s) {
     return a.group_by_key(s.n).map_values(
       [](const group<long>& values) { return clip(sum_of(values) * count_of(values)); });
   }},
  {"cogroup",
   [](d a, d b, t s) {
     return a.cogroup(b, s.n).map_values([](const std::pair<group<long>, group<long>>& both) {
       return clip(sum_of(both.first) * 3 + count_of(both.first))
              + clip(sum_of(both.second) * 5 + count_of(both.second));
     });
   }},
  {"join",
   [](d a, d b, t s) {
     return a.join(b, s.n).map_values([](const record& both) { return clip(both.first * 31 + both.second); });
   }},
  {"sort_by",
   [](d a, d, t s) {
     return a.sort_by([](const record& r) { return std::pair{r.second, r.first}; }, std::less<>{}, s.n);
   }},
  {"sort_by_key", [](d a, d, t s) { return a.sort_by_key(std::less<>{}, s.n); }},
  {"sort_by_key_down", [](d a, d, t s) { return a.sort_by_key(std::greater<>{}, s.n); }},
};

} // namespace

dataset make_dataset(const context& ctx, const step& s, const std::vector<dataset>& made) {
  if (s.what == "parallelize")
    return ctx.parallelize(s.data, s.n);
  if (s.what == "empty")
    return ctx.empty<record>();
  if (s.what == "range")
    return ctx.range(s.c, s.c * 3, 2, s.n).map([](long i) { return record{floored(i, 7), i}; });
  const auto found = narrow.find(s.what);
  const auto& make = found != narrow.end() ? found->second : wide.at(s.what);
  return make(made[s.a], made[s.b], s);
}

} // namespace crema::testing
