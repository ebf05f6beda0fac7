#include "net/link.hpp"

#include "dataflow/error.hpp"

#include <array>
#include <cassert>
#include <cstring>
#include <sys/epoll.h>
#include <utility>
#include <vector>

namespace crema::net {

namespace {

// The link's own frames; docs/wire.md draws them.
constexpr std::uint16_t hello_kind = 0;
constexpr std::uint16_t beat_kind = 1;
constexpr std::uint16_t credit_kind = 2;
constexpr std::uint16_t end_kind = 3;

constexpr std::string_view magic = "crema\n";
constexpr std::uint16_t protocol_version = 2;

// So many reads or pieces to write at once, then other links have their turn.
constexpr int reads_at_once = 8;
constexpr std::size_t pieces_at_once = 48;

outgoing own_frame(std::uint16_t kind) {
  return {kind, {}, {}};
}

outgoing hello() {
  auto made = own_frame(hello_kind);
  made.head.put(magic.data(), magic.size());
  made.head.put(&protocol_version, sizeof protocol_version);
  return made;
}

outgoing credit(std::uint64_t bytes) {
  auto made = own_frame(credit_kind);
  made.head.put(&bytes, sizeof bytes);
  return made;
}

} // namespace

message::~message() {
  if (from_)
    from_->consumed(frame_charge(payload().size()));
}

std::shared_ptr<link> link::open(event_loop& loop, std::unique_ptr<stream> connection,
                                 std::shared_ptr<link_observer> observer, const link_options& options) {
  validate(options.liveness);
  std::shared_ptr<link> made{new link{loop, std::move(connection), std::move(observer), options}};
  loop.run([made] { made->start(); });
  return made;
}

link::link(event_loop& loop, std::unique_ptr<stream> connection, std::shared_ptr<link_observer> observer,
           const link_options& options)
    : loop_{loop},
      options_{options},
      stream_{std::move(connection)},
      observer_{std::move(observer)},
      liveness_{options.liveness, loop.now()},
      queue_{options.send_bound},
      window_{options.receive_window} {
  queue_.push_urgent(hello());
  queue_.push_urgent(credit(options.receive_window));
}

// -- any thread -----------------------------------------------------------------------------------------------------

bool link::send(outgoing message) {
  assert(message.kind >= first_message_kind);
  if (message.payload_size() > max_frame_bytes)
    throw error{errc::invalid_argument, "a message of " + std::to_string(message.payload_size())
                                          + " bytes is longer than the most, " + std::to_string(max_frame_bytes)};
  std::unique_lock lock{mutex_};
  assert(!finishing_);
  if (ended_)
    return true;
  const bool room = queue_.push(std::move(message));
  wake(lock);
  return room;
}

void link::finish() {
  std::unique_lock lock{mutex_};
  finishing_ = true;
  wake(lock);
}

void link::reset(std::string reason) {
  loop_.run([self = shared_from_this(), reason = std::move(reason)] { self->end({link_end::cause::reset, reason}); });
}

void link::consumed(std::size_t charge) {
  std::unique_lock lock{mutex_};
  const auto grant = window_.consumed(charge);
  if (grant == 0 || ended_)
    return;
  queue_.push_urgent(credit(grant));
  wake(lock);
}

/// Has the loop's thread write, unless it is about to.
void link::wake(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(awake_, true))
    return;
  lock.unlock();
  loop_.run([self = shared_from_this()] { self->guarded([&] { self->write(); }); });
}

// -- the loop's thread ----------------------------------------------------------------------------------------------

void link::start() {
  guarded([this] {
    watched_ = loop_.watch(stream_->native_handle(), EPOLLIN,
                           [self = shared_from_this()](std::uint32_t events) { self->serve(events); });
    tick();
    write();
    read(); // a stream may have read ahead while its peer proved itself
  });
}

/// Does `work`; what it throws ends the link.
template <class Work>
void link::guarded(Work work) {
  if (!stream_)
    return;
  try {
    work();
  } catch (const error& e) {
    const bool broke = e.code() == errc::unreachable;
    end({broke ? link_end::cause::lost : link_end::cause::refused, e.text()});
  } catch (const std::exception& e) {
    end({link_end::cause::refused, e.what()});
  }
}

void link::serve(std::uint32_t events) {
  guarded([&] {
    if ((events & EPOLLOUT) != 0)
      write();
    read();
  });
}

void link::read() {
  for (int i = 0; i != reads_at_once && stream_; ++i) {
    const auto got = stream_->read(parser_.room());
    if (got.bytes != 0) {
      liveness_.heard(loop_.now());
      parser_.filled(got.bytes);
      take_frames();
    } else if (got.ended) {
      return closing_ ? end({}) : end({link_end::cause::lost, "the peer closed the connection"});
    } else if (got.blocked) {
      return watch_output();
    }
  }
  if (stream_ && stream_->buffered())
    loop_.run([self = shared_from_this()] { self->guarded([&] { self->read(); }); });
}

