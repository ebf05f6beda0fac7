#include "net/cluster/node_output.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace crema::net {

namespace {

constexpr std::chrono::milliseconds pause_of_a_slow_target{20};

} // namespace

void node_output::print(const std::string& whose, std::uint64_t missed, std::string_view lines) {
  missed_ += missed;
  if (writer_.waiting() > most_waiting) {
    missed_ += lines.size();
    return;
  }
  if (const auto bytes = std::exchange(missed_, 0); bytes != 0)
    writer_.add("(" + std::to_string(bytes) + " bytes of the workers' output are left out)\n");
  while (!lines.empty()) {
    const auto length = std::min(lines.find('\n'), lines.size());
    writer_.add(whose + ": ");
    writer_.add(lines.substr(0, length));
    writer_.add("\n");
    lines.remove_prefix(std::min(length + 1, lines.size()));
  }
  if (!resting_)
    serve();
}

void node_output::serve() {
  resting_ = !writer_.pass_on();
  if (resting_)
    loop_.call_at(loop_.now() + pause_of_a_slow_target, [self = shared_from_this()] { self->serve(); });
}

} // namespace crema::net
