#include "dataflow/added_files.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/scope.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace crema {

namespace internal {

namespace {

struct registry {
  std::mutex mutex;
  std::map<const worker_resources*, std::map<std::string, std::string, std::less<>>> files;
};

registry& all() {
  static registry& one = *new registry; // outlives contexts that are static objects
  return one;
}

std::string names_of(const std::map<std::string, std::string, std::less<>>& files) {
  std::string text;
  for (const auto& [name, path] : files)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

} // namespace

bool is_file_name(std::string_view name) noexcept {
  constexpr std::size_t most = 255;
  return !name.empty() && name.size() <= most && name != "." && name != ".."
         && name.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos;
}

void tell_file(const worker_resources& tasks, const std::string& name, std::string path) {
  std::lock_guard lock{all().mutex};
  all().files[&tasks].insert_or_assign(name, std::move(path));
}

void forget_files(const worker_resources& tasks) noexcept {
  std::lock_guard lock{all().mutex};
  all().files.erase(&tasks);
}

} // namespace internal

std::string file(std::string_view name) {
  const auto* const task = internal::current_task();
  if (task == nullptr)
    throw error{errc::invalid_argument,
                "file: \"" + std::string{name} + "\" is asked for outside of a task; there the file has its own path"};
  auto& [mutex, files] = internal::all();
  std::lock_guard lock{mutex};
  const auto& added = files[&task->resources()];
  if (const auto found = added.find(name); found != added.end())
    return found->second;
  throw error{errc::not_found, "file: \"" + std::string{name} + "\" is not among the files that were added, which are: "
                                 + internal::names_of(added) + "; call context::add_file before the job begins"};
}

} // namespace crema
