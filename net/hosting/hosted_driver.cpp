#include "net/hosting/hosted_driver.hpp"

#include "dataflow/error.hpp"

namespace crema::net {

void hosted_driver::received(message from_peer) {
  if (from_peer.kind() != executable_chunk)
    return deliver<introduce, dial_back, offer_executable, start_worker, stop_worker>(from_peer, *this);
  // While the bytes wait for the disk they count against what the driver may send.
  auto bytes = std::make_shared<message>(std::move(from_peer));
  slowly([bytes = std::move(bytes)](workplace& here) { return here.add(bytes->payload()); });
}

void hosted_driver::on(const offer_executable& said) {
  try {
    require_same_version();
  } catch (const error& e) {
    return send(executable_refused{e.text()});
  }
  if (!place_)
    place_ = std::make_shared<workplace>(
      host_,
      [self = std::weak_ptr{std::static_pointer_cast<hosted_driver>(shared_from_this())}](const worker_ended& e) {
        if (const auto still_here = self.lock())
          still_here->answer(e);
      });
  slowly([what = said.what](workplace& here) { return here.offer(what); });
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
  std::visit(
    [this](const auto& one) {
      if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, std::monostate>)
        send(one);
    },
    said);
  if (const auto* refused = std::get_if<executable_refused>(&said))
    log("its executable is refused: " + refused->reason);
  else if (const auto* started = std::get_if<worker_started>(&said))
    log("worker " + std::to_string(started->number) + " has started");
  else if (const auto* ended = std::get_if<worker_ended>(&said))
    log("worker " + std::to_string(ended->number) + " has ended: " + ended->reason);
}

void hosted_driver::gone(const link_end& how) {
  if (!place_)
    return;
  log(how.reason.empty() ? "it has left" : "it is gone: " + how.reason);
  place_->close();
  host_.slow.run([last = std::move(place_)] {});
}

void hosted_driver::log(const std::string& what) const {
  if (log_)
    log_("driver " + (peer() ? peer()->name : "") + ": " + what);
}

} // namespace crema::net
