#include "tests/dataflow/conformance/objects.hpp"

#include "dataflow/function/capture.hpp"
#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/count_by.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/for_each.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/save_as_text_file.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/top.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <stdexcept>

// The methods of datasets, by the names that the cases use.

namespace crema::testing {

namespace {

/// The arguments of a call, by position, each with a default.
class call_arguments {
public:
  explicit call_arguments(const std::vector<object>& given) : given_{given} {}

  bool has(std::size_t i) const { return i < given_.size(); }
  const function& f(std::size_t i) const { return std::get<function>(given_.at(i)); }
  const dataset& data(std::size_t i) const { return std::get<dataset>(given_.at(i)); }
  const value& v(std::size_t i) const { return as_value(given_.at(i)); }
  std::int64_t integer(std::size_t i) const { return v(i).integer(); }
  int count(std::size_t i) const { return has(i) ? static_cast<int>(integer(i)) : 0; }
  bool flag(std::size_t i, bool otherwise) const { return has(i) ? v(i).truth() : otherwise; }

private:
  const std::vector<object>& given_;
};

keyed_dataset by_key(const dataset& data) {
  return data.map([](const value& v) { return keyed{v.elements().at(0), v.elements().at(1)}; });
}

value tuple(const value& a, const value& b) {
  return list{a, b};
}

dataset by_value(const keyed_dataset& data) {
  return data.map([](const keyed& kv) { return tuple(kv.first, kv.second); });
}

value list_of(const group<value>& values) {
  return values.to_vector();
}

template <class Map>
value list_of_map(const Map& map) {
  list entries;
  for (const auto& [key, mapped] : map)
    entries.push_back(tuple(key, value{mapped}));
  return entries;
}

template <class Records>
value list_of_records(Records& records) {
  list all;
  for (const auto& record : records)
    all.push_back(record);
  return all;
}

list elements(const value& v) {
  return v.elements();
}

/// A key function that may be missing.
auto key(const call_arguments& args, std::size_t i) {
  const auto given = args.has(i) ? std::optional{args.f(i)} : std::nullopt;
  return capture(given, [](const std::optional<function>& f, const value& v) { return f ? (*f)(v) : v; });
}

struct value_order {
  bool ascending;
  bool operator()(const value& a, const value& b) const { return ascending ? a < b : b < a; }
};

using method = std::function<object(const dataset&, const call_arguments&)>;
using methods = std::map<std::string, method>;

const methods narrow{
  {"map", [](const dataset& d, const call_arguments& a) -> object { return dataset{d.map(a.f(0))}; }},
  {"filter",
   [](const dataset& d, const call_arguments& a) -> object {
     return dataset{d.filter(capture(a.f(0), [](const function& f, const value& v) { return f(v).truth(); }))};
   }},
  {"flatMap",
   [](const dataset& d, const call_arguments& a) -> object {
     return dataset{d.flat_map(capture(a.f(0), [](const function& f, const value& v) { return elements(f(v)); }))};
   }},
  {"mapPartitions",
   [](const dataset& d, const call_arguments& a) -> object {
     return dataset{d.map_partitions(
       capture(a.f(0), [](const function& f, auto& records) { return elements(f(list_of_records(records))); }))};
   }},
  {"mapPartitionsWithIndex",
   [](const dataset& d, const call_arguments& a) -> object {
     return dataset{d.map_partitions_with_index(capture(a.f(0), [](const function& f, int i, auto& records) {
       return elements(f(value{i}, list_of_records(records)));
     }))};
   }},
  {"glom",
   [](const dataset& d, const call_arguments&) -> object {
     return dataset{d.glom().map([](const list& part) { return value{part}; })};
   }},
  {"keyBy", [](const dataset& d, const call_arguments& a) -> object { return by_value(d.key_by(a.f(0))); }},
  {"keys", [](const dataset& d, const call_arguments&) -> object { return dataset{by_key(d).keys()}; }},
  {"values", [](const dataset& d, const call_arguments&) -> object { return dataset{by_key(d).values()}; }},
  {"mapValues",
   [](const dataset& d, const call_arguments& a) -> object { return by_value(by_key(d).map_values(a.f(0))); }},
  {"flatMapValues",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(
       by_key(d).flat_map_values(capture(a.f(0), [](const function& f, const value& v) { return elements(f(v)); })));
   }},
  {"union", [](const dataset& d, const call_arguments& a) -> object { return d.union_with(a.data(0)); }},
  {"coalesce",
   [](const dataset& d, const call_arguments& a) -> object { return d.coalesce(a.count(0), a.flag(1, false)); }},
  {"cache", [](const dataset& d, const call_arguments&) -> object { return d.cache(); }},
  {"setName", [](const dataset& d, const call_arguments& a) -> object { return d.set_name(a.v(0).text()); }},
  {"name", [](const dataset& d, const call_arguments&) -> object { return value{d.name()}; }},
  {"getNumPartitions", [](const dataset& d, const call_arguments&) -> object { return value{d.num_partitions()}; }},
};

const methods wide{
  {"repartition", [](const dataset& d, const call_arguments& a) -> object { return d.repartition(a.count(0)); }},
  {"distinct", [](const dataset& d, const call_arguments& a) -> object { return d.distinct(a.count(0)); }},
  {"zipWithIndex",
   [](const dataset& d, const call_arguments&) -> object {
     return dataset{d.zip_with_index().map([](const auto& r) { return tuple(r.first, r.second); })};
   }},
  {"partitionBy",
   [](const dataset& d, const call_arguments& a) -> object {
     if (!a.has(1))
       return by_value(by_key(d).partition_by(a.count(0)));
     return by_value(by_key(d).partition_by(
       a.count(0), capture(a.f(1), [](const function& f, const value& k) { return f(k).integer(); })));
   }},
  {"reduceByKey",
   [](const dataset& d, const call_arguments& a) -> object { return by_value(by_key(d).reduce_by_key(a.f(0))); }},
  {"foldByKey",
   [](const dataset& d, const call_arguments& a) -> object { return by_value(by_key(d).fold_by_key(a.v(0), a.f(1))); }},
  {"aggregateByKey",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(by_key(d).aggregate_by_key(a.v(0), a.f(1), a.f(2)));
   }},
  {"groupByKey",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(by_key(d).group_by_key(a.count(0)).map_values(list_of));
   }},
  // crema spells groupBy(f) as key_by(f).group_by_key().
  {"groupBy",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(d.key_by(a.f(0)).group_by_key().map_values(list_of));
   }},
  {"cogroup",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(by_key(d).cogroup(by_key(a.data(0))).map_values([](const auto& both) {
       return tuple(list_of(both.first), list_of(both.second));
     }));
   }},
  {"join",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(
       by_key(d).join(by_key(a.data(0))).map_values([](const keyed& both) { return tuple(both.first, both.second); }));
   }},
  {"sortBy",
   [](const dataset& d, const call_arguments& a) -> object {
     return d.sort_by(key(a, 0), value_order{a.flag(1, true)}, a.count(2));
   }},
  {"sortByKey",
   [](const dataset& d, const call_arguments& a) -> object {
     return by_value(by_key(d).sort_by_key(value_order{a.flag(0, true)}, a.count(1)));
   }},
};

