#pragma once

#include "dataflow/accumulator.hpp"
#include "dataflow/added_files.hpp"
#include "dataflow/broadcast.hpp"
#include "dataflow/config.hpp"
#include "dataflow/engine.hpp"
#include "dataflow/op/parallelize.hpp"
#include "dataflow/op/range.hpp"
#include "dataflow/op/text_file.hpp"
#include "dataflow/op/union_with.hpp"
#include "dataflow/rdd.hpp"
#include "dataflow/source_location.hpp"
#include "dataflow/thin/ranges.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace crema {

/// Where datasets begin and jobs run: owns the engine, the memory budget and the spill directory.
///
///     crema::context ctx;                         // all cores of this machine
///     auto squares = ctx.range(0, 1000).map([](long x) { return x * x; });
///     fmt::print("{}\n", squares.sum());
///
/// Several contexts may live in a process. All functions are thread-safe; several threads may run jobs at once. A
/// context stays usable after any failed or cancelled job. Its end cancels what still runs, waits for it, and leaves no
/// thread and no file behind; the first Ctrl-C or SIGTERM does the same with all contexts, and ends the process, unless
/// the program has a handler of its own; datasets that outlive it throw context_closed from their actions. Cost: a
/// master "local" starts its threads with the first job that needs them.
class context {

public:
  /// Starts the engine that `settings.master` names. Throws invalid_argument naming the field that is wrong.
  explicit context(const config& settings = {});

  /// Runs on a given engine; for tests and for engines of one's own.
  context(config settings, std::unique_ptr<internal::engine> runner);

  context(const context&) = delete;
  context& operator=(const context&) = delete;
  ~context();

  /// Cancels what runs, waits for it, and gives everything back. Idempotent.
  void close();

  /// How many partitions a dataset gets that says nothing about it.
  int default_parallelism() const noexcept;

  /// Tasks that run at once.
  int slots() const noexcept;

  // -- sources --------------------------------------------------------------------------------------------------------
  // `partitions` 0 means the default; slice i of n holds the records from floor(i*size/n) on. Below 0 is an error.

  /// The records of a vector, moved in or copied.
  template <class T>
  rdd<T> parallelize(std::vector<T> records, int partitions = 0,
                     source_location where = source_location::current()) const {
    return internal::make_rdd<internal::parallelize_node<T>>(
      info("parallelize", where), std::make_shared<const std::vector<T>>(std::move(records)), count(partitions));
  }

  /// The records of any finite range.
  template <std::ranges::input_range Range>
  auto parallelize(Range&& records, int partitions = 0, source_location where = source_location::current()) const {
    using T = internal::owned_t<std::ranges::range_value_t<Range>>;
    std::vector<T> copied;
    for (auto&& record : records)
      copied.emplace_back(std::forward<decltype(record)>(record));
    return parallelize(std::move(copied), partitions, where);
  }

  template <class T>
  rdd<T> parallelize(std::initializer_list<T> records, int partitions = 0,
                     source_location where = source_location::current()) const {
    return parallelize(std::vector<T>(records), partitions, where);
  }

  /// begin, begin + step, … as long as it is before end (after end, for a negative step).
  auto range(std::int64_t begin, std::int64_t end, std::int64_t step = 1, int partitions = 0,
             source_location where = source_location::current()) const {
    return rdd<std::int64_t, internal::range_node>{
      internal::make_range(info("range", where), begin, end, step, count(partitions))};
  }

  /// No record, in no partition.
  template <class T>
  rdd<T> empty(source_location where = source_location::current()) const {
    return internal::make_rdd<internal::union_node<T>>(info("empty", where), internal::datasets<T>{});
  }

  /// The lines of files: `uris` is a comma list of paths, file:// URIs, directories (their visible files) and globs.
  /// LF, CRLF and CR end a line; every other byte passes through. Large files are split at line ends into at least
  /// `min_partitions` parts. A path that does not exist is not_found, here and at once; nothing is read before an
  /// action.
  auto text_file(const std::string& uris, int min_partitions = 0,
                 source_location where = source_location::current()) const {
    return rdd<std::string, internal::text_file_node>{
      internal::make_text_file(info("text_file", where), uris, min_partitions)};
  }

  /// The partitions of all, one after the other.
  template <class T>
  rdd<T> union_of(const std::vector<rdd<T>>& all, source_location where = source_location::current()) const {
    internal::datasets<T> parents;
    for (const auto& one : all)
      parents.push_back(one.node());
    return internal::make_rdd<internal::union_node<T>>(info("union_of", where), std::move(parents));
  }

  // -- shared variables -----------------------------------------------------------------------------------------------
  // They live as long as the context, or until they are destroyed.

  template <class T>
  crema::broadcast<T> broadcast(T value, source_location where = source_location::current()) const {
    using shared = internal::broadcast_value<T>;
    return crema::broadcast<T>{internal::add_variable(std::make_shared<shared>(std::move(value), where), state_)};
  }

  /// A number, a string or whatever else has a neutral `T{}` and an operator+.
  template <class T>
  requires requires(T a, T b) { T(a + b); }
  crema::accumulator<T> accumulator(T initial, source_location where = source_location::current()) const {
    return accumulator(std::move(initial), T{}, std::plus<>{}, where);
  }

  /// Any other type, with its neutral value and how to add: add(T, T) → T.
  template <class T, class Add>
  crema::accumulator<T, Add> accumulator(T initial, T zero, Add add,
                                         source_location where = source_location::current()) const {
    static_assert(std::is_invocable_r_v<T, Add&, T, T>, "accumulator: the function must map (T, T) to T");
    using shared = internal::accumulator_state<T, Add>;
    return crema::accumulator<T, Add>{internal::add_variable(
      std::make_shared<shared>(std::move(initial), std::move(zero), std::move(add), where), state_)};
  }

  // -- files for tasks ------------------------------------------------------------------------------------------------

  /// Copies a file, for all tasks of jobs that begin from here on, wherever they run: they open it at
  /// crema::file("dict.txt") where `path` ends with dict.txt. Nodes get it once, and keep it as long as the context.
  /// Throws not_found; invalid_argument for a directory; already_exists where a file of that name and another content
  /// was added before (the same one again is no error); disk_full and io_failure, also where a node has no room for it.
  /// Cost: returns when each node has it.
  void add_file(const std::string& path) const;

  // -- resources ------------------------------------------------------------------------------------------------------

  /// Bytes of the memory budget in use now, and its limit.
  std::size_t memory_used() const noexcept;
  std::size_t memory_limit() const noexcept;

  // -- for the views --------------------------------------------------------------------------------------------------

  const std::shared_ptr<internal::context_state>& state() const noexcept { return state_; }

private:
  internal::node_info info(std::string_view op, source_location where) const { return {state_, op, where}; }
  int count(int partitions) const noexcept { return partitions == 0 ? default_parallelism() : partitions; }

  std::shared_ptr<internal::context_state> state_;
};

} // namespace crema
