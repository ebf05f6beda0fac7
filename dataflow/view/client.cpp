#include "dataflow/view/client.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <string>

namespace crema {

view client::operator[](int engine) const {
  const int engines = size();
  if (engine < -engines || engine >= engines)
    throw error{errc::invalid_argument, "there is no engine " + std::to_string(engine) + " among "
                                          + std::to_string(engines) + ": they count from 0, or from -1 backwards"};
  return {context_.state(), {engine < 0 ? engine + engines : engine}};
}

view client::slice(int begin, int end, int step) const {
  const int engines = size();
  const auto bound = [engines](int at) { return std::clamp(at < 0 ? at + engines : at, 0, engines); };
  if (step < 1)
    throw error{errc::invalid_argument, "a slice needs a step of at least 1, not " + std::to_string(step)};
  std::vector<int> chosen;
  for (int at = bound(begin); at < bound(end); at += step)
    chosen.push_back(at);
  if (chosen.empty())
    throw error{errc::invalid_argument, "engines " + std::to_string(begin) + " to " + std::to_string(end) + " of "
                                          + std::to_string(engines) + " are none"};
  return {context_.state(), std::move(chosen)};
}

} // namespace crema
