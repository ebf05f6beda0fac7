#pragma once

#include "dataflow/plan/apply.hpp"
#include "dataflow/plan/node.hpp"
#include "dataflow/plan/pipeline.hpp"
#include "dataflow/plan/plan_writer.hpp"

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

// How a chain of narrow operations becomes one loop.
//
// Each typed operation has a *cursor* for one partition, and a cursor holds its parent's cursor by value, down to the
// first: a source, or the blocks of an erased dataset. `pump(sink, asked)` asks the first one for about so many records
// and pushes each through a sink that is the composition of all the functions above it; everything inlines, so a chain
// costs what a hand-written loop costs (the technique of Thrill's function stacks). A cursor stops between two pumps,
// which is where a partition actor yields, waits for credit or ends; and, where a sink holds what comes until then,
// after the record that made it full, because nobody knows how much a function makes of the next one.
//
//     template <class Sink, class Asked> bool pump(Sink& sink, const Asked& asked);  // false: nothing more will come
//     void feed(block_ptr);                                       // the next block, where blocks come from outside

namespace crema::internal {

/// How many records a cursor is asked for: a number, or a number and what ends the pump early.
///
///     from.pump(sink, until_full{n, [&] { return builder.size() > 1000; }});
template <class Full>
struct until_full {
  std::size_t records;
  Full full; ///< asked after each record of the source
};
template <class Full>
until_full(std::size_t, Full) -> until_full<Full>;

constexpr std::size_t most(std::size_t asked) noexcept {
  return asked;
}
template <class Full>
std::size_t most(const until_full<Full>& asked) noexcept {
  return asked.records;
}

constexpr bool full(std::size_t) noexcept {
  return false;
}
template <class Full>
[[gnu::always_inline]] inline bool full(const until_full<Full>& asked) {
  return asked.full();
}

/// Where the first cursor of a chain gets blocks from.
enum class feeding {
  pull, ///< it opens the pipeline of its erased parent and asks
  fed,  ///< `feed` brings them
};

/// Pushes the records of blocks: the start of every chain over an erased dataset.
template <class T>
class block_cursor {
public:
  using value_type = T;

  explicit block_cursor(std::unique_ptr<pipeline> upstream) : upstream_{std::move(upstream)} {}

  void feed(block_ptr next) {
    current_ = std::move(next);
    at_ = 0;
  }

  template <class Sink, class Asked>
  [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
    if (!current_) {
      block_ptr next;
      const bool more = take_block(next, most(asked));
      if (!next)
        return more;
      feed(std::move(next));
    }
    push(sink, asked);
    return current_ || upstream_;
  }

  /// A whole block, as it is: for a terminal that wants blocks and need not look at records. Not mixed with `pump`.
  bool take_block(block_ptr& out, std::size_t n) { return upstream_ != nullptr && upstream_->next(out, n); }

private:
  template <class Sink, class Asked>
  [[gnu::always_inline]] void push(Sink& sink, const Asked& asked) {
    auto& records = block_cast<T>(current_);
    auto end = at_ + std::min(most(asked), records.size() - at_);
    const auto step = [&](std::size_t i, auto&& record) __attribute__((always_inline)) {
      sink(std::forward<decltype(record)>(record));
      if (full(asked))
        end = i + 1;
    };
    if constexpr (std::is_trivially_copyable_v<T>) {
      const T* from = records.begin();
      for (auto i = at_; i != end; ++i)
        step(i, from[i]);
    } else if (records.movable()) {
      T* from = records.begin();
      for (auto i = at_; i != end; ++i)
        step(i, std::move(from[i]));
    } else {
      const T* from = std::as_const(records).begin();
      for (auto i = at_; i != end; ++i)
        step(i, from[i]);
    }
    at_ = end;
    if (at_ == records.size())
      current_ = {};
  }

  std::unique_ptr<pipeline> upstream_;
  block_ptr current_;
  std::size_t at_ = 0;
};

/// A cursor without a function in it: its blocks can be taken as they are.
template <class Cursor>
concept gives_blocks = requires(Cursor& from, block_ptr& out) {
  from.take_block(out, std::size_t{1});
};

// -- links: how an operation holds its parent -----------------------------------------------------------------------

/// The parent's type is known and nobody else reads it: its loop and the child's are one.
template <class Parent>
struct fused {
  using value_type = typename Parent::value_type;
  using pushes = typename Parent::pushes;

  auto cursor(task_scope& task, int p, feeding mode) const { return at->cursor(task, p, mode); }
  node::place upstream(const job_scope& job, int p) const { return at->feeder(job, p); }

  std::shared_ptr<const Parent> at;
};

/// The parent has a name, so others may read it too: where the job stores its records they are read from there, else
/// its loop and the child's are one.
template <class Parent>
struct branch {
  using value_type = typename Parent::value_type;
  using pushes = typename Parent::pushes;

