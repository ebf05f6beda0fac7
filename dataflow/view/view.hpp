#pragma once

#include "dataflow/function/capture.hpp"
#include "dataflow/view/launch.hpp"

#include <memory>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

namespace crema {

/// Some engines of a client, each of which takes part in every call: ipyparallel's DirectView.
///
///     c.all().apply([] { return getpid(); }).get()              // one for each engine
///     c[0].apply(crema::capture(name, load)).get()              // on the first
///     c.slice(0, 4).map(resize, pictures).get()                 // a quarter on each of four
///
/// Functions are portable (crema::capture), arguments and results are records. They are sent to the engines with every
/// call, run there on the engine's slot, and may throw: see async_result. Thread-safe; a view must not outlive its
/// client. Cost: a job for each call of these functions.
class view {
public:
  /// Number of engines.
  int size() const noexcept { return static_cast<int>(engines_.size()); }

  /// Calls `f(arguments...)` on each engine.
  template <class F, class... Arguments>
  auto apply(F f, Arguments&&... arguments) const {
    if constexpr (sizeof...(arguments) != 0) {
      return apply(capture(std::forward<Arguments>(arguments)..., std::move(f)));
    } else {
      std::vector<internal::call_piece<internal::no_argument>> pieces;
      for (std::size_t i = 0; i != engines_.size(); ++i)
        pieces.emplace_back(i, std::vector<internal::no_argument>(1));
      return run("apply", std::move(f), std::move(pieces), engines_.size());
    }
  }

  /// Calls `f` with each element of a range; consecutive elements go to the same engine, in one piece. Where `f` is
  /// io_bound, each is a task of its own, so that as many wait at once as the engines have I/O slots.
  template <class F, std::ranges::input_range Range>
  auto map(F f, Range&& range, source_location where = source_location::current()) const {
    auto arguments = internal::arguments_of(std::forward<Range>(range));
    const auto calls = arguments.size();
    const auto pieces = internal::is_io_bound<F> ? calls : engines_.size();
    return run("map", std::move(f), internal::cut(std::move(arguments), pieces), calls, where);
  }

  /// Lays a part of the records on each engine, consecutive ones together. Returns once they are there.
  template <std::ranges::input_range Range>
  auto scatter(Range&& range, source_location where = source_location::current()) const;

private:
  friend class client;
  friend class balanced_view;

  view(std::shared_ptr<internal::context_state> context, std::vector<int> engines)
      : context_{std::move(context)}, engines_{std::move(engines)} {}

  template <class T, class F>
  auto run(std::string_view op, F f, std::vector<internal::call_piece<T>> pieces, std::size_t calls,
           source_location where = {}) const {
    using returned = internal::returned_t<F, T>;
    using value = internal::call_value<returned>;
    auto log = std::make_shared<internal::call_log<value>>(calls);
    std::vector<internal::job_handle> jobs;
    if (calls != 0) {
      auto dealt = internal::deal<T>(std::move(pieces), engines_, internal::grid_of(*context_),
                                     [&](const auto& piece, int engine) {
                                       log->assign(static_cast<std::size_t>(piece.first), piece.second.size(), engine);
                                     });
      const internal::node_info info{context_, op, where, 0, internal::is_io_bound<F>};
      jobs.push_back(internal::start_calls(
        context_,
        internal::plan_pieces<T>(info, std::move(dealt.by_partition), std::move(f), std::move(dealt.partitions)),
        std::make_shared<internal::call_handler<value>>(log)));
    }
    return async_result<returned>{std::move(log), std::move(jobs)};
  }

  std::shared_ptr<internal::context_state> context_;
  std::vector<int> engines_;
};

} // namespace crema
