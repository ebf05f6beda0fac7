#pragma once

#include "dataflow/context.hpp"
#include "dataflow/view/balanced_view.hpp"
#include "dataflow/view/scattered.hpp"

namespace crema {

/// Engines to call functions on, one call at a time or many: what ipyparallel's Client is.
///
///     crema::client c{crema::init(argc, argv)};
///     auto greetings = c.all().map([](int) { return std::string{"hello world"}; }, std::array{0, 1}).get();
///
/// An engine is a slot of a worker: with master "processes[2]" there are two, each in a process of its own; with
/// "local[4]" four threads. Engine i is in worker i modulo their number, among those that are there when a call begins.
/// A call that was under way on a worker that is lost is made again. Thread-safe.
class client {
public:
  /// Starts the engines that `settings.master` names. Throws what `context` does.
  explicit client(const config& settings = {}) : context_{settings} {}

  /// Runs on a given engine, as a context does.
  client(config settings, std::unique_ptr<internal::engine> runner)
      : context_{std::move(settings), std::move(runner)} {}

  /// For datasets on the same engines.
  crema::context& context() noexcept { return context_; }

  /// For what is called on the engines: see context::add_file.
  void add_file(const std::string& path) const { context_.add_file(path); }

  int size() const noexcept { return context_.slots(); }

  view all() const { return slice(0, size()); }

  /// One engine; -1 is the last. Throws invalid_argument where there is none of that number.
  view operator[](int engine) const;

  /// Engines from `begin` on and before `end`, each `step`-th: as Python counts, from the end where negative, cut to
  /// those that there are. Throws invalid_argument where none is left, or for a step below 1.
  view slice(int begin, int end, int step = 1) const;

  balanced_view balanced() const { return balanced_view{all()}; }

private:
  crema::context context_;
};

} // namespace crema
