#pragma once

#include "dataflow/block/block_queue.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace crema {

/// All values of one key: what group_by_key and cogroup give.
///
///     links.group_by_key().map([](const auto& keyed) {
///       const auto& [page, targets] = keyed;
///       return std::pair{page, std::vector<int>(targets.begin(), targets.end())};
///     });
///
/// A range of V that may be read any number of times. A small group is in memory; one larger than memory lies partly on
/// disk and is read block by block, so iterating it needs little memory whatever its size. The order is not promised.
/// Copying copies a reference. Thread-safe for reading.
template <class V>
class group {
public:
  using value_type = V;

  group() = default;
  explicit group(std::vector<V> values) : values_{std::make_shared<const std::vector<V>>(std::move(values))} {}
  explicit group(std::shared_ptr<const internal::block_queue> blocks) : blocks_{std::move(blocks)} {}

  std::size_t size() const noexcept {
    return values_ ? values_->size() : blocks_ ? static_cast<std::size_t>(blocks_->records()) : 0;
  }
  bool empty() const noexcept { return size() == 0; }

  class iterator {
  public:
    using value_type = V;
    using difference_type = std::ptrdiff_t;
    using reference = const V&;
    using pointer = const V*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;

    const V& operator*() const noexcept { return *at_; }
    const V* operator->() const noexcept { return at_; }
    iterator& operator++() {
      ++at_;
      --left_;
      if (at_ == end_ && left_ != 0)
        refill();
      return *this;
    }
    iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator& other) const noexcept { return left_ == other.left_; }

  private:
    friend class group;

    struct pages {
      const internal::block_queue* blocks;
      std::size_t next = 0;
      internal::block_ptr current;
    };

    explicit iterator(const std::vector<V>& values)
        : at_{values.data()}, end_{values.data() + values.size()}, left_{values.size()} {}
    explicit iterator(const internal::block_queue& blocks)
        : left_{static_cast<std::size_t>(blocks.records())}, pages_{std::make_shared<pages>(pages{&blocks, 0, {}})} {
      if (left_ != 0)
        refill();
    }

    void refill() {
      pages_->current = pages_->blocks->read(pages_->next++);
      const auto& records = std::as_const(internal::block_cast<V>(pages_->current));
      at_ = records.begin();
      end_ = records.end();
    }

    const V* at_ = nullptr;
    const V* end_ = nullptr;
    std::size_t left_ = 0;
    std::shared_ptr<pages> pages_;
  };
  using const_iterator = iterator;

  iterator begin() const { return values_ ? iterator{*values_} : blocks_ ? iterator{*blocks_} : iterator{}; }
  iterator end() const noexcept { return {}; }

  /// The values in a vector; they must fit into memory.
  std::vector<V> to_vector() const {
    std::vector<V> all;
    all.reserve(size());
    for (const auto& value : *this)
      all.push_back(value);
    return all;
  }

  bool operator==(const group& other) const {
    if (size() != other.size())
      return false;
    auto theirs = other.begin();
    for (const auto& value : *this) {
      if (!(value == *theirs))
        return false;
      ++theirs;
    }
    return true;
  }

  /// What a budget counts for a group beside the group itself. Blocks count themselves.
  friend std::size_t heap_bytes(const group& of) {
    if (!of.values_)
      return 0;
    std::size_t bytes = of.values_->capacity() * sizeof(V);
    if constexpr (!internal::flat_record<V>)
      for (const auto& value : *of.values_)
        bytes += internal::footprint(value);
    return bytes;
  }

private:
  std::shared_ptr<const std::vector<V>> values_;
  std::shared_ptr<const internal::block_queue> blocks_;
};

namespace internal {

/// A group is written as its values; it is read into memory.
template <class V>
struct codec<group<V>> {
  static constexpr bool works = encodable<V>;
  static constexpr bool packed = false;
  static constexpr bool archived = codec<V>::archived;
  static constexpr std::size_t min_size = 1;
  static constexpr void require() { require_encodable<V>(); }

  static void encode(const group<V>& value, byte_writer& out) {
    out.varint(value.size());
    for (const auto& each : value)
      codec<V>::encode(each, out);
  }
  static group<V> decode(byte_reader& in) {
    std::vector<V> values;
    const auto n = in.count(codec<V>::min_size);
    values.reserve(in.credible(n, sizeof(V)));
    for (std::size_t i = 0; i < n; ++i)
      values.push_back(codec<V>::decode(in));
    return group<V>{std::move(values)};
  }
};

/// Collects the values of one key: in a vector as long as it is small, then in blocks that may go to disk.
template <class V>
class group_builder {
public:
  group_builder(worker_resources& resources, const std::string& what)
      : resources_{&resources}, what_{&what}, small_{resources.buffer_bytes(std::size_t{1} << 20)} {}

  void add(V&& value) {
    if (blocks_ == nullptr) {
      bytes_ += sizeof(V) + footprint(value);
      values_.push_back(std::move(value));
      if (bytes_ > small_)
        begin_blocks();
    } else if (builder_.add(std::move(value))) {
      blocks_->push(builder_.take());
    }
  }

  group<V> take() {
    bytes_ = 0;
    if (blocks_ == nullptr)
      return group<V>{std::exchange(values_, {})};
    blocks_->push(builder_.take());
    return group<V>{std::shared_ptr<const block_queue>{std::exchange(blocks_, nullptr)}};
  }

private:
  struct kept_blocks {
    kept_blocks(std::shared_ptr<worker_resources> resources, worker_resources& used, const std::string& what)
        : owner{std::move(resources)}, blocks{used, codec_of<V>(), what} {}

    std::shared_ptr<worker_resources> owner;
    block_queue blocks;
  };

  void begin_blocks() {
    // A group may outlive its context, and its blocks need the budget that they count in.
    const auto kept = std::make_shared<kept_blocks>(resources_->weak_from_this().lock(), *resources_, *what_);
    blocks_ = {kept, &kept->blocks};
    for (auto& value : values_)
      if (builder_.add(std::move(value)))
        blocks_->push(builder_.take());
    values_ = {};
  }

  worker_resources* resources_;
  const std::string* what_;
  std::size_t small_;
  std::vector<V> values_;
  std::size_t bytes_ = 0;
  block_builder<V> builder_;
  std::shared_ptr<block_queue> blocks_;
};

} // namespace internal
} // namespace crema
