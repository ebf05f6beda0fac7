#pragma once

namespace crema {

/// A place in the user's program: what every operation notes, so that plans and errors can name it.
/// `std::source_location` with fewer parts, because clang 14 has none with the libstdc++ of its time.
class source_location {
public:
  static constexpr source_location current(const char* file = __builtin_FILE(),
                                           unsigned line = static_cast<unsigned>(__builtin_LINE())) noexcept {
    source_location here;
    here.file_ = file;
    here.line_ = line;
    return here;
  }

  constexpr const char* file_name() const noexcept { return file_; }
  constexpr unsigned line() const noexcept { return line_; }

private:
  const char* file_ = "";
  unsigned line_ = 0;
};

} // namespace crema
