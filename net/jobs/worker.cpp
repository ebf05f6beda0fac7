#include "net/jobs/worker.hpp"

#include "dataflow/added_files.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/variable.hpp"
#include "net/jobs/peer_message.hpp"
#include "net/message_codec.hpp"

#include <caf/send.hpp>

#include <vector>

namespace crema::net {

class worker::from_driver_observer final : public link_observer {
public:
  explicit from_driver_observer(worker& me) : me_{me} {}
  void received(message bytes) override { me_.deliver(from_driver, std::move(bytes)); }
  void ended(const link_end&) override { me_.lose_driver(); }

private:
  worker& me_;
};

class worker::from_peer_observer final : public link_observer {
public:
  from_peer_observer(worker& me, int number) : me_{me}, number_{number} {}
  void received(message bytes) override {
    bytes.kind() == greet::kind ? me_.greeted_by(number_) : me_.deliver(number_, std::move(bytes));
  }
  void ended(const link_end& how) override { me_.lose_peer(number_, how.reason); }

private:
  worker& me_;
  int number_;
};

worker::worker(worker_options options, event_loop& loop, caf::actor_system* system)
    : options_{std::move(options)},
      loop_{loop},
      resources_{std::make_shared<internal::worker_resources>(options_.memory_limit, options_.spill_directory, 0,
                                                              options_.slots)},
      system_{system} {}

worker::worker(worker_options options, event_loop& loop) : worker{std::move(options), loop, nullptr} {
  actors::caller_of_actors guard;
  threads_.emplace(options_.slots);
  system_ = &threads_->system();
}

worker::worker(worker_options options, event_loop& loop, caf::actor_system& system)
    : worker{std::move(options), loop, &system} {}

worker::~worker() {
  std::vector<std::shared_ptr<link>> open;
  {
    std::lock_guard lock{mutex_};
    if (driver_)
      open.push_back(driver_);
    for (const auto& [number, to_peer] : peers_)
      open.push_back(to_peer);
  }
  for (const auto& one : open)
    one->reset("the worker ends");
  if (!threads_)
    return;
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return open_links_ == 0 && jobs_.empty(); });
  internal::forget_files(*resources_);
}

void worker::meet(int number, std::unique_ptr<stream> to_worker) {
  std::lock_guard lock{mutex_};
  auto& place = peers_[number];
  if (place)
    return;
  ++open_links_;
  place = link::open(loop_, std::move(to_worker), std::make_shared<from_peer_observer>(*this, number));
  place->send(to_frame(greet{}));
}

void worker::greeted_by(int number) {
  std::lock_guard lock{mutex_};
  met_.insert(number);
  missed_.erase(number);
  tell_driver(peer_met{number});
}

void worker::miss(int number, const std::string& why) {
  std::lock_guard lock{mutex_};
  missed_.insert_or_assign(number, why);
  tell_driver(peer_missed{number, why});
}

void worker::obey(std::unique_ptr<stream> to_driver) {
  std::lock_guard lock{mutex_};
  if (driver_ || driver_gone_)
    return;
  ++open_links_;
  driver_ = link::open(loop_, std::move(to_driver), std::make_shared<from_driver_observer>(*this));
  tell_driver(greet{});
  for (const int each : met_)
    tell_driver(peer_met{each});
  for (const auto& [number, why] : missed_)
    tell_driver(peer_missed{number, why});
}

template <class Message>
void worker::tell_driver(const Message& said) {
  if (driver_)
    driver_->send(to_frame(said));
}

bool worker::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return driver_gone_; });
  return changed_.wait_for(lock, patience, [&] { return jobs_.empty(); });
}

bool worker::over() const {
  std::lock_guard lock{mutex_};
  return driver_gone_ && jobs_.empty();
}

std::shared_ptr<link> worker::peer(int number) {
  std::lock_guard lock{mutex_};
  const auto at = peers_.find(number);
  return at == peers_.end() ? nullptr : at->second;
}

void worker::job_over(std::uint64_t job) {
  std::lock_guard lock{mutex_};
  jobs_.erase(job);
  changed_.notify_all();
}

void worker::deliver(int from, message bytes) {
  if (static_cast<job_kind>(bytes.kind()) == job_kind::forget_shared && from == from_driver) {
    const auto id = job_of(bytes);
    caches_->drop(id);
    internal::destroy_variable(id);
    return;
  }
  if (static_cast<job_kind>(bytes.kind()) == job_kind::define_variable && from == from_driver) {
    internal::byte_reader in{bytes.payload()};
    static_cast<void>(read_message<define_variable>(in));
    internal::decode_variable(in);
    return;
  }
  if (static_cast<job_kind>(bytes.kind()) == job_kind::define_file && from == from_driver) {
    internal::byte_reader in{bytes.payload()};
    static_cast<void>(read_message<define_file>(in));
    std::string name, path;
    take(name, in);
    take(path, in);
    internal::tell_file(*resources_, name, path.starts_with('/') ? path : options_.spill_directory + '/' + path);
    return;
  }
  const auto job = job_of(bytes);
  const bool begins = static_cast<job_kind>(bytes.kind()) == job_kind::begin_plan && from == from_driver;
  auto arrived = std::make_shared<message>(std::move(bytes));
  std::lock_guard lock{mutex_};
  auto at = jobs_.find(job);
  if (at == jobs_.end()) {
    if (!begins || driver_gone_)
      return; // of a job that is over
    actors::caller_of_actors guard;
    at = jobs_.emplace(job, system_->spawn(worker_job, job, this)).first;
  }
  caf::anon_send(at->second, job_message_arrived{from, std::move(arrived)});
}

void worker::lose_driver() {
  {
    std::lock_guard lock{mutex_};
    --open_links_;
  }
  leave();
}

void worker::leave() {
  std::lock_guard lock{mutex_};
  driver_gone_ = true;
  for (const auto& [job, actor] : jobs_)
    caf::anon_send(actor, driver_lost{});
  changed_.notify_all();
}

void worker::lose_peer(int number, const std::string& why) {
  std::lock_guard lock{mutex_};
  --open_links_;
  peers_.erase(number);
  met_.erase(number);
  for (const auto& [job, actor] : jobs_)
    caf::anon_send(actor, peer_lost{number});
  tell_driver(peer_missed{number, "worker " + std::to_string(options_.number) + " has lost its connection to worker "
                                    + std::to_string(number) + ": " + why});
  changed_.notify_all();
}

} // namespace crema::net