  class cursor_type {
  public:
    cursor_type(const branch& link, task_scope& task, int p, feeding mode) {
      if (link.at->stored_in(job_of(task)))
        stored_.emplace(mode == feeding::fed ? nullptr : open_pipeline(*link.at, task, p));
      else
        inner_.emplace(link.at->cursor(task, p, mode));
    }

    void feed(block_ptr next) {
      if (stored_)
        stored_->feed(std::move(next));
      else
        inner_->feed(std::move(next));
    }

    template <class Sink, class Asked>
    [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
      return stored_ ? stored_->pump(sink, asked) : inner_->pump(sink, asked);
    }

  private:
    using inner_type = decltype(std::declval<const Parent&>().cursor(std::declval<task_scope&>(), 0, feeding::pull));
    std::optional<inner_type> inner_;
    std::optional<block_cursor<value_type>> stored_;
  };

  auto cursor(task_scope& task, int p, feeding mode) const { return cursor_type{*this, task, p, mode}; }
  node::place upstream(const job_scope& job, int p) const {
    return at->stored_in(job) ? node::place{at.get(), p} : at->feeder(job, p);
  }

  std::shared_ptr<const Parent> at;
};

/// The parent is known by its record type alone: its blocks are read.
template <class T>
struct erased {
  using value_type = T;
  using pushes = T&&;

  auto cursor(task_scope& task, int p, feeding mode) const {
    return block_cursor<T>{mode == feeding::fed ? nullptr : open_pipeline(*at, task, p)};
  }
  node::place upstream(const job_scope&, int p) const { return {at.get(), p}; }

  std::shared_ptr<const dataset<T>> at;
};

/// The link to a parent held as an lvalue (others may hold it too) or as an rvalue.
template <class Parent>
auto shared_link(std::shared_ptr<const Parent> at) {
  if constexpr (requires { typename Parent::pushes; })
    return branch<Parent>{std::move(at)};
  else
    return erased<typename Parent::value_type>{std::move(at)};
}
template <class Parent>
auto sole_link(std::shared_ptr<const Parent> at) {
  if constexpr (requires { typename Parent::pushes; })
    return fused<Parent>{std::move(at)};
  else
    return erased<typename Parent::value_type>{std::move(at)};
}

template <class Link>
inline constexpr bool fuses_parent = false;
template <class Parent>
inline constexpr bool fuses_parent<fused<Parent>> = true;

/// In a plan a link is the next parent of its node: only its type has to be right.
template <class Link, class Parent>
struct link_part {
  static void write(const Link&, plan_writer&) {}
  static Link read(plan_reader& in) { return {in.parent<Parent>()}; }
};
template <class Parent>
struct plan_part<fused<Parent>> : link_part<fused<Parent>, Parent> {};
template <class Parent>
struct plan_part<branch<Parent>> : link_part<branch<Parent>, Parent> {};
template <class T>
struct plan_part<erased<T>> : link_part<erased<T>, dataset<T>> {};

// -- nodes with a typed cursor ----------------------------------------------------------------------------------------

/// The erased face of a cursor: fills blocks with what it pushes, as large as blocks are.
template <class T, class Cursor>
class cursor_operator final : public block_operator {
public:
  explicit cursor_operator(Cursor cursor) : cursor_{std::move(cursor)} {}

  void feed(block_ptr records) override { cursor_.feed(std::move(records)); }

  bool next(block_ptr& out, std::size_t n) override {
    bool filled = false;
    auto sink = [&]<class X>(X&& x) { filled |= builder_.add(std::forward<X>(x)); };
    const bool more = cursor_.pump(sink, until_full{n, [&] { return filled; }});
    out = builder_.take();
    return more;
  }

private:
  Cursor cursor_;
  block_builder<T> builder_;
};

/// Base of the narrow operations with one parent: Derived offers `cursor(task, p, mode)` and `pushes`.
template <class Derived, class Link, class T>
class narrow : public dataset<T> {
public:
  narrow(node_info info, Link parent)
      : dataset<T>{info, dependency::narrow, parent.at->partitions(), {parent.at}}, parent_{std::move(parent)} {}

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override {
    const bool root = feeder(job_of(task), p).at == nullptr;
    auto cursor = static_cast<const Derived*>(this)->cursor(task, p, root ? feeding::pull : feeding::fed);
    return std::unique_ptr<block_operator>{new cursor_operator<T, decltype(cursor)>{std::move(cursor)}};
  }

  node::place feeder(const job_scope& job, int p) const { return parent_.upstream(job, p); }
  node::place upstream(const job_scope& job, int p) const override { return feeder(job, p); }
  bool fuses() const noexcept override { return fuses_parent<Link>; }

protected:
  const Link& parent() const noexcept { return parent_; }

private:
  Link parent_;
};

} // namespace crema::internal
