#include "net/send_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace crema::net {

send_queue::entry send_queue::framed(outgoing message) {
  const auto header = frame_header(message.kind, message.payload_size());
  return {header, std::move(message)};
}

bool send_queue::push(outgoing message) {
  waiting_.push_back(framed(std::move(message)));
  bytes_ += waiting_.back().size();
  full_ = full_ || bytes_ >= bound_;
  return !full_;
}

void send_queue::push_urgent(outgoing message) {
  urgent_.push_back(framed(std::move(message)));
  bytes_ += urgent_.back().size();
}

void send_queue::begin(std::deque<entry>& queue) {
  leaving_.push_back(std::move(queue.front()));
  queue.pop_front();
  leaving_bytes_ += leaving_.back().size();
}

/// Moves what may leave to what does.
void send_queue::admit() {
  while (!urgent_.empty())
    begin(urgent_);
  while (!waiting_.empty() && credit_ > 0 && leaving_bytes_ < batch_bytes) {
    credit_ -= static_cast<std::int64_t>(waiting_.front().size());
    begin(waiting_);
  }
}

std::size_t send_queue::gather(std::span<iovec> pieces) {
  admit();
  std::size_t used = 0;
  auto skip = front_written_;
  const auto add = [&](std::span<const std::byte> piece) {
    const auto skipped = std::min(skip, piece.size());
    skip -= skipped;
    piece = piece.subspan(skipped);
    if (!piece.empty() && used != pieces.size())
      pieces[used++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  };
  for (auto next = leaving_.begin(); next != leaving_.end() && used != pieces.size(); ++next) {
    add(next->header);
    add(next->message.head.bytes());
    add(next->message.body.bytes);
  }
  return used;
}

bool send_queue::written(std::size_t n, std::vector<outgoing>& done) {
  for (front_written_ += n; !leaving_.empty() && front_written_ >= leaving_.front().size(); leaving_.pop_front()) {
    const auto size = leaving_.front().size();
    front_written_ -= size;
    leaving_bytes_ -= size;
    bytes_ -= size;
    done.push_back(std::move(leaving_.front().message));
  }
  assert(front_written_ == 0 || !leaving_.empty());
  const bool room = full_ && bytes_ <= bound_ / 2;
  full_ = full_ && !room;
  return room;
}

std::vector<outgoing> send_queue::drop() {
  std::vector<outgoing> dropped;
  for (auto* queue : {&leaving_, &urgent_, &waiting_}) {
    for (auto& each : *queue)
      dropped.push_back(std::move(each.message));
    queue->clear();
  }
  bytes_ = leaving_bytes_ = front_written_ = 0;
  return dropped;
}

} // namespace crema::net
