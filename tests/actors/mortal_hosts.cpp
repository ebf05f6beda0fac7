#include "tests/actors/mortal_hosts.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace crema::testing {

namespace {

/// What the host and the actor that stands for a share know of it.
struct share_there {
  bool lost = false;
  actor_ref stage;
  std::shared_ptr<std::vector<actors::partition_actor>> partitions;
};

/// Stands for a share elsewhere: to the driver its stage actor, to the share its supervisor.
using distant_share_actor = actors::share_actor::extend_with<actors::supervisor_actor>;

class distant_share_state {
public:
  static inline const char* name = "distant_share";

  explicit distant_share_state(distant_share_actor::pointer self) : self_{self} {}

  void begin(actors::driver_actor driver, actors::stage_assignment work, std::shared_ptr<share_there> there) {
    driver_ = std::move(driver);
    there_ = std::move(there);
    stage_id_ = work.stage->id;
    share_ = work.share;
    if (there_->lost)
      return tell_loss();
    work.supervisor = actors::supervisor_actor{self_};
    there_->partitions = work.partitions;
    stage_ = self_->spawn<caf::monitored>(actors::stage, std::move(work));
    there_->stage = stage_;
    live_.insert(stage_.id());
  }

  void down(const caf::down_msg& down) {
    live_.erase(down.source.id());
    if (!down.reason || down.source != stage_.address())
      return;
    for (const auto& partition : *there_->partitions)
      if (partition) {
        live_.insert(partition.id());
        self_->monitor(partition);
      }
    if (there_->lost)
      tell_loss();
  }

  void stop() { self_->send_exit(stage_, caf::exit_reason::user_shutdown); }
  bool over() const noexcept { return live_.empty(); }

  template <class Message>
  void pass_down(Message&& message) {
    self_->send(stage_, std::forward<Message>(message));
  }
  template <class Message>
  void pass_up(Message&& message) {
    self_->send(driver_, std::forward<Message>(message));
  }

private:
  void tell_loss() {
    self_->send(driver_, actors::share_lost{stage_id_, share_, share_, "a host of the simulation was lost"});
  }

  distant_share_actor::pointer self_;
  actors::driver_actor driver_;
  std::shared_ptr<share_there> there_;
  actors::stage_actor stage_;
  std::set<caf::actor_id> live_;
  int stage_id_ = 0;
  int share_ = 0;
};

distant_share_actor::behavior_type distant_share(distant_share_actor::stateful_pointer<distant_share_state> self,
                                                 const actors::driver_actor& driver, actors::stage_assignment work,
                                                 std::shared_ptr<share_there> there) {
  const auto quit_if_over = [self] {
    if (self->state.over())
      self->quit();
  };
  self->set_down_handler([=](caf::down_msg& down) {
    self->state.down(down);
    quit_if_over();
  });
  self->set_exit_handler([=](caf::exit_msg&) { self->state.stop(); });
  self->state.begin(driver, std::move(work), std::move(there));
  quit_if_over();
  return {
    [=](actors::producers_done progress) { self->state.pass_down(progress); },
    [=](actors::barrier_agreed& agreed) { self->state.pass_down(std::move(agreed)); },
    [=](actors::stage_opened& opened) { self->state.pass_up(std::move(opened)); },
    [=](actors::result_block& result) { self->state.pass_up(std::move(result)); },
    [=](actors::task_done& done) { self->state.pass_up(std::move(done)); },
    [=](actors::task_failed& failed) { self->state.pass_up(std::move(failed)); },
    [=](actors::share_advanced progress) { self->state.pass_up(progress); },
    [=](actors::stage_at_barrier& reached) { self->state.pass_up(std::move(reached)); },
  };
}

} // namespace

class mortal_hosts::host final : public actors::stage_host {
public:
  host(std::uint64_t number, int slots) : number_{number}, slots_{slots} {}

  actors::slot_counts slots() const noexcept override { return {.cpu = slots_}; }
  std::optional<std::uint64_t> worker() const noexcept override { return number_; }

  actors::share_actor spawn(actors::driver_actor::pointer driver, actors::stage_assignment work) override {
    auto there = std::make_shared<share_there>();
    there->lost = lost_;
    shares_.push_back(there);
    return driver->spawn<caf::monitored>(distant_share, actors::driver_actor{driver}, std::move(work),
                                         std::move(there));
  }

  void end(const internal::plan_run&) override { shares_.clear(); }

  void kill(simulation& sim) {
    lost_ = true;
    for (const auto& share : shares_) {
      share->lost = true;
      if (!share->stage)
        continue;
      for (const auto& partition : *share->partitions)
        if (partition && sim.is_alive(partition))
          sim.kill(partition);
      if (sim.is_alive(share->stage))
        sim.kill(share->stage);
    }
  }

private:
  std::uint64_t number_;
  int slots_;
  bool lost_ = false;
  std::vector<std::shared_ptr<share_there>> shares_;
};

mortal_hosts::mortal_hosts(simulation& sim, std::size_t count, int slots) : sim_{sim}, slots_{slots} {
  while (hosts_.size() != count)
    add();
}

mortal_hosts::~mortal_hosts() = default;

actors::stage_hosts mortal_hosts::hosts(const std::vector<std::uint64_t>&) {
  return {hosts_.begin(), hosts_.end()};
}

void mortal_hosts::kill(std::size_t nth) {
  if (hosts_.empty())
    return;
  const auto at = hosts_.begin() + static_cast<std::ptrdiff_t>(nth % hosts_.size());
  const auto dying = *at;
  hosts_.erase(at);
  ++losses_;
  dying->kill(sim_);
}

void mortal_hosts::add() {
  hosts_.push_back(std::make_shared<host>(++last_number_, slots_));
}

} // namespace crema::testing
