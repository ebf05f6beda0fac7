#include "apps/bench/data_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace crema::bench {

data_directory::data_directory(std::string chosen) : path_{std::move(chosen)}, temporary_{path_.empty()} {
  if (!temporary_)
    return;
  path_ = (std::filesystem::temp_directory_path() / "crema-bench-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr)
    throw std::system_error{errno, std::generic_category(), "cannot make a directory for inputs; choose one by --data"};
}

data_directory::~data_directory() {
  std::error_code ignored;
  if (temporary_)
    std::filesystem::remove_all(path_, ignored);
}

} // namespace crema::bench
