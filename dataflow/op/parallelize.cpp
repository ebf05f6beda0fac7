#include "dataflow/op/parallelize.hpp"

namespace crema::internal {

parallelize_node<bool>::parallelize_node(node_info info, std::shared_ptr<const std::vector<bool>> records,
                                         int partitions)
    : dataset{std::move(info), dependency::narrow, checked_partitions("parallelize", partitions), {}},
      records_{std::move(records)} {}

std::size_t parallelize_node<bool>::bound(int p) const {
  return static_cast<std::size_t>(
    slice_bound(records_->size(), static_cast<std::uint64_t>(p), static_cast<std::uint64_t>(partitions())));
}

std::int64_t parallelize_node<bool>::estimate(int p) const {
  return static_cast<std::int64_t>(bound(p + 1) - bound(p));
}

namespace {

class bool_slice final : public block_operator {
public:
  bool_slice(std::shared_ptr<const std::vector<bool>> records, std::size_t from, std::size_t to)
      : records_{std::move(records)}, at_{from}, end_{to} {}

  bool next(block_ptr& out, std::size_t n) override {
    block_builder<bool> builder;
    for (n = std::min(n, default_block_bytes); n != 0 && at_ != end_; --n)
      builder.add((*records_)[at_++]);
    out = builder.take();
    return at_ != end_;
  }

private:
  std::shared_ptr<const std::vector<bool>> records_;
  std::size_t at_;
  std::size_t end_;
};

} // namespace

std::unique_ptr<block_operator> parallelize_node<bool>::open(task_scope&, int p) const {
  return std::make_unique<bool_slice>(records_, bound(p), bound(p + 1));
}

} // namespace crema::internal
