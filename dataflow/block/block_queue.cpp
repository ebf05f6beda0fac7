#include "dataflow/block/block_queue.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <utility>

namespace crema::internal {

worker_resources::worker_resources(std::size_t memory_limit, std::string spill_base, std::size_t withheld, int threads)
    : memory{memory_limit, withheld},
      spill{open_spill_directory(std::move(spill_base))},
      threads_{static_cast<std::size_t>(std::max(1, threads))} {}

block_queue::block_queue(worker_resources& resources, const block_codec* codec, std::string what, bool keep_in_memory)
    : resources_{&resources},
      codec_{codec},
      what_{std::move(what)},
      in_memory_{keep_in_memory},
      reservation_{resources.memory} {}

void block_queue::push(block_ptr records) {
  if (!records || records->empty())
    return;
  records_ += records->size();
  auto& at = entries_.emplace_back(entry{std::move(records), {}});
  if (!in_memory_ || !reservation_.try_resize(reservation_.bytes() + at.records->bytes()))
    write(at);
}

void block_queue::write(entry& at) {
  if (codec_ == nullptr)
    throw error{errc::out_of_memory,
                what_ + ": the memory budget of " + std::to_string(resources_->memory.limit())
                  + " bytes is used up and these records cannot be written to disk; give their type "
                    "a serialize function or raise the memory limit"};
  byte_writer out;
  codec_->encode(*at.records, out);
  at.spilled = resources_->spill.write(out.bytes());
  spilled_bytes_ += at.spilled.bytes();
  at.records = {};
}

block_ptr block_queue::take(std::size_t i) {
  auto& at = entries_[i];
  if (at.records) {
    reservation_.resize(reservation_.bytes() - std::min(reservation_.bytes(), at.records->bytes()));
    return std::exchange(at.records, {});
  }
  auto records = read(i);
  at.spilled = {};
  return records;
}

block_ptr block_queue::read(std::size_t i) const {
  const auto& at = entries_[i];
  if (at.records)
    return at.records;
  page_buffer storage;
  byte_reader in{at.spilled.read(storage)};
  return codec_->decode(in);
}

} // namespace crema::internal
