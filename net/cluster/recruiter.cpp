#include "net/cluster/recruiter.hpp"

#include "dataflow/error.hpp"
#include "dataflow/function/identity.hpp"
#include "net/launcher/worker_process.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace crema::net {

namespace {

using namespace std::chrono_literals;

constexpr auto time_to_answer = 5s;
constexpr auto time_to_get_ready = 60s;
constexpr auto time_to_exit = 1s; ///< of a worker that has closed its connection, which is how its end begins
constexpr auto long_life = 5s;    ///< of a worker or a link: the next one is there soon
constexpr auto first_redial = 1s; ///< of a link that was cut: so long a job may wait for it
constexpr int most_failures = 3;  ///< for which a node is waited for

std::string described(const node_facts& node) {
  return "node " + node.name + " at " + to_string(node.where);
}

} // namespace

/// The driver's link to the controller.
class recruiter::follower final : public cluster_peer {
public:
  follower(std::shared_ptr<const cluster_context> here, std::weak_ptr<recruiter> owner)
      : cluster_peer{std::move(here)}, owner_{std::move(owner)} {}

  void received(message from_controller) override {
    deliver<introduce, dial_back, nodes_known, node_changed>(from_controller, *this);
  }

  using cluster_peer::on;
  void on(const nodes_known& said) {
    if (const auto owner = owner_.lock()) {
      owner->search_->succeeded();
      owner->heard(owner->view_.snapshot(said.epoch, said.nodes));
    }
  }
  void on(const node_changed& said) {
    if (const auto owner = owner_.lock())
      owner->heard(owner->view_.apply(said.change));
  }

private:
  void introduced() override {
    require_same_version();
    if (const auto owner = owner_.lock())
      send(follow_nodes{owner->view_.given_up()});
  }
  void gone(const link_end& how) override {
    if (const auto owner = owner_.lock())
      owner->search_->begin_again({errc::unreachable, "the controller is gone: " + how.reason});
  }

  const std::weak_ptr<recruiter> owner_;
};

/// The link to a worker: the worker is lost when its node has said how it ended.
class recruiter::cluster_worker final : public listed_worker {
public:
  cluster_worker(int number, const std::shared_ptr<worker_roster>& roster, std::weak_ptr<recruiter> owner)
      : listed_worker{number, roster}, owner_{std::move(owner)} {}

  /// A process that ends closes its connection first, and shall say how.
  void ended(const link_end& how) override {
    const auto stop = [owner = owner_, number = number(), reason = how.reason] {
      if (const auto here = owner.lock())
        here->end(number, reason);
    };
    if (const auto owner = owner_.lock(); owner && how.why == link_end::cause::lost)
      owner->here_->loop.call_at(owner->here_->loop.now() + time_to_exit, stop);
    else
      stop();
  }

private:
  const std::weak_ptr<recruiter> owner_;
};

recruiter::~recruiter() = default;

void recruiter::begin(profile of) {
  {
    std::lock_guard lock{mutex_};
    roster_ = std::make_shared<worker_roster>(here_->loop, 1, [this](int number) { ready(number); });
  }
  search_ = std::make_shared<controller_search>(
    here_, std::move(of), options_.controllers,
    [self = weak_from_this()](std::unique_ptr<stream> connection) {
      if (const auto here = self.lock())
        here->follow(std::move(connection));
    },
    [self = weak_from_this()](const error& why, std::chrono::milliseconds) {
      if (const auto here = self.lock())
        here->trouble(why);
    });
  search_->begin();
}

void recruiter::close(std::function<void()> closed) {
  const std::shared_ptr<void> until_left{nullptr, [closed = std::move(closed)](void*) { closed(); }};
  search_->stop();
  if (follower_)
    follower_->reset("the context was closed");
  for (const auto& [is, at] : places_)
    at.node->leave(until_left);
  for (const auto& [number, worker] : std::exchange(workers_, {})) {
    worker.connection->reset("the context was closed");
    roster_->lose(number, "the context was closed");
  }
  places_.clear();
  if (delivery_ != nullptr)
    std::exchange(delivery_, nullptr)->over.set_value("the context was closed");
}

// -- the controller -------------------------------------------------------------------------------------------------

void recruiter::follow(std::unique_ptr<stream> connection) {
  follower_ = std::make_shared<follower>(here_, weak_from_this());
  follower_->open(std::move(connection));
}

void recruiter::trouble(const error& why) {
  std::lock_guard lock{mutex_};
  trouble_ = why.text();
  untrusted_ = why.code() == errc::untrusted;
  changed_.notify_all();
}

void recruiter::heard(const node_changes& changes) {
  for (const auto& each : changes)
    if (each.what == node_change::event::joined)
      hire(each.node);
    else if (each.what == node_change::event::lost)
      let_go(each.node.is, each.reason);
    else if (each.what == node_change::event::draining)
      retire(each.node.is);
  {
    std::lock_guard lock{mutex_};
    following_ = true;
    last_move_ = here_->loop.now();
  }
  count();
}

