#include "net/cluster_peer.hpp"

#include "dataflow/error.hpp"

#include <chrono>
#include <utility>

namespace crema::net {

namespace {

std::string text_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.text();
  }
}

} // namespace

std::string_view crema_version() noexcept {
  return CREMA_VERSION;
}

std::int64_t wall_clock() noexcept {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count();
}

void cluster_peer::open(std::unique_ptr<stream> connection) {
  here_->loop.run([self = shared_from_this(), held = std::make_shared<decltype(connection)>(std::move(connection))] {
    if (self->given_up_)
      return;
    const auto& here = *self->here_;
    self->link_ = link::open(here.loop, std::move(*held), self, here.links);
    self->send(introduce{std::string{crema_version()}, here.name, wall_clock()});
  });
}

void cluster_peer::finish() {
  if (link_ && !std::exchange(finished_here_, true))
    link_->finish();
}

void cluster_peer::reset(const std::string& reason) {
  given_up_ = true;
  if (link_)
    link_->reset(reason);
}

void cluster_peer::ended(const link_end& how) {
  link_ = nullptr;
  gone(how);
}

void cluster_peer::on(introduce said) {
  peer_ = std::move(said);
  introduced();
}

void cluster_peer::on(const dial_back& asked) {
  dial(here_->loop, here_->tls, asked.where, {role::controller, role::node, role::driver},
       [self = shared_from_this()](const dialled& result) {
         self->send(dialled_back{result.failure ? text_of(result.failure) : ""});
       });
}

void cluster_peer::require_same_version() const {
  if (!peer_ || peer_->version != crema_version())
    throw error{errc::untrusted, "it is crema " + (peer_ ? peer_->version : "of no version") + ", and this is crema "
                                   + std::string{crema_version()}};
}

} // namespace crema::net
