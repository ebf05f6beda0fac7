#include "dataflow/block/block_queue.hpp"

#include "dataflow/error.hpp"

#include <span>
#include <utility>

namespace crema::internal {

worker_resources::worker_resources(std::size_t memory_limit, std::string spill_base, std::size_t withheld)
    : memory{memory_limit, withheld}, spill{open_spill_directory(std::move(spill_base))} {}

namespace {

// A merge holds one of these for every run.
constexpr std::size_t block_reader_buffer = spill_file::min_read_buffer;

} // namespace

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
  auto& at = entries_.emplace_back(entry{std::move(records), nullptr, 0});
  if (!in_memory_ || !reservation_.try_resize(reservation_.bytes() + at.records->bytes()))
    write(at);
}

void block_queue::write(entry& at) {
  if (codec_ == nullptr)
    throw error{errc::out_of_memory,
                what_ + ": the memory budget of " + std::to_string(resources_->memory.limit())
                  + " bytes is used up and these records cannot be written to disk; give their type "
                    "a serialize function or raise the memory limit"};
  if (!file_)
    file_ = std::make_shared<spill_file>(resources_->spill);
  byte_writer out;
  codec_->encode(*at.records, out);
  at.offset = file_->append(out.bytes());
  at.file = file_;
  at.records = {};
}

void block_queue::close_file() {
  if (!file_)
    return;
  file_->finish();
  spilled_ += file_->bytes();
  file_.reset();
}

void block_queue::spill() {
  for (auto& at : entries_)
    if (at.records)
      write(at);
  reservation_.resize(0);
}

void block_queue::finish() {
  close_file();
}

block_ptr block_queue::take(std::size_t i) {
  auto& at = entries_[i];
  if (at.records) {
    reservation_.resize(reservation_.bytes() - std::min(reservation_.bytes(), at.records->bytes()));
    return std::exchange(at.records, {});
  }
  if (at.file == file_)
    close_file(); // what is written from now on goes to the next one
  if (own_reader_ == nullptr)
    own_reader_ = std::make_unique<reader>(*this);
  auto records = own_reader_->read(i);
  at.file.reset();
  return records;
}

block_ptr block_queue::reader::read(std::size_t i) {
  const auto& at = queue_->entries_[i];
  if (at.records)
    return at.records;
  if (file_ != at.file) {
    file_ = at.file;
    open_ = std::make_unique<spill_file::reader>(file_, block_reader_buffer);
  }
  open_->seek(at.offset);
  if (!open_->next(frame_))
    throw error{errc::corrupt_data, queue_->what_ + ": a spilled block is missing"};
  byte_reader in{std::span<const std::byte>{frame_}};
  return queue_->codec_->decode(in);
}

} // namespace crema::internal