// -- nodes ----------------------------------------------------------------------------------------------------------

void recruiter::hire(const member& node) {
  const auto made = std::make_shared<hired_node>(here_, node, files_, weak_from_this());
  places_.insert_or_assign(node.is, place{made, here_->loop.now()});
  made->begin(time_to_answer);
}

void recruiter::gone(hired_node& from, const std::string& reason) {
  const auto is = from.node().is;
  view_.lose(is, reason);
  let_go(is, reason);
  count();
}

/// What the driver had there ends with the link, on the node's side, too. The node itself may be well.
void recruiter::cut(hired_node& from, const std::string& reason) {
  const auto is = from.node().is;
  auto& at = places_.at(is);
  if (at.drains) {
    let_go(is, reason);
    return count();
  }
  const auto now = here_->loop.now();
  if (now - at.since > long_life)
    at.redial.reset();
  at.prepared = false;
  at.awaited = at.awaited && from.reached();
  note_failure(at, reason);
  forget_all(is, "the connection to the node is cut: " + reason);
  no_longer_awaited(is, nullptr, {}); // it has all files before it works again
  here_->loop.call_at(now + at.redial.next(random_()), [self = weak_from_this(), is] {
    if (const auto here = self.lock())
      here->dial_again(is);
  });
  count();
}

void recruiter::dial_again(generation is) {
  const auto at = places_.find(is);
  if (at == places_.end())
    return;
  at->second.since = here_->loop.now();
  at->second.node = std::make_shared<hired_node>(here_, at->second.node->node(), files_, weak_from_this());
  at->second.node->begin(at->second.awaited ? first_redial : time_to_answer);
}

/// A node that has failed too often is not waited for, until it works.
void recruiter::note_failure(place& at, const std::string& reason) {
  at.awaited = at.awaited && ++at.failures < most_failures;
  note_refusal(*at.node, reason);
}

void recruiter::note_refusal(const hired_node& of, const std::string& reason) {
  std::lock_guard lock{mutex_};
  refusals_.insert_or_assign(of.node().is, described(of.node().facts) + ": " + reason);
}

/// The node and all that was on it is lost.
void recruiter::let_go(generation is, const std::string& reason) {
  auto there = places_.extract(is);
  if (there.empty())
    return;
  const auto node = there.mapped().node;
  node->dismiss();
  note_refusal(*node, reason);
  forget_all(is, "the node is lost: " + reason);
  no_longer_awaited(is, nullptr, {});
}

void recruiter::draining(hired_node& there) {
  const auto is = there.node().is;
  view_.drain(is);
  retire(is);
  count();
}

/// The node gets no more work: what runs there ends, and then the driver leaves it.
void recruiter::retire(generation is) {
  const auto at = places_.find(is);
  if (at == places_.end() || std::exchange(at->second.drains, true))
    return;
  if (!std::exchange(at->second.works, false))
    return let_go(is, "it is being drained");
  for (const auto& [number, worker] : workers_)
    if (worker.on == is)
      roster_->retire(number, [self = weak_from_this(), is] {
        if (const auto here = self.lock())
          here->leave(is);
      });
}

/// In good order, when no job uses the node any more.
void recruiter::leave(generation is) {
  const auto there = places_.extract(is);
  if (there.empty())
    return;
  const auto node = there.mapped().node;
  note_refusal(*node, "it is being drained");
  forget_all(is, "its node is being drained");
  no_longer_awaited(is, nullptr, {});
  node->leave(std::make_shared<int>());
}

void recruiter::moved() {
  std::lock_guard lock{mutex_};
  last_move_ = std::chrono::steady_clock::now();
}

void recruiter::has_executable(hired_node& there) {
  const auto at = places_.find(there.node().is);
  if (at == places_.end())
    return; // all of them are left just now
  at->second.prepared = true;
  if (at->second.awaited)
    moved();
  want_worker(at->first);
}

// -- workers --------------------------------------------------------------------------------------------------------

void recruiter::want_worker(generation is) {
  const auto has_one = [is](const auto& each) { return each.second.on == is; };
  if (const auto at = places_.find(is); at == places_.end() || !at->second.prepared || at->second.drains
                                        || std::ranges::find(to_start_, is) != to_start_.end()
                                        || std::ranges::any_of(workers_, has_one))
    return;
  to_start_.push_back(is);
  start_next();
}

