#include "apps/crema/known_nodes.hpp"

#include "dataflow/error.hpp"
#include "net/cluster_peer.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

namespace crema::command {

namespace {

using namespace crema::net;
using namespace std::chrono_literals;

constexpr auto time_to_answer = 5s;
constexpr auto time_to_leave = 10s; ///< once its time to drain is over

/// Who asks the controller something, and gets one answer.
template <class Answer>
class asker : public cluster_peer {
public:
  using cluster_peer::cluster_peer;

  std::future<Answer> answer() { return answer_.get_future(); }
  std::future<void> end() { return ended_.get_future(); }

protected:
  void answered(Answer with) {
    if (!std::exchange(answered_, true))
      answer_.set_value(std::move(with));
    finish();
  }
  void failed(error why) {
    if (!std::exchange(answered_, true))
      answer_.set_exception(std::make_exception_ptr(std::move(why)));
    finish();
  }

private:
  void gone(const link_end& how) override {
    failed({errc::unreachable, "the controller gave no answer: " + how.reason});
    ended_.set_value();
  }

  std::promise<Answer> answer_;
  std::promise<void> ended_;
  bool answered_ = false;
};

class node_asker final : public asker<nodes_known> {
public:
  using asker::asker;

  void received(message from_peer) override { deliver<introduce, nodes_known, node_changed>(from_peer, *this); }

  using cluster_peer::on;
  void on(nodes_known said) { answered(std::move(said)); }
  void on(const node_changed&) {}

private:
  void introduced() override { send(follow_nodes{}); }
};

/// The answer is why the node is gone.
class drain_asker final : public asker<std::string> {
public:
  drain_asker(std::shared_ptr<const cluster_context> here, std::string name, std::chrono::milliseconds within)
      : asker{std::move(here)}, name_{std::move(name)}, within_{within} {}

  void received(message from_peer) override {
    deliver<introduce, nodes_known, node_changed, drain_passed>(from_peer, *this);
  }

  using cluster_peer::on;
  void on(const nodes_known& said) {
    for (const auto& each : said.nodes)
      names_ += (names_.empty() ? "" : ", ") + each.facts.name;
  }
  void on(const drain_passed& said) {
    is_ = said.is;
    if (is_ == 0)
      failed({errc::not_found, "the cluster has no node " + name_ + "; it has " + (names_.empty() ? "none" : names_)});
  }
  void on(const node_changed& said) {
    if (said.change.what == node_change::event::lost && said.change.node.is == is_)
      answered(said.change.reason);
  }

private:
  void introduced() override {
    send(follow_nodes{});
    send(net::drain_node{name_, static_cast<std::uint64_t>(within_.count())});
  }

  const std::string name_;
  const std::chrono::milliseconds within_;
  std::string names_;
  generation is_ = 0;
};

/// Has it ask the controller, as a driver.
template <class Asker, class... Args>
auto ask(const profile& of, std::chrono::milliseconds patience, Args... args) {
  const tls_context tls{of.keys(role::driver)};
  io_loop loop;
  auto reached = dial(loop, tls, of.where().controllers.front(), {role::controller}, time_to_answer);
  const auto peer = std::make_shared<Asker>(
    std::make_shared<const cluster_context>(cluster_context{loop, tls, "crema cluster", {}}), std::move(args)...);
  auto answer = peer->answer();
  const auto end = peer->end();
  peer->open(std::move(reached.connection));
  if (answer.wait_for(patience) != std::future_status::ready)
    loop.run([peer] { peer->reset("no answer in time"); });
  end.wait_for(time_to_answer); // the link holds the peer until then
  return answer.get();
}

} // namespace

nodes_known ask_for_nodes(const profile& of, std::chrono::milliseconds patience) {
  return ask<node_asker>(of, patience);
}

void drain_node(const profile& of, const std::string& name, std::chrono::milliseconds within) {
  if (const auto why = ask<drain_asker>(of, within + time_to_leave, name, within); why != "it has left")
    throw error{errc::unreachable, "node " + name + " was lost while it was drained: " + why};
}

} // namespace crema::command
