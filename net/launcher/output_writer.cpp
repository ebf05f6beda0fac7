#include "net/launcher/output_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <unistd.h>

namespace crema::net {

bool output_writer::pass_on() {
  while (!waiting_.empty()) {
    pollfd target{to_, POLLOUT, 0};
    if (::poll(&target, 1, 0) == 0)
      return false;
    const auto n = ::write(to_, waiting_.data(), std::min<std::size_t>(waiting_.size(), PIPE_BUF)); // does not block
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      waiting_.clear(); // nobody will ever read it
    waiting_.erase(0, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  return true;
}

} // namespace crema::net