void recruiter::start_next() {
  if (starting_ || to_start_.empty())
    return;
  const auto on = to_start_.front();
  to_start_.pop_front();
  const auto node = places_.at(on).node;
  start_worker order{next_number_++, new_worker_token(), internal::build_id(), own_arguments(), {}};
  for (const auto& [number, worker] : workers_)
    if (worker.callable)
      order.peers.push_back(worker.call);
  const auto connection = std::make_shared<cluster_worker>(order.number, roster_, weak_from_this());
  const auto now = std::chrono::steady_clock::now();
  const auto deadline = here_->loop.call_at(now + time_to_get_ready, [self = weak_from_this(), node] {
    if (const auto here = self.lock())
      here->gone(*node, "its worker was not ready in time");
  });
  const auto& facts = node->node().facts;
  workers_.emplace(
    order.number,
    hired{on, described(facts), {order.number, facts.where, order.token}, false, connection, now, deadline});
  roster_->add(connection);
  starting_ = order.number;
  node->send(order);
}

/// A node speaks for its own workers, also for those that the driver has forgotten.
void recruiter::require_own(const hired_node& there, int number) const {
  const auto found = workers_.find(number);
  if (number < 0 || number >= next_number_ || (found != workers_.end() && found->second.on != there.node().is))
    throw error{errc::corrupt_data, "it speaks for worker " + std::to_string(number) + ", which is not its own"};
}

void recruiter::started(hired_node& there, int number) {
  require_own(there, number);
  const auto found = workers_.find(number);
  if (found == workers_.end() || starting_ != number)
    return;
  found->second.callable = true;
  starting_.reset();
  if (places_.at(found->second.on).awaited)
    moved();
  call(number);
  start_next();
}

void recruiter::printed(hired_node& there, const worker_printed& said) {
  require_own(there, said.number);
  output_->print("worker " + std::to_string(said.number) + " on node " + there.node().facts.name, said.missed,
                 said.lines);
}

/// Opens the link to a worker, by way of its node's port.
void recruiter::call(int number) {
  const auto& to = workers_.at(number).call;
  const auto opened = [self = shared_from_this(), number](dialled result) {
    const auto found = self->workers_.find(number);
    if (found == self->workers_.end())
      return;
    try {
      if (result.failure)
        std::rethrow_exception(result.failure);
      auto& connection = *found->second.connection;
      connection.use(
        link::open(self->here_->loop, std::move(result.connection), found->second.connection, self->here_->links));
    } catch (const error& e) {
      self->end(number, e.text());
    }
  };
  dial(here_->loop, here_->tls, to.where, {role::node}, opened, time_to_answer,
       to_server_name({to.token, from_driver}));
}

/// It takes part in jobs from here on.
void recruiter::ready(int number) {
  const auto found = workers_.find(number);
  if (found == workers_.end())
    return; // all of them are ended just now
  here_->loop.cancel(std::exchange(found->second.deadline, 0));
  if (const auto at = places_.find(found->second.on); at != places_.end()) {
    at->second.works = true;
    at->second.awaited = true;
    at->second.failures = 0;
    std::lock_guard lock{mutex_};
    refusals_.erase(at->first);
    last_move_ = here_->loop.now();
  }
  count();
}

/// Has its node end a worker, which says how it ended; before that stands the reason, if there is one.
void recruiter::end(int number, const std::string& reason) {
  const auto found = workers_.find(number);
  if (found == workers_.end())
    return;
  if (found->second.reason.empty())
    found->second.reason = reason;
  places_.at(found->second.on).node->send(stop_worker{number});
}

void recruiter::ended(hired_node& there, int number, const std::string& reason) {
  require_own(there, number);
  const auto gone = forget(number, reason);
  if (!gone)
    return;
  if (const auto at = places_.find(gone->on); at != places_.end() && at->second.drains) {
    leave(gone->on);
  } else if (at != places_.end()) {
    if (gone->deadline != 0)
      note_failure(at->second, reason);
    replace(gone->on, gone->since);
  }
  start_next();
  count();
}

/// The worker is no more.
std::optional<recruiter::hired> recruiter::forget(int number, const std::string& reason) {
  auto gone = workers_.extract(number);
  if (gone.empty())
    return {};
  const auto& worker = gone.mapped();
  here_->loop.cancel(worker.deadline);
  if (starting_ == number)
    starting_.reset();
  if (const auto at = places_.find(worker.on); at != places_.end())
    at->second.works = false;
  roster_->lose(number, worker.described + ": " + (worker.reason.empty() ? reason : worker.reason + "; " + reason));
  return std::move(gone.mapped());
}

void recruiter::forget_all(generation is, const std::string& reason) {
  std::erase(to_start_, is);
  for (auto at = workers_.begin(); at != workers_.end();) {
    const auto [number, on] = std::pair{at->first, at->second.on};
    ++at;
    if (on == is)
      forget(number, reason);
  }
  start_next();
}

/// Another worker takes the place of one that has ended.
void recruiter::replace(generation is, io_loop::time since) {
  const auto at = places_.find(is);
  if (at == places_.end())
    return;
  const auto now = std::chrono::steady_clock::now();
  if (now - since > long_life)
    at->second.pause.reset();
  here_->loop.call_at(now + at->second.pause.next(random_()), [self = weak_from_this(), is] {
    if (const auto here = self.lock())
      here->want_worker(is);
  });
}

} // namespace crema::net
