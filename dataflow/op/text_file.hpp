#pragma once

#include "dataflow/io/line_reader.hpp"
#include "dataflow/io/paths.hpp"
#include "dataflow/io/splits.hpp"
#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"

#include <memory>
#include <string>
#include <vector>

namespace crema::internal {

/// The lines of files. A line travels through a fused chain as a view of the read buffer.
class text_file_node final : public dataset<std::string> {
public:
  using pushes = std::string_view;

  text_file_node(node_info info, std::string uris, int min_partitions);
  ~text_file_node() override;

  class cursor_type {
  public:
    cursor_type(const text_file_node& at, task_scope& task, int p);

    void feed(block_ptr) {}

    template <class Sink, class Asked>
    [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
      // A step asks for records, the reader counts bytes.
      constexpr std::size_t usual_line = 64;
      return reader_->read(
        std::min(most(asked), most_records) * usual_line,
        [&](std::string_view line) __attribute__((always_inline)) { sink(line); },
        [&]() __attribute__((always_inline)) { return full(asked); });
    }

  private:
    static constexpr std::size_t most_records = 64 * 1024;
    std::unique_ptr<line_reader> reader_;
  };

  cursor_type cursor(task_scope& task, int p, feeding) const { return {*this, task, p}; }
  place feeder(const job_scope&, int) const { return {}; }

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override;
  std::int64_t estimate(int p) const override;
  std::string detail() const override { return uris_; }
  void write(plan_writer& out) const override;

  struct layout {
    std::vector<input_file> files;
    std::vector<file_split> splits;
  };
  text_file_node(node_info info, std::string uris, layout found);

private:
  static layout plan(const std::string& uris, int min_partitions, int threads);

  std::string uris_;
  layout layout_;
};

std::shared_ptr<const text_file_node> make_text_file(node_info info, std::string uris, int min_partitions);

} // namespace crema::internal
