#pragma once

#include <algorithm>
#include <cstddef>

namespace crema::internal {

/// Whether a sender combines the rows of its task or passes them on as they are.
///
///     combining_switch rows;
///     if (rows.passing()) …                    // send n rows
///     else …                                   // combine n rows
///     rows.count(n);
///     if (rows.doubts(table.bytes()) && !rows.worthwhile(table.size(), table.bytes()))
///       …                                      // send what is in the table, then
///       rows.emptied();
///
/// Combining spares the receiver the rows that met their key here. Where few do, because there are many keys or few
/// rows, it only costs time and memory. A table can tell only when it is large, so one beyond 32 MiB is looked at: if
/// fewer than one row in three met its key, it is emptied, and 16 times as many rows are passed on before the next try.
/// (Müller et al., "Cache-efficient aggregation: hashing is sorting", 2015, switch between hashing and partitioning in
/// this way.) Pure.
class combining_switch {
public:
  bool passing() const noexcept { return to_pass_ != 0; }

  /// So many rows were combined, or passed on.
  void count(std::size_t rows) noexcept {
    if (passing())
      to_pass_ -= std::min(to_pass_, rows);
    else
      combined_ += rows;
  }

  /// Whether the table has grown so large that it should be asked for its number of keys.
  bool doubts(std::size_t table_bytes) const noexcept { return table_bytes >= doubtful_; }

  /// Whether a table with so many keys saves enough; if so, there is no doubt until it has doubled.
  bool worthwhile(std::size_t keys, std::size_t table_bytes) noexcept {
    worthwhile_ = combined_ - std::min(combined_, keys) >= combined_ / 3;
    doubtful_ = 2 * table_bytes;
    return worthwhile_;
  }

  /// The table was sent and is empty.
  void emptied() noexcept {
    if (!worthwhile_)
      to_pass_ = 16 * combined_;
    combined_ = 0;
    doubtful_ = large;
    worthwhile_ = true;
  }

private:
  static constexpr std::size_t large = std::size_t{32} << 20;

  std::size_t combined_ = 0; // rows since the table was empty
  std::size_t to_pass_ = 0;
  std::size_t doubtful_ = large; // bytes
  bool worthwhile_ = true;
};

} // namespace crema::internal
