#include "net/controller.hpp"

#include "dataflow/error.hpp"

#include <array>
#include <future>
#include <set>
#include <utility>

namespace crema::net {

namespace {

std::string text_of(const member& node) {
  return "node " + node.facts.name + " at " + to_string(node.facts.where) + ", generation " + std::to_string(node.is);
}

std::string text_of(const node_change& change) {
  static constexpr std::array<std::string_view, 5> words{"has joined", "gives no sign of life",
                                                         "gives a sign of life again", "is lost", "takes no new work"};
  auto text = text_of(change.node) + ", " + std::string{words[static_cast<std::size_t>(change.what)]};
  return change.reason.empty() ? text : text + ": " + change.reason;
}

} // namespace

/// What the controller knows, on the loop's thread.
class controller::registry {
public:
  registry(cluster_context here, std::uint32_t epoch, on_log log)
      : here_{std::make_shared<const cluster_context>(std::move(here))}, nodes_{epoch}, log_{std::move(log)} {}

  const std::shared_ptr<const cluster_context>& here() const noexcept { return here_; }
  membership& nodes() noexcept { return nodes_; }

  void add(const std::shared_ptr<registered_peer>& peer) { peers_.insert(peer); }
  void remove(const std::shared_ptr<registered_peer>& peer) { peers_.erase(peer); }

  /// The node of that name, or null.
  std::shared_ptr<registered_peer> find(const std::string& name) const;

  void log(const std::string& line) const {
    if (log_)
      log_(line);
  }
  void announce(const node_changes& changes);
  void give_up(const std::vector<generation>& all);
  void close();

private:
  const std::shared_ptr<const cluster_context> here_;
  membership nodes_;
  on_log log_;
  std::set<std::shared_ptr<registered_peer>> peers_;
};

/// A node or a driver, on its link.
class controller::registered_peer final : public cluster_peer {
public:
  registered_peer(std::shared_ptr<registry> owner, role is)
      : cluster_peer{owner->here()}, owner_{std::move(owner)}, is_{is} {}

  bool follows() const noexcept { return follows_; }
  generation is() const noexcept { return generation_; }

  void received(message from_peer) override {
    deliver<introduce, dial_back, register_node, follow_nodes, drain_node, drain_begun>(from_peer, *this);
  }
  void suspected(bool suspect) override {
    auto& table = owner_->nodes().table();
    owner_->announce(suspect ? table.suspect(generation_) : table.trust(generation_));
  }
  void finished() override { finish(); }

  using cluster_peer::on;
  void on(const register_node& asked);
  void on(const follow_nodes& asked) {
    owner_->give_up(asked.given_up);
    follows_ = true;
    send(nodes_known{owner_->nodes().epoch(), owner_->nodes().table().members()});
  }
  void on(const drain_node& asked);
  void on(const drain_begun&) { owner_->announce(owner_->nodes().table().drain(generation_)); }

private:
  void gone(const link_end& how) override {
    if (generation_ != 0)
      owner_->announce(owner_->nodes().table().lose(generation_, how.reason.empty() ? "it has left" : how.reason));
    owner_->remove(std::static_pointer_cast<registered_peer>(shared_from_this()));
  }

  void accept(const register_node& asked);
  void refuse(const std::string& name, const std::string& reason);

  const std::shared_ptr<registry> owner_;
  const role is_;
  generation generation_ = 0;
  bool follows_ = false;
};

void controller::registered_peer::on(const register_node& asked) {
  if (is_ != role::node || generation_ != 0)
    throw error{errc::untrusted, "a " + std::string{name(is_)} + " asks to be registered as a node"};
  try {
    require_same_version();
  } catch (const error& e) {
    return refuse(asked.facts.name, e.text());
  }
  const auto self = std::static_pointer_cast<registered_peer>(shared_from_this());
  dial(here().loop, here().tls, asked.facts.where, {role::node}, [self, asked](const dialled& result) {
    if (!self->connected())
      return; // it has gone meanwhile
    try {
      if (result.failure)
        std::rethrow_exception(result.failure);
      self->accept(asked);
    } catch (const error& e) {
      self->refuse(asked.facts.name, "its own port cannot be reached from the controller: " + e.text());
    }
  });
}

void controller::registered_peer::accept(const register_node& asked) {
  auto [is, changes] = owner_->nodes().join(asked.facts, asked.claimed);
  generation_ = is;
  send(node_registered{is});
  owner_->announce(changes);
}

void controller::registered_peer::refuse(const std::string& name, const std::string& reason) {
  owner_->log("refused node " + name + ": " + reason);
  send(node_refused{reason});
  finish();
}

void controller::registered_peer::on(const drain_node& asked) {
  if (is_ != role::driver)
    throw error{errc::untrusted, "a " + std::string{name(is_)} + " asks for a node to be drained"};
  const auto node = owner_->find(asked.name);
  if (node)
    node->send(drain{asked.within});
  send(drain_passed{node ? node->is() : 0});
}

std::shared_ptr<controller::registered_peer> controller::registry::find(const std::string& name) const {
  for (const auto& each : nodes_.table().members())
    if (each.facts.name == name)
      for (const auto& peer : peers_)
        if (peer->is() == each.is)
          return peer;
  return nullptr;
}

void controller::registry::announce(const node_changes& changes) {
  for (const auto& change : changes) {
    log(text_of(change));
    for (const auto& peer : peers_)
      if (peer->follows())
        peer->send(node_changed{change});
  }
}

/// Those that have registered as one of them come back as others.
void controller::registry::give_up(const std::vector<generation>& all) {
  const auto changes = nodes_.give_up(all);
  announce(changes);
  for (const auto& change : changes)
    for (const auto& peer : peers_)
      if (peer->is() == change.node.is)
        peer->reset(change.reason);
}

void controller::registry::close() {
  log_ = nullptr;
  for (const auto& peer : std::set{peers_})
    peer->reset("the controller has stopped");
}

controller::controller(io_loop& loop, const profile& of, const controller_options& options, on_log log) : loop_{loop} {
  const tls_context tls{of.keys(role::controller)};
  auto known = of.where();
  epoch_ = static_cast<std::uint32_t>(++known.epoch);
  registry_ = std::make_shared<registry>(cluster_context{loop, tls, "the controller", options.links}, epoch_, log);
  listener_.emplace(
    loop, tls, listen_at(options.listen), listener_options{.expected = {role::controller, role::node, role::driver}},
    [registry = registry_](listener::accepted peer) {
      const auto made = std::make_shared<registered_peer>(registry, peer.peer.is);
      registry->add(made);
      made->open(std::move(peer.connection));
    },
    std::move(log));
  where_ = options.advertise.value_or(listener_->where());
  known.controllers = {where_};
  of.set_where(known);
}

controller::~controller() {
  listener_.reset();
  std::promise<void> closed;
  loop_.run([&] {
    registry_->close();
    loop_.run([&] { closed.set_value(); }); // behind the ends of its links
  });
  closed.get_future().wait();
}

} // namespace crema::net
