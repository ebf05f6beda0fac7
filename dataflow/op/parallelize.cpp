#include "dataflow/op/parallelize.hpp"

#include "dataflow/plan/scope.hpp"

namespace crema::internal {

std::shared_ptr<const void> source_of(const task_scope& task, const node& of, int p) {
  return task.job().source(of, p);
}

parallelize_node<bool>::parallelize_node(node_info info, std::shared_ptr<const std::vector<bool>> records,
                                         int partitions)
    : dataset{std::move(info), dependency::narrow, checked_partitions("parallelize", partitions), {}},
      records_{std::move(records)},
      size_{records_->size()} {}

parallelize_node<bool>::parallelize_node(node_info info, std::uint64_t size, int partitions)
    : dataset{std::move(info), dependency::narrow, checked_partitions("parallelize", partitions), {}}, size_{size} {}

std::size_t parallelize_node<bool>::bound(int p) const {
  return static_cast<std::size_t>(
    slice_bound(size_, static_cast<std::uint64_t>(p), static_cast<std::uint64_t>(partitions())));
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

std::unique_ptr<block_operator> parallelize_node<bool>::open(task_scope& task, int p) const {
  if (records_)
    return std::make_unique<bool_slice>(records_, bound(p), bound(p + 1));
  auto mine = std::static_pointer_cast<const std::vector<bool>>(source_of(task, *this, p));
  const auto size = mine->size();
  return std::make_unique<bool_slice>(std::move(mine), 0, size);
}

std::string parallelize_node<bool>::detail() const {
  return std::to_string(size_) + " records";
}

void parallelize_node<bool>::write(plan_writer& out) const {
  out.node<parallelize_node>(size_, partitions());
}

void parallelize_node<bool>::write_source(int p, byte_writer& out) const {
  block<bool> records{std::max<std::size_t>(1, bound(p + 1) - bound(p))};
  for (auto i = bound(p); i != bound(p + 1); ++i)
    records.emplace_back((*records_)[i]);
  encode_block<bool>(records, out);
}

std::shared_ptr<const void> parallelize_node<bool>::read_source(byte_reader& in) const {
  return read_records<bool>(in);
}

} // namespace crema::internal
