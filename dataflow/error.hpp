#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace crema {

/// Everything that can go wrong, one name each.
enum class errc {
  /// An argument breaks a documented rule: zero partitions, an unknown flag, a range without end.
  invalid_argument = 1,
  /// `first`, `reduce`, `min` or `max` of a dataset without records.
  empty_collection,
  /// A user function, or a member of a record type, threw an exception.
  user_exception,
  /// A dataset or a context was used inside a task.
  nested_dataset,
  /// A function cannot travel to another process; the text says why and what to do.
  not_portable,
  /// An input path does not exist.
  not_found,
  /// An output path exists already.
  already_exists,
  /// Reading, writing or listing a file failed.
  io_failure,
  /// A spill directory or an output device is full; the text names path, need and free space.
  disk_full,
  /// Stored or received bytes are not what was written: checksum, version or length differ.
  corrupt_data,
  /// Memory could not be had although everything that can spill has spilled.
  out_of_memory,
  /// The job was cancelled.
  cancelled,
  /// The job's deadline passed before it ended.
  deadline_exceeded,
  /// The context was closed while, or before, the job ran.
  context_closed,
  /// A master, or a feature of it, that this build or machine does not offer.
  unsupported,
  /// A machine or a process cannot be reached, or the connection to it broke.
  unreachable,
  /// A peer or a file that must not be trusted: a certificate of another cluster, a key that others can read.
  untrusted,
  /// A broken promise inside crema: please report it.
  internal,
};

/// The stable name of a code, such as "user_exception".
std::string_view name(errc code) noexcept;

/// What every failing call of crema throws.
///
///     try {
///       counts.collect();
///     } catch (const crema::error& e) {
///       fmt::print(stderr, "{}\n", e.what()); // code, operator, place, partition, type and text in one line
///       if (e.code() == crema::errc::user_exception)
///         e.rethrow_cause();                  // the user function's own exception object
///     }
///
/// An error is cheap to copy (one reference count) and immutable; distinct copies may be used by distinct threads.
class error : public std::exception {
public:
  /// Where in a job a failure happened. Unknown parts stay empty (text) or -1 (numbers).
  struct site {
    std::string op;       ///< the operator: "map", "reduce_by_key", …
    std::string location; ///< where the user applied it: "main.cpp:42"
    std::string task;     ///< `job.stage@partition#attempt`
    int partition = -1;   ///< the partition's index in its stage
    std::string node;     ///< the node's name; empty in this process
    std::string type;     ///< the original exception's type, readable
  };

  /// An error with `text`, outside of any job.
  error(errc code, std::string text);

  /// An error with `text` at `where`; `cause` is the original exception or null.
  error(errc code, std::string text, site where, std::exception_ptr cause = nullptr);

  errc code() const noexcept;

  /// The whole story in one line.
  const char* what() const noexcept override;

  /// The text alone, without code and site; at most 10 kB, longer texts are cut.
  const std::string& text() const noexcept;

  const site& where() const noexcept;

  /// Throws the original exception again where this process still has it, else `*this`.
  [[noreturn]] void rethrow_cause() const;

private:
  struct state;
  std::shared_ptr<const state> state_;
};

/// The exception that is being handled, as an error: a `crema::error` keeps its code and text and gains the parts of
/// `where` it lacks; `std::bad_alloc` becomes out_of_memory; anything else becomes user_exception with its readable
/// type. Call it inside a catch block only.
error current_error(error::site where);

} // namespace crema
