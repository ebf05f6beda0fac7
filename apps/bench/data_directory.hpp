#pragma once

#include <string>

namespace crema::bench {

/// Where input files lie: the directory that the user named, or a temporary one that this object removes.
class data_directory {
public:
  explicit data_directory(std::string chosen);
  ~data_directory();
  data_directory(const data_directory&) = delete;
  data_directory& operator=(const data_directory&) = delete;

  const std::string& path() const { return path_; }

private:
  std::string path_;
  bool temporary_;
};

} // namespace crema::bench
