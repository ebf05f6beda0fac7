#pragma once

#include "dataflow/plan/pipeline.hpp"
#include "dataflow/plan/task.hpp"
#include "dataflow/rdd.hpp"

namespace crema {

namespace internal {

/// Fewer partitions, each the concatenation of neighbours.
template <class T>
class coalesce_node final : public dataset<T> {
public:
  coalesce_node(node_info info, const erased<T>& parent, int partitions)
      : dataset<T>{std::move(info), dependency::narrow, std::min(partitions, parent.at->partitions()), {parent.at}} {}

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override {
    task.must_not_starve();
    std::vector<std::unique_ptr<pipeline>> parts;
    for (int q = bound(p); q != bound(p + 1); ++q)
      parts.push_back(open_pipeline(*this->parents().front(), task, q));
    return std::make_unique<concatenation>(std::move(parts));
  }

  void inputs(const job_scope&, int p, std::vector<node::place>& out) const override {
    for (int q = bound(p); q != bound(p + 1); ++q)
      out.push_back({this->parents().front().get(), q});
  }

  void write(plan_writer& out) const override { out.node<coalesce_node>(erased<T>{}, this->partitions()); }

private:
  class concatenation final : public block_operator {
  public:
    explicit concatenation(std::vector<std::unique_ptr<pipeline>> parts) : parts_{std::move(parts)} {}

    bool next(block_ptr& out, std::size_t n) override {
      out = {};
      while (at_ != parts_.size()) {
        const bool more = parts_[at_]->next(out, n);
        if (!more)
          parts_[at_++].reset();
        if (out)
          break;
      }
      return at_ != parts_.size();
    }

  private:
    std::vector<std::unique_ptr<pipeline>> parts_;
    std::size_t at_ = 0;
  };

  int bound(int p) const {
    return static_cast<int>(slice_bound(static_cast<std::uint64_t>(this->parents().front()->partitions()),
                                        static_cast<std::uint64_t>(p), static_cast<std::uint64_t>(this->partitions())));
  }
};

} // namespace internal

template <class T, class Node>
rdd<T> rdd<T, Node>::coalesce(int partitions, bool shuffle, source_location where) const {
  internal::checked_partitions("coalesce", partitions);
  if (shuffle)
    return repartition(partitions, where);
  return internal::make_rdd<internal::coalesce_node<T>>(info("coalesce", where), internal::erased<T>{node_},
                                                        partitions);
}

} // namespace crema
