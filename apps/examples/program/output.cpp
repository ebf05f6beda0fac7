#include "apps/examples/program/output.hpp"

#include "dataflow/error.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace crema::examples {

namespace {

template <class Number>
void put_number(output& out, Number number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.put(std::string_view{text.data(), static_cast<std::size_t>(end - text.data())});
}

} // namespace

void output::put(double number) {
  put_number(*this, number);
}

void output::put(std::int64_t number) {
  put_number(*this, number);
}

void output::put(std::uint64_t number) {
  put_number(*this, number);
}

void output::put(std::string_view text) {
  if (text.size() > buffer_.size() - used_)
    flush();
  if (text.size() > buffer_.size())
    return write(text.data(), text.size());
  std::memcpy(buffer_.data() + used_, text.data(), text.size());
  used_ += text.size();
}

void output::flush() {
  write(buffer_.data(), std::exchange(used_, 0));
}

void output::write(const char* bytes, std::size_t size) {
  while (size != 0) {
    const auto written = ::write(fd_, bytes, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      throw error{errno == ENOSPC || errno == EDQUOT ? errc::disk_full : errc::io_failure,
                  "cannot write to " + name_ + ": " + std::generic_category().message(errno)};
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

} // namespace crema::examples
