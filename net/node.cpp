#include "net/node.hpp"

#include "dataflow/error.hpp"

#include <future>
#include <random>
#include <utility>

namespace crema::net {

/// The node's side of its link to the controller, link after link. On the loop's thread.
class node::registration final : public std::enable_shared_from_this<registration> {
public:
  registration(std::shared_ptr<const cluster_context> here, profile of, node_facts facts,
               std::vector<address> controllers, node_events events)
      : here_{std::move(here)},
        profile_{std::move(of)},
        facts_{std::move(facts)},
        controllers_{std::move(controllers)},
        events_{std::move(events)} {}

  void connect();

  /// Leaves: the controller hears that it is no loss. `closed` is called when it has.
  void close(std::function<void()> closed);

private:
  class session;

  void try_next(std::vector<address> left);
  void try_again(const std::string& why);

  const std::shared_ptr<const cluster_context> here_;
  const profile profile_;
  const node_facts facts_;
  const std::vector<address> controllers_;
  node_events events_;
  growing_pause pause_;
  std::minstd_rand random_{std::random_device{}()};
  std::shared_ptr<session> session_;
  generation generation_ = 0;
  io_loop::id pausing_ = 0;
  bool closed_ = false;
  std::function<void()> when_closed_;
};

class node::registration::session final : public cluster_peer {
public:
  explicit session(std::shared_ptr<registration> owner) : cluster_peer{owner->here_}, owner_{std::move(owner)} {}

  void received(message from_peer) override {
    deliver<introduce, dial_back, node_registered, node_refused>(from_peer, *this);
  }
  void finished() override { finish(); }

  using cluster_peer::on;
  void on(const node_registered& said) {
    owner_->pause_.reset();
    owner_->generation_ = said.is;
    if (owner_->events_.registered)
      owner_->events_.registered(owner_->facts_, said.is);
  }
  void on(const node_refused& said) {
    owner_->closed_ = true;
    if (owner_->events_.refused)
      owner_->events_.refused(said.reason);
  }

private:
  void introduced() override { send(register_node{owner_->facts_, owner_->generation_}); }
  void gone(const link_end& how) override {
    owner_->session_ = nullptr;
    if (owner_->when_closed_)
      owner_->when_closed_();
    owner_->try_again("the controller is gone: " + how.reason);
  }

  const std::shared_ptr<registration> owner_;
};

void node::registration::connect() {
  try {
    try_next(controllers_.empty() ? profile_.where().controllers : controllers_);
  } catch (const error& e) {
    try_again(e.text());
  }
}

void node::registration::try_next(std::vector<address> left) {
  const auto to = left.front();
  left.erase(left.begin());
  dial(here_->loop, here_->tls, to, {role::controller}, [self = shared_from_this(), left](dialled result) {
    if (self->closed_)
      return;
    if (result.connection) {
      self->session_ = std::make_shared<session>(self);
      return self->session_->open(std::move(result.connection));
    }
    if (!left.empty())
      return self->try_next(left);
    try {
      std::rethrow_exception(result.failure);
    } catch (const error& e) {
      self->try_again(e.text());
    }
  });
}

void node::registration::try_again(const std::string& why) {
  if (closed_)
    return;
  const auto pause = pause_.next(random_());
  if (events_.log)
    events_.log(why + "; trying again in " + std::to_string(pause.count()) + " ms");
  pausing_ =
    here_->loop.call_at(std::chrono::steady_clock::now() + pause, [self = shared_from_this()] { self->connect(); });
}

void node::registration::close(std::function<void()> closed) {
  closed_ = true;
  events_ = {};
  here_->loop.cancel(pausing_);
  if (!session_)
    return closed();
  when_closed_ = std::move(closed);
  session_->finish();
}

node::node(io_loop& loop, const profile& of, const node_options& options, node_events events) : loop_{loop} {
  const tls_context tls{of.keys(role::node)};
  auto port = listen_at(options.listen);
  const auto where = options.advertise.value_or(port.where);
  facts_ = {options.name.empty() ? to_string(where) : options.name, where, options.cpu_slots, options.io_slots,
            options.memory};
  const auto here = std::make_shared<const cluster_context>(cluster_context{loop, tls, facts_.name, options.links});
  registration_ = std::make_shared<registration>(here, profile::open(of.name()), facts_, options.controllers, events);
  listener_.emplace(
    loop, tls, std::move(port), listener_options{.expected = {role::controller, role::node, role::driver}},
    [here](listener::accepted peer) { std::make_shared<visitor>(here)->open(std::move(peer.connection)); },
    std::move(events.log));
  loop.run([registration = registration_] { registration->connect(); });
}

node::~node() {
  listener_.reset();
  std::promise<void> closed;
  loop_.run([&] { registration_->close([&] { closed.set_value(); }); });
  closed.get_future().wait();
}

} // namespace crema::net
