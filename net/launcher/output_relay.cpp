#include "net/launcher/output_relay.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace crema::net {

namespace {

constexpr std::chrono::milliseconds read_pause{20};
constexpr std::size_t most_in_a_pipe = std::size_t{1} << 16; // as many bytes as it holds by default

} // namespace

output_relay::output_relay(io_loop& loop, descriptor from, int to, on_lines heard)
    : loop_{loop}, from_{std::move(from)}, writer_{to}, heard_{std::move(heard)} {
  ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);
}

void output_relay::start() {
  watched_ =
    loop_.watch(from_.get(), EPOLLIN, [self = shared_from_this()](std::uint32_t /*events*/) { self->serve(); });
}

std::string output_relay::finish() {
  stop();
  for (std::size_t bytes = 0; bytes < most_in_a_pipe;) {
    const auto n = read();
    if (n == 0)
      break;
    bytes += n;
  }
  if (const auto last = tail_.text(); !last.empty() && last.back() != '\n')
    take("\n");
  writer_.pass_on();
  return tail_.text();
}

void output_relay::stop() {
  loop_.unwatch(std::exchange(watched_, 0));
  loop_.cancel(std::exchange(resting_, 0));
}

/// Reads once for each call: others want the loop, too.
void output_relay::serve() {
  if (writer_.pass_on() && read() == 0 && errno == 0)
    return stop();
  if (!writer_.pass_on()) {
    stop();
    resting_ =
      loop_.call_at(std::chrono::steady_clock::now() + read_pause, [self = shared_from_this()] { self->serve(); });
  } else if (watched_ == 0) {
    start();
  }
}

/// 0 with errno: nothing for now; 0 without: nothing any more.
std::size_t output_relay::read() {
  char bytes[4096];
  errno = 0;
  const auto n = ::read(from_.get(), bytes, sizeof bytes);
  if (n <= 0)
    return 0;
  take({bytes, static_cast<std::size_t>(n)});
  return static_cast<std::size_t>(n);
}

void output_relay::take(std::string_view bytes) {
  const auto lines = tail_.add(bytes);
  writer_.add(lines);
  if (heard_ && !lines.empty())
    heard_(lines);
}

} // namespace crema::net
