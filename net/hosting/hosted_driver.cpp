#include "net/hosting/hosted_driver.hpp"

#include "dataflow/error.hpp"

namespace crema::net {

void hosted_driver::received(message from_peer) {
  if (from_peer.kind() != executable_chunk)
    return deliver<introduce, dial_back, offer_executable, offer_file, start_worker, stop_worker>(from_peer, *this);
  // While the bytes wait for the disk they count against what the driver may send.
  auto bytes = std::make_shared<message>(std::move(from_peer));
  slowly([bytes = std::move(bytes)](workplace& here) { return here.add(bytes->payload()); });
}

void hosted_driver::on(const offer_executable& said) {
  try {
    require_same_version();
    if (host_.draining)
      throw error{errc::unreachable, "the node is being drained"};
  } catch (const error& e) {
    send(executable_refused{e.text()});
    return;
  }
  if (!place_)
    place_ = std::make_shared<workplace>(
      host_,
      [self = std::weak_ptr{std::static_pointer_cast<hosted_driver>(shared_from_this())}](const node_answer& what) {
        if (const auto still_here = self.lock())
          still_here->answer(what);
      });
  slowly([what = said.what](workplace& here) { return here.offer(what); });
}

void hosted_driver::on(const offer_file& said) {
  slowly([said](workplace& here) { return here.offer(said); });
}

void hosted_driver::on(const start_worker& said) {
  slowly([said](workplace& here) { return here.start(said); });
}

void hosted_driver::on(const stop_worker& said) {
  if (place_)
    place_->stop(said.number);
}

/// Has the slow thread do it, and sends what comes of it.
template <class Work>
void hosted_driver::slowly(Work work) {
  if (!place_)
    throw error{errc::corrupt_data, "no executable was offered before"};
  const auto self = std::static_pointer_cast<hosted_driver>(shared_from_this());
  host_.slow.run([self, work = std::move(work), place = place_] {
    self->host_.loop.run([self, said = work(*place)] { self->answer(said); });
  });
}

void hosted_driver::answer(const node_answer& said) {
  if (const auto* printed = std::get_if<worker_printed>(&said))
    return tell(*printed);
  std::visit(
    [this](const auto& one) {
      if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, std::monostate>)
        send(one);
    },
    said);
  if (const auto* refused = std::get_if<executable_refused>(&said))
    log("what it has sent is refused: " + refused->reason);
  else if (const auto* started = std::get_if<worker_started>(&said))
    log("worker " + std::to_string(started->number) + " has started");
  else if (const auto* ended = std::get_if<worker_ended>(&said); ended != nullptr && !leaving_)
    log("worker " + std::to_string(ended->number) + " has ended: " + ended->reason);
  if (leaving_)
    finish_when_idle();
}

/// A driver that does not listen holds no worker up.
void hosted_driver::tell(worker_printed said) {
  if (!listens_) {
    missed_ += said.lines.size();
    return;
  }
  said.missed = std::exchange(missed_, 0);
  listens_ = send(said);
}

/// It leaves. The last words of its workers go with it.
void hosted_driver::finished() {
  leaving_ = true;
  if (place_) {
    log("it has left");
    place_->close();
  }
  finish_when_idle();
}

void hosted_driver::finish_when_idle() {
  if (!place_ || place_->idle())
    finish();
}

void hosted_driver::gone(const link_end& how) {
  if (!place_)
    return;
  if (!leaving_)
    log("it is gone: " + how.reason);
  place_->close();
  host_.slow.run([last = std::move(place_)] {});
}

void hosted_driver::log(const std::string& what) const {
  if (log_)
    log_("driver " + (peer() ? peer()->name : "") + ": " + what);
}

} // namespace crema::net
