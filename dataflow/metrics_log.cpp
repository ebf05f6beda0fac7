#include "dataflow/metrics_log.hpp"

#include "dataflow/error.hpp"
#include "dataflow/metrics.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace crema::internal {

metrics_log::metrics_log(std::string path)
    : path_{std::move(path)}, file_{::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)} {
  if (file_ < 0)
    throw error{errc::io_failure, "metrics_file: cannot write \"" + path_ + "\": " + std::strerror(errno)};
  write("[");
}

metrics_log::~metrics_log() {
  write("\n]\n");
  ::close(file_);
}

void metrics_log::add(const job_metrics& job) {
  const auto text = to_json(job);
  std::lock_guard lock{mutex_};
  write((std::exchange(empty_, false) ? "\n" : ",\n") + text);
}

void metrics_log::write(const std::string& text) noexcept {
  for (std::string_view rest = text; !rest.empty() && !failed_;) {
    const auto written = ::write(file_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      failed_ = true;
      std::fprintf(stderr, "crema: the metrics in \"%s\" are not complete: %s\n", path_.c_str(), std::strerror(errno));
    }
  }
}

} // namespace crema::internal