void link::take_frames() {
  while (auto next = parser_.next())
    take(*std::move(next));
}

void link::take(frame content) {
  const auto kind = content.kind();
  if (!greeted_)
    return greet(content);
  if (kind >= first_message_kind && !peer_finished_) {
    if (std::lock_guard lock{mutex_}; !window_.received(frame_charge(content.payload().size())))
      throw error{errc::corrupt_data, "the peer sent without credit"};
    observer_->received({std::move(content), shared_from_this()});
  } else if (kind == credit_kind && content.payload().size() == sizeof(std::uint64_t)) {
    std::uint64_t bytes;
    std::memcpy(&bytes, content.payload().data(), sizeof bytes);
    std::unique_lock lock{mutex_};
    queue_.granted(bytes);
    wake(lock);
  } else if (kind == end_kind && !peer_finished_) {
    peer_finished_ = true;
    observer_->finished();
    close_when_both_finished();
  } else if (kind != beat_kind) {
    throw error{errc::corrupt_data, "the peer sent a frame of kind " + std::to_string(kind) + " and "
                                      + std::to_string(content.payload().size()) + " bytes, which has no meaning here"};
  }
}

void link::greet(const frame& content) {
  const auto payload = content.payload();
  if (content.kind() != hello_kind || payload.size() < magic.size() + sizeof protocol_version
      || std::memcmp(payload.data(), magic.data(), magic.size()) != 0)
    throw error{errc::corrupt_data, "the peer does not say hello as crema does"};
  std::uint16_t theirs;
  std::memcpy(&theirs, payload.data() + magic.size(), sizeof theirs);
  if (theirs != protocol_version)
    throw error{errc::unsupported, "the peer speaks version " + std::to_string(theirs) + " of the protocol, this side "
                                     + std::to_string(protocol_version)};
  greeted_ = true;
  parser_.trust_peer();
}

void link::write() {
  if (closing_)
    return;
  std::array<iovec, pieces_at_once> pieces;
  std::size_t n = 0;
  {
    std::lock_guard lock{mutex_};
    awake_ = false;
    if (finishing_ && !end_queued_ && queue_.empty()) {
      queue_.push_urgent(own_frame(end_kind));
      end_queued_ = true;
    }
    n = queue_.gather(pieces);
  }
  const auto put = n == 0 ? stream::result{} : stream_->write({pieces.data(), n});
  std::vector<outgoing> done;
  bool room = false;
  bool waiting = false;
  {
    std::lock_guard lock{mutex_};
    room = queue_.written(put.bytes, done);
    waiting = queue_.gather(pieces) != 0;
    has_output_ = waiting || (finishing_ && !end_queued_ && queue_.empty());
    end_sent_ = end_sent_ || (end_queued_ && queue_.empty());
  }
  done.clear();
  liveness_.wrote(loop_.now(), put.bytes != 0, waiting);
  watch_output();
  if (room)
    observer_->writable();
  close_when_both_finished();
}

void link::close_when_both_finished() {
  if (!end_sent_ || !peer_finished_ || std::exchange(closing_, true))
    return;
  // The stream stays open until the peer has closed its side, too: closing at once could destroy what it still reads.
  stream_->finish();
}

void link::watch_output() {
  const bool wanted = has_output_ || stream_->read_wants_output();
  if (wanted != std::exchange(output_watched_, wanted))
    loop_.rewatch(watched_, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void link::tick() {
  const auto due = liveness_.tick(loop_.now());
  if (due.peer == peer_health::dead)
    return end({link_end::cause::silent,
                "the peer gave no sign of life for " + std::to_string(options_.liveness.dead.count()) + " ms"});
  if (const bool suspect = due.peer == peer_health::suspect; suspect != std::exchange(suspected_, suspect))
    observer_->suspected(suspect);
  if (due.beat && !closing_) {
    std::unique_lock lock{mutex_};
    queue_.push_urgent(own_frame(beat_kind));
    wake(lock);
  }
  next_tick_ = loop_.call_at(loop_.now() + liveness_.period(),
                             [self = shared_from_this()] { self->guarded([&] { self->tick(); }); });
}

void link::end(link_end how) {
  if (!stream_)
    return;
  std::vector<outgoing> unsent; // destroyed without the lock
  {
    std::lock_guard lock{mutex_};
    ended_ = true;
    unsent = queue_.drop();
  }
  loop_.unwatch(watched_);
  loop_.cancel(next_tick_);
  if (how.why != link_end::cause::clean)
    stream_->abort();
  stream_.reset();
  std::exchange(observer_, nullptr)->ended(how);
}

} // namespace crema::net
