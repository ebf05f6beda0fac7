#pragma once

#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace crema::internal {

/// What came with `task` of partition `p` of `of`.
std::shared_ptr<const void> source_of(const task_scope& task, const node& of, int p);

template <class T>
std::shared_ptr<const void> read_records(byte_reader& in) {
  auto records = std::make_shared<std::vector<T>>();
  if constexpr (encodable<T>)
    decode_records(in, *records);
  return records;
}

/// Records that the program holds: every partition is a view of its slice, nothing is copied. Read-only, so that each
/// action sees the same records. In a plan that has travelled the node knows only how many there are; a partition's
/// come with the task that reads them.
template <class T>
class parallelize_node final : public dataset<T> {
public:
  parallelize_node(node_info info, std::shared_ptr<const std::vector<T>> records, int partitions)
      : dataset<T>{std::move(info), dependency::narrow, checked_partitions("parallelize", partitions), {}},
        records_{std::move(records)},
        size_{records_->size()} {}

  parallelize_node(node_info info, std::uint64_t size, int partitions)
      : dataset<T>{std::move(info), dependency::narrow, checked_partitions("parallelize", partitions), {}},
        size_{size} {}

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override {
    if (records_)
      return std::make_unique<slice>(records_, bound(p), bound(p + 1));
    auto mine = std::static_pointer_cast<const std::vector<T>>(source_of(task, *this, p));
    const auto size = mine->size();
    return std::make_unique<slice>(std::move(mine), 0, size);
  }

  std::int64_t estimate(int p) const override { return static_cast<std::int64_t>(bound(p + 1) - bound(p)); }
  std::string detail() const override { return std::to_string(size_) + " records"; }

  void write(plan_writer& out) const override {
    out.require(this->records(), "its records");
    out.node<parallelize_node>(size_, this->partitions());
  }
  void write_source(int p, byte_writer& out) const override {
    if constexpr (encodable<T>)
      encode_records(std::span<const T>{records_->data() + bound(p), bound(p + 1) - bound(p)}, out);
  }
  std::shared_ptr<const void> read_source(byte_reader& in) const override { return read_records<T>(in); }

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
      slice_bound(size_, static_cast<std::uint64_t>(p), static_cast<std::uint64_t>(this->partitions())));
  }

  std::shared_ptr<const std::vector<T>> records_; ///< null in a plan that has travelled
  std::uint64_t size_;
};

/// std::vector<bool> has no array behind it; its records are kept as a block instead.
template <>
class parallelize_node<bool> final : public dataset<bool> {
public:
  parallelize_node(node_info info, std::shared_ptr<const std::vector<bool>> records, int partitions);
  parallelize_node(node_info info, std::uint64_t size, int partitions);

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override;
  std::int64_t estimate(int p) const override;
  std::string detail() const override;
  void write(plan_writer& out) const override;
  void write_source(int p, byte_writer& out) const override;
  std::shared_ptr<const void> read_source(byte_reader& in) const override;

private:
  std::size_t bound(int p) const;

  std::shared_ptr<const std::vector<bool>> records_;
  std::uint64_t size_;
};

} // namespace crema::internal
