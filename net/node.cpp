#include "net/node.hpp"

#include "dataflow/error.hpp"
#include "net/controller_search.hpp"
#include "net/hosting/hosted_driver.hpp"

#include <future>
#include <set>
#include <utility>

namespace crema::net {

/// The node's side of its link to the controller, link after link. On the loop's thread.
class node::registration final : public std::enable_shared_from_this<registration> {
public:
  registration(std::shared_ptr<const cluster_context> here, node_facts facts, node_events events)
      : here_{std::move(here)}, facts_{std::move(facts)}, events_{std::move(events)} {}

  void begin(profile of, std::vector<address> controllers);

  /// The controller hears of it, also one that comes later.
  void drain();

  /// Leaves: the controller hears that it is no loss. `closed` is called when it has.
  void close(std::function<void()> closed);

private:
  class session;

  const std::shared_ptr<const cluster_context> here_;
  const node_facts facts_;
  node_events events_;
  std::shared_ptr<controller_search> search_;
  std::shared_ptr<session> session_;
  generation generation_ = 0;
  bool drains_ = false;
  std::function<void()> when_closed_;
};

class node::registration::session final : public cluster_peer {
public:
  explicit session(std::shared_ptr<registration> owner) : cluster_peer{owner->here_}, owner_{std::move(owner)} {}

  void received(message from_peer) override {
    deliver<introduce, dial_back, node_registered, node_refused, net::drain>(from_peer, *this);
  }
  void finished() override { finish(); }

  using cluster_peer::on;
  void on(const node_registered& said) {
    owner_->search_->succeeded();
    owner_->generation_ = said.is;
    registered_ = true;
    if (owner_->drains_)
      send(drain_begun{});
    if (owner_->events_.registered)
      owner_->events_.registered(owner_->facts_, said.is);
  }
  void on(const node_refused& said) {
    if (owner_->generation_ != 0) { // it was good enough once, so what is wrong may pass: the end of the link is next
      refused_ = said.reason;
      return;
    }
    owner_->search_->stop();
    if (owner_->events_.refused)
      owner_->events_.refused(said.reason);
  }
  void on(const net::drain& asked) {
    if (owner_->events_.drain_asked)
      owner_->events_.drain_asked(std::chrono::milliseconds{asked.within});
  }

  void drain() {
    if (registered_)
      send(drain_begun{});
  }

private:
  void introduced() override { send(register_node{owner_->facts_, owner_->generation_}); }
  void gone(const link_end& how) override {
    owner_->session_ = nullptr;
    if (owner_->when_closed_)
      owner_->when_closed_();
    owner_->search_->begin_again({errc::unreachable, refused_.empty()
                                                       ? "the controller is gone: " + how.reason
                                                       : "the controller refuses this node: " + refused_});
  }

  const std::shared_ptr<registration> owner_;
  bool registered_ = false;
  std::string refused_; ///< why, where it tries again
};

void node::registration::begin(profile of, std::vector<address> controllers) {
  search_ = std::make_shared<controller_search>(
    here_, std::move(of), std::move(controllers),
    [self = shared_from_this()](std::unique_ptr<stream> connection) {
      self->session_ = std::make_shared<session>(self);
      self->session_->open(std::move(connection));
    },
    [log = events_.log](const error& why, std::chrono::milliseconds pause) {
      if (log)
        log(why.text() + "; trying again in " + std::to_string(pause.count()) + " ms");
    });
  search_->begin();
}

void node::registration::drain() {
  if (!std::exchange(drains_, true) && session_)
    session_->drain();
}

void node::registration::close(std::function<void()> closed) {
  search_->stop();
  events_ = {};
  if (!session_)
    return closed();
  when_closed_ = std::move(closed);
  session_->finish();
}

/// Those who have come to the node's port. On the loop's thread.
class node::drivers : public std::enable_shared_from_this<drivers> {
public:
  drivers(std::shared_ptr<const cluster_context> here, host& at, node_events events)
      : here_{std::move(here)}, host_{at}, events_{std::move(events)} {}

  void welcome(listener::accepted peer) {
    if (peer.peer.is != role::driver)
      return std::make_shared<visitor>(here_)->open(std::move(peer.connection));
    std::erase_if(known_, [](const auto& each) { return each.expired(); });
    const auto driver = std::make_shared<hosted_driver>(here_, host_, events_.log);
    known_.push_back(driver);
    driver->open(std::move(peer.connection));
  }

  /// They hear of it, those who come later by being refused.
  void drain() {
    for (const auto& each : known_)
      if (const auto driver = each.lock())
        driver->send(drain_begun{});
    std::lock_guard lock{host_.mutex};
    host_.when_idle = [weak = weak_from_this(), &loop = host_.loop] {
      loop.run([weak] {
        if (const auto self = weak.lock())
          self->idle();
      });
    };
    if (host_.workplaces == 0)
      host_.when_idle();
  }

  void close() {
    closed_ = true;
    for (const auto& each : known_)
      if (const auto driver = each.lock())
        driver->leave("the node has stopped");
  }

private:
  void idle() const {
    if (!closed_ && events_.drained)
      events_.drained();
  }

  const std::shared_ptr<const cluster_context> here_;
  host& host_;
  const node_events events_;
  std::vector<std::weak_ptr<hosted_driver>> known_;
  bool closed_ = false;
};

node::node(io_loop& loop, const profile& of, const node_options& options, node_events events)
    : loop_{loop},
      host_{.name = {},
            .keys = of.keys(role::node),
            .each = {static_cast<int>(options.cpu_slots), static_cast<int>(options.io_slots), options.memory},
            .loop = loop,
            .directory = work_directory{options.work_directory},
            .executables = {options.work_directory + "/executables", options.max_executables}} {
  const tls_context tls{host_.keys};
  auto port = listen_at(options.listen);
  const auto where = options.advertise.value_or(port.where);
  facts_ = {options.name.empty() ? to_string(where) : options.name, where, options.cpu_slots, options.io_slots,
            options.memory};
  host_.name = facts_.name;
  const auto here = std::make_shared<const cluster_context>(cluster_context{loop, tls, facts_.name, options.links});
  registration_ = std::make_shared<registration>(here, facts_, events);
  drivers_ = std::make_shared<drivers>(here, host_, events);
  listener_.emplace(
    loop, tls, std::move(port),
    listener_options{
      .expected = {role::controller, role::node, role::driver},
      .route = [this](std::string_view name, descriptor& socket) { return host_.calls.pass(name, socket); }},
    [drivers = drivers_](listener::accepted peer) { drivers->welcome(std::move(peer)); }, std::move(events.log));
  loop.run([registration = registration_, own = std::make_shared<profile>(profile::open(of.name())), options] {
    registration->begin(std::move(*own), options.controllers);
  });
}

void node::drain() {
  host_.draining = true;
  loop_.run([registration = registration_, drivers = drivers_] {
    registration->drain();
    drivers->drain();
  });
}

node::~node() {
  listener_.reset();
  std::promise<void> closed;
  loop_.run([&] {
    drivers_->close();
    registration_->close([&] { closed.set_value(); });
  });
  closed.get_future().wait();
  std::unique_lock lock{host_.mutex};
  host_.changed.wait(lock, [&] { return host_.workplaces == 0; });
}

} // namespace crema::net
