#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crema::examples {

/// Lines for a file descriptor, buffered.
///
///     output out{1, "standard output"};
///     out.line(count, '\t', word);
///     out.flush();                       // what was not flushed is lost, so that no error goes unseen
///
/// Parts are text, characters, integers and floating-point numbers (as few digits as tell them apart). Errors: every
/// write that fails throws crema::error (disk_full, io_failure) with the name and the reason; a broken pipe among them,
/// where SIGPIPE is ignored. For one thread.
class output {
public:
  /// Does not own `fd`.
  output(int fd, std::string name) : fd_{fd}, name_{std::move(name)} {}
  output(const output&) = delete;
  output& operator=(const output&) = delete;

  template <class... Parts>
  void line(const Parts&... parts) {
    (put(parts), ...);
    put('\n');
  }

  void put(std::string_view text);
  void put(char one) { put(std::string_view{&one, 1}); }
  void put(double number);
  void put(std::int64_t number);
  void put(std::uint64_t number);
  template <std::integral Number>
  void put(Number number) {
    if constexpr (std::signed_integral<Number>)
      put(static_cast<std::int64_t>(number));
    else
      put(static_cast<std::uint64_t>(number));
  }

  void flush();

private:
  void write(const char* bytes, std::size_t size);

  int fd_;
  std::string name_;
  std::size_t used_ = 0;
  std::array<char, 1 << 16> buffer_;
};

} // namespace crema::examples
