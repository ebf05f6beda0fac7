#include "dataflow/plan/file_copies.hpp"

#include "dataflow/added_files.hpp"
#include "dataflow/error.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace crema::internal {

namespace {

[[noreturn]] void fail(const std::string& path, int code) {
  const auto what = code == ENOENT || code == ENOTDIR  ? errc::not_found
                    : code == ENOSPC || code == EDQUOT ? errc::disk_full
                                                       : errc::io_failure;
  throw error{what, "add_file: '" + path + "': " + std::generic_category().message(code)};
}

void require_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    fail(path, errno);
  if (!S_ISREG(status.st_mode))
    throw error{errc::invalid_argument, "add_file: '" + path + "' is "
                                          + (S_ISDIR(status.st_mode) ? "a directory; add its files, one by one"
                                                                     : "no regular file, so it cannot be copied")};
}

bool have_same_content(const std::string& a, const std::string& b) {
  std::ifstream left{a, std::ios::binary};
  std::ifstream right{b, std::ios::binary};
  if (!left || !right)
    fail(left ? b : a, errno);
  using bytes = std::istreambuf_iterator<char>;
  return std::equal(bytes{left}, bytes{}, bytes{right}, bytes{});
}

} // namespace

file_copies::copy file_copies::add(const std::string& path) {
  require_file(path);
  auto name = std::filesystem::path{path}.filename().string();
  if (!is_file_name(name))
    throw error{errc::invalid_argument, "add_file: '" + path + "' does not end with the name of a file"};
  if (const auto known = paths_.find(name); known != paths_.end()) {
    if (have_same_content(known->second, path))
      return {std::move(name), known->second, false};
    throw error{errc::already_exists,
                "add_file: '" + path + "': a file of the name " + name + " and another content was added before"};
  }
  if (paths_.empty())
    ::close(directory_.create_file()); // which makes the directory
  auto to = directory_.path() + '/' + name;
  std::error_code problem;
  std::filesystem::copy_file(path, to, problem);
  if (problem) {
    ::unlink(to.c_str());
    fail(path, problem.value());
  }
  paths_.emplace(name, to);
  return {std::move(name), std::move(to)};
}

void file_copies::remove(const std::string& name) noexcept {
  if (const auto gone = paths_.extract(name))
    ::unlink(gone.mapped().c_str());
}

void file_copies::clear() noexcept {
  while (!paths_.empty())
    remove(std::string{paths_.begin()->first});
}

} // namespace crema::internal
