#pragma once

#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"

#include <memory>
#include <vector>

namespace crema::internal {

/// Records that the program holds: every partition is a view of its slice, nothing is copied. Read-only, so that each
/// action sees the same records.
template <class T>
class parallelize_node final : public dataset<T> {
public:
  parallelize_node(node_info info, std::shared_ptr<const std::vector<T>> records, int partitions)
      : dataset<T>{std::move(info), dependency::narrow, checked_partitions("parallelize", partitions), {}},
        records_{std::move(records)} {}

  std::unique_ptr<block_operator> open(task_scope&, int p) const override {
    return std::make_unique<slice>(records_, bound(p), bound(p + 1));
  }

  std::int64_t estimate(int p) const override { return static_cast<std::int64_t>(bound(p + 1) - bound(p)); }
  std::string detail() const override { return std::to_string(records_->size()) + " records"; }

private:
  class slice final : public block_operator {
  public:
    slice(std::shared_ptr<const std::vector<T>> records, std::size_t from, std::size_t to)
        : records_{std::move(records)}, at_{from}, end_{to} {}

    bool next(block_ptr& out, std::size_t n) override {
      out = {};
      if (at_ == end_)
        return false;
      // Steps stay short even if the caller asks for everything at once.
      const auto count = std::min({n, end_ - at_, std::max<std::size_t>(1, (std::size_t{1} << 20) / sizeof(T))});
      out = block_ptr{new block<T>(records_, records_->data() + at_, count)};
      at_ += count;
      return at_ != end_;
    }

  private:
    std::shared_ptr<const std::vector<T>> records_;
    std::size_t at_;
    std::size_t end_;
  };

  std::size_t bound(int p) const {
    return static_cast<std::size_t>(
      slice_bound(records_->size(), static_cast<std::uint64_t>(p), static_cast<std::uint64_t>(this->partitions())));
  }

  std::shared_ptr<const std::vector<T>> records_;
};

/// std::vector<bool> has no array behind it; its records are kept as a block instead.
template <>
class parallelize_node<bool> final : public dataset<bool> {
public:
  parallelize_node(node_info info, std::shared_ptr<const std::vector<bool>> records, int partitions);

  std::unique_ptr<block_operator> open(task_scope&, int p) const override;
  std::int64_t estimate(int p) const override;

private:
  std::size_t bound(int p) const;

  std::shared_ptr<const std::vector<bool>> records_;
};

} // namespace crema::internal
