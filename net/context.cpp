#include "dataflow/context.hpp"

#include "actors/actor_engine.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/machine_limits.hpp"
#include "dataflow/plan/scope.hpp"

namespace crema {

namespace {

std::unique_ptr<internal::engine> make_engine(const config& settings) {
  internal::refuse_inside_task("context");
  validate(settings);
  const auto [where, threads] = parse_master(settings.master);
  if (where == master::kind::inline_)
    return internal::make_inline_engine(threads);
  return actors::make_actor_engine(threads == 0 ? internal::default_threads() : threads);
}

} // namespace

context::context(const config& settings) : context{settings, make_engine(settings)} {}

} // namespace crema
