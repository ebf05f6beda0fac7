#include "apps/crema/known_nodes.hpp"

#include "dataflow/error.hpp"
#include "net/cluster_peer.hpp"

#include <future>

namespace crema::command {

namespace {

using namespace crema::net;

class asker final : public cluster_peer {
public:
  using cluster_peer::cluster_peer;

  void received(message from_peer) override { deliver<introduce, nodes_known, node_changed>(from_peer, *this); }

  using cluster_peer::on;
  void on(nodes_known said) {
    if (!std::exchange(answered_, true))
      known_.set_value(std::move(said));
    finish();
  }
  void on(const node_changed&) {}

  std::future<nodes_known> answer() { return known_.get_future(); }
  std::future<void> end() { return ended_.get_future(); }

private:
  void introduced() override { send(follow_nodes{}); }
  void gone(const link_end& how) override {
    if (!std::exchange(answered_, true))
      known_.set_exception(
        std::make_exception_ptr(error{errc::unreachable, "the controller gave no answer: " + how.reason}));
    ended_.set_value();
  }

  std::promise<nodes_known> known_;
  std::promise<void> ended_;
  bool answered_ = false;
};

} // namespace

nodes_known ask_for_nodes(const profile& of, std::chrono::milliseconds patience) {
  const tls_context tls{of.keys(role::driver)};
  io_loop loop;
  auto reached = dial(loop, tls, of.where().controllers.front(), {role::controller}, patience);
  const auto peer =
    std::make_shared<asker>(std::make_shared<const cluster_context>(cluster_context{loop, tls, "crema cluster", {}}));
  auto answer = peer->answer();
  const auto end = peer->end();
  peer->open(std::move(reached.connection));
  if (answer.wait_for(patience) != std::future_status::ready)
    loop.run([peer] { peer->reset("no answer in time"); });
  end.wait_for(patience); // the link holds the peer until then
  return answer.get();
}

} // namespace crema::command
