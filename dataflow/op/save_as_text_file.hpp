#pragma once

#include "dataflow/io/text_sink.hpp"
#include "dataflow/op/action.hpp"
#include "dataflow/text/number_text.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace crema {

namespace internal {

/// In a plan: where the driver's process publishes the parts. It must be reached by the same path from everywhere.
template <>
struct plan_part<std::shared_ptr<text_output>> {
  static void write(const std::shared_ptr<text_output>& part, plan_writer& out);
  static std::shared_ptr<text_output> read(plan_reader& in);
};

template <class T>
concept tells_its_text = requires(const T& t) {
  { to_string(t) } -> std::convertible_to<std::string>;
};
template <class T>
concept line_of_text = std::convertible_to<const T&, std::string_view> || std::is_arithmetic_v<T> || tells_its_text<T>;

/// Calls `write` with the line that stands for `record`.
template <class T, class Write>
void as_line(const T& record, Write&& write) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    write(std::string_view{record});
  } else if constexpr (std::is_same_v<T, bool>) {
    write(std::string_view{record ? "true" : "false"});
  } else if constexpr (std::is_same_v<T, char>) {
    write(std::string_view{&record, 1});
  } else if constexpr (std::is_arithmetic_v<T>) {
    number_text text;
    write(text.of(record));
  } else {
    write(std::string_view{to_string(record)});
  }
}

/// Ends a task by writing its records as lines into a part file of its own, which counts once the task is committed.
template <class T>
class text_terminal {
public:
  using emits = void;
  struct settings {
    action_site at;
    std::shared_ptr<text_output> output;
    friend auto plan_parts(const settings& whole, auto&& take) { return take(whole.at, whole.output); }
  };

  text_terminal(task_scope& task, settings given)
      : at_{given.at},
        output_{std::move(given.output)},
        part_{output_->open_part(task.id().partition, task.id().attempt)} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    auto sink = [this]<class X>(const X& x) __attribute__((always_inline)) {
      guarded(at_, [&] {
        if constexpr (line_of_text<X>)
          as_line(x, [this](std::string_view line) { part_->write(line); });
        else
          as_line(T(x), [this](std::string_view line) { part_->write(line); });
      });
    };
    return from.pump(sink, n);
  }

  void flush(emitter&) {}
  step_result finish(emitter&, std::chrono::steady_clock::time_point) { return step_result::done; }
  void commit() { output_->commit_part(std::move(part_)); }

private:
  action_site at_;
  std::shared_ptr<text_output> output_;
  std::unique_ptr<part_writer> part_;
};

/// Publishes the parts when all are there.
class text_commit final : public result_handler {
public:
  text_commit(std::shared_ptr<text_output> output, int partitions)
      : output_{std::move(output)}, partitions_{partitions} {}

  void accept(int, block_ptr, credit_token) override {}
  void job_done(const std::optional<error>& failure) override {
    if (failure)
      output_->abort();
    else
      output_->commit(partitions_);
  }

private:
  std::shared_ptr<text_output> output_;
  int partitions_;
};

} // namespace internal

template <class T, class Node>
job<void> rdd<T, Node>::save_as_text_file_async(const std::string& uri) const {
  static_assert(internal::line_of_text<T>,
                "save_as_text_file: a record must be a string, a number, or have an ADL function "
                "to_string; map to strings first");
  internal::refuse_inside_task("save_as_text_file");
  auto output = std::make_shared<internal::text_output>(uri);
  auto from = link();
  auto tasks = internal::end_in<internal::text_terminal<T>>(from, {{from.at.get(), "save_as_text_file"}, output});
  auto run = internal::start_action(node_, "save_as_text_file", std::move(tasks),
                                    std::make_shared<internal::text_commit>(output, num_partitions()));
  return {internal::job_handle{std::move(run)}, [] {}};
}

} // namespace crema