const methods actions{
  {"collect", [](const dataset& d, const call_arguments&) -> object { return value{d.collect()}; }},
  {"count", [](const dataset& d, const call_arguments&) -> object { return value{d.count()}; }},
  {"first", [](const dataset& d, const call_arguments&) -> object { return d.first(); }},
  {"take", [](const dataset& d, const call_arguments& a) -> object { return value{d.take(a.integer(0))}; }},
  // crema spells isEmpty() as take(1).empty().
  {"isEmpty", [](const dataset& d, const call_arguments&) -> object { return value{d.take(1).empty()}; }},
  {"top", [](const dataset& d, const call_arguments& a) -> object { return value{d.top(a.integer(0), key(a, 1))}; }},
  {"takeOrdered",
   [](const dataset& d, const call_arguments& a) -> object { return value{d.take_ordered(a.integer(0), key(a, 1))}; }},
  {"reduce", [](const dataset& d, const call_arguments& a) -> object { return d.reduce(a.f(0)); }},
  {"fold", [](const dataset& d, const call_arguments& a) -> object { return d.fold(a.v(0), a.f(1)); }},
  {"aggregate",
   [](const dataset& d, const call_arguments& a) -> object { return d.aggregate(a.v(0), a.f(1), a.f(2)); }},
  {"sum",
   [](const dataset& d, const call_arguments&) -> object {
     return value{d.map([](const value& v) { return v.integer(); }).sum()};
   }},
  {"max", [](const dataset& d, const call_arguments& a) -> object { return d.max(key(a, 0)); }},
  {"min", [](const dataset& d, const call_arguments& a) -> object { return d.min(key(a, 0)); }},
  {"countByKey",
   [](const dataset& d, const call_arguments&) -> object { return list_of_map(by_key(d).count_by_key()); }},
  {"countByValue", [](const dataset& d, const call_arguments&) -> object { return list_of_map(d.count_by_value()); }},
  {"collectAsMap",
   [](const dataset& d, const call_arguments&) -> object { return list_of_map(by_key(d).collect_as_map()); }},
  {"foreach",
   [](const dataset& d, const call_arguments& a) -> object {
     d.for_each(capture(a.f(0), [](const function& f, const value& v) { f(v); }));
     return value{};
   }},
  {"foreachPartition",
   [](const dataset& d, const call_arguments& a) -> object {
     d.for_each_partition(capture(a.f(0), [](const function& f, auto& records) { f(list_of_records(records)); }));
     return value{};
   }},
  {"toLocalIterator",
   [](const dataset& d, const call_arguments&) -> object {
     auto records = d.to_local_iterator();
     return list_of_records(records);
   }},
  {"saveAsTextFile",
   [](const dataset& d, const call_arguments& a) -> object {
     d.save_as_text_file(a.v(0).text());
     return value{};
   }},
};

} // namespace

object call_method(const dataset& data, const std::string& name, const std::vector<object>& arguments) {
  for (const auto* table : {&narrow, &wide, &actions})
    if (const auto found = table->find(name); found != table->end())
      return found->second(data, call_arguments{arguments});
  throw std::invalid_argument{"a dataset has no method " + name};
}

} // namespace crema::testing
