#pragma once

#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"

#include <algorithm>
#include <cstdint>

namespace crema::internal {

/// Numbers begin, begin + step, …: nothing is stored, the loop counts.
class range_node final : public dataset<std::int64_t> {
public:
  using pushes = std::int64_t;

  range_node(node_info info, std::int64_t begin, std::int64_t end, std::int64_t step, int partitions);
  ~range_node() override;

  class cursor_type {
  public:
    cursor_type(std::int64_t first, std::int64_t step, std::uint64_t count)
        : first_{first}, step_{step}, left_{count} {}

    void feed(block_ptr) {}

    template <class Sink, class Asked>
    [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
      auto count = static_cast<std::int64_t>(std::min<std::uint64_t>(most(asked), left_));
      const auto first = first_;
      const auto step = step_;
      // Unsigned, because first + i * step may pass the largest number on the way to a value that is in range.
      const auto number = [first, step](std::int64_t i) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(first)
                                         + static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(step));
      };
      if (step == 1) {
        // Counts in the numbers themselves: a compiler that vectorises keeps one counter instead of two.
        auto end = first + count;
        for (auto at = first; at != end; ++at) {
          sink(std::int64_t{at});
          if (full(asked))
            end = at + 1;
        }
        count = end - first;
      } else {
        for (std::int64_t i = 0; i != count; ++i) {
          sink(number(i));
          if (full(asked))
            count = i + 1;
        }
      }
      first_ = number(count);
      left_ -= static_cast<std::uint64_t>(count);
      return left_ != 0;
    }

  private:
    std::int64_t first_;
    std::int64_t step_;
    std::uint64_t left_;
  };

  cursor_type cursor(task_scope&, int p, feeding) const;
  place feeder(const job_scope&, int) const { return {}; }

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override;
  std::int64_t estimate(int p) const override;
  std::string detail() const override;
  void write(plan_writer& out) const override;

private:
  std::uint64_t slice_begin(int p) const;

  std::int64_t begin_;
  std::int64_t end_;
  std::int64_t step_;
  std::uint64_t count_;
};

std::shared_ptr<const range_node> make_range(node_info info, std::int64_t begin, std::int64_t end, std::int64_t step,
                                             int partitions);

} // namespace crema::internal
