#include "actors/stage_host.hpp"

#include <utility>

namespace crema::actors {

share_actor local_host::spawn(driver_actor::pointer driver, stage_assignment work) {
  return driver->spawn<caf::monitored>(stage, std::move(work));
}

} // namespace crema::actors
