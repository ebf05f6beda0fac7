#pragma once

#include <string>
#include <string_view>

namespace crema {

/// Where the file is that `context::add_file` was given, as a function sees it that tasks run: on whatever machine.
///
///     ctx.add_file("/home/me/dict.txt");
///     lines.map([](const std::string& line) {
///       static const dictionary words{crema::file("dict.txt")};
///       return words.translate(line);
///     })
///
/// `name` is the last part of the path. An absolute path; the file is a copy, to be read and not to be changed, and
/// stays as long as the context. Throws not_found, with the names that there are, for one that was not added before the
/// job began, and invalid_argument outside of tasks. Thread-safe. The idea is that of Spark's SparkFiles.
std::string file(std::string_view name);

namespace internal {

struct worker_resources;

/// Whether a file in a directory can have it: not empty, no "..", no "/".
bool is_file_name(std::string_view name) noexcept;

// The files of tasks, by what the tasks share: those of this process's contexts, or those that a driver has told its
// worker. Thread-safe.

/// In place of one that has that name.
void tell_file(const worker_resources& tasks, const std::string& name, std::string path);
void forget_files(const worker_resources& tasks) noexcept;

} // namespace internal
} // namespace crema
