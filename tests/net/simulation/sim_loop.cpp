#include "tests/net/simulation/sim_loop.hpp"

#include "tests/harness/world.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/send.hpp>

#include <sys/epoll.h>

namespace crema::testing {

using namespace std::chrono_literals;

/// The loop's next call: `why` is "run" or "ready".
struct loop_turn {
  std::string why;
};

/// It is time for calls.
struct loop_alarm {};

template <class Inspector>
auto inspect(Inspector& f, loop_turn& x) {
  return f(caf::meta::type_name("loop_turn"), x.why);
}
template <class Inspector>
auto inspect(Inspector& f, loop_alarm&) {
  return f(caf::meta::type_name("loop_alarm"));
}

namespace {

constexpr int million = 1'000'000;

std::chrono::nanoseconds scaled(std::chrono::nanoseconds time, std::int64_t by, std::int64_t over) {
  __extension__ using wide = __int128;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(wide{time.count()} * by / over)};
}

} // namespace

sim_loop::sim_loop(simulation& sim, std::uint32_t machine, const std::string& name)
    : sim_{sim}, machine_{machine}, began_at_{1h + machine * 1000s}, began_{sim.now()} {
  actor_ = sim.named(name, sim.spawn(
                             [](caf::event_based_actor*, sim_loop* me) -> caf::behavior {
                               return {
                                 [me](const loop_turn&) { me->take_turn(); },
                                 [me](loop_alarm) { me->call_due(); },
                               };
                             },
                             this));
  sim.put_on_machine(actor_, machine);
}

sim_loop::~sim_loop() {
  close();
}

void sim_loop::close() {
  if (std::exchange(closed_, true))
    return;
  // What is destroyed here may still cancel, detach, and run what comes to nothing.
  const auto queued = std::exchange(queue_, {});
  const auto watched = std::exchange(watchers_, {});
  const auto waiting = std::exchange(calls_, {});
  call_times_.clear();
  caf::anon_send_exit(actor_, caf::exit_reason::kill);
  actor_ = nullptr;
}

// -- time -------------------------------------------------------------------------------------------------------------

sim_loop::time sim_loop::now() const noexcept {
  const auto passed = sim_.now() - began_;
  return began_at_ + passed + scaled(passed, gain_ppm_, million);
}

/// When this clock says `when`, or a moment after that, in the simulation's time.
std::chrono::nanoseconds sim_loop::reaches(time when) const {
  if (when <= now())
    return sim_.now();
  const auto passed = scaled(when - began_at_, million, million + gain_ppm_);
  return began_ + passed + (gain_ppm_ == 0 ? 0ns : 1ns); // behind it, where it was rounded
}

void sim_loop::jump(std::chrono::nanoseconds by) {
  began_at_ += by;
  alarm_ = std::chrono::nanoseconds::max();
  set_alarm();
}

void sim_loop::drift(int ppm) {
  began_at_ = now();
  began_ = sim_.now();
  gain_ppm_ = ppm;
}

// -- calls ------------------------------------------------------------------------------------------------------------

void sim_loop::queue(const char* what, task work) {
  if (closed_)
    return;
  queue_.push_back(std::move(work));
  caf::anon_send(actor_, loop_turn{what});
}

void sim_loop::take_turn() {
  if (queue_.empty())
    return;
  const auto work = std::move(queue_.front());
  queue_.pop_front();
  work();
}

void sim_loop::run(task work) {
  queue("run", std::move(work));
}

sim_loop::id sim_loop::call_at(time when, task work) {
  const auto made = ++last_id_;
  if (closed_)
    return made;
  calls_.emplace(std::pair{when, made}, std::move(work));
  call_times_.emplace(made, when);
  set_alarm();
  return made;
}

void sim_loop::cancel(id call) {
  const auto found = call_times_.find(call);
  if (found == call_times_.end())
    return;
  calls_.erase({found->second, call});
  call_times_.erase(found);
}

/// One for the earliest call, unless there is one in time. An alarm that is not needed any more does no harm.
void sim_loop::set_alarm() {
  if (closed_ || calls_.empty())
    return;
  const auto due = reaches(calls_.begin()->first.first);
  if (due >= alarm_)
    return;
  alarm_ = due;
  auto& clock = detail::inside(sim_).turns->clock();
  clock.schedule_message(clock.time() + (due - sim_.now()), caf::actor_cast<caf::strong_actor_ptr>(actor_),
                         caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, loop_alarm{}));
}

void sim_loop::call_due() {
  alarm_ = std::chrono::nanoseconds::max();
  while (!closed_ && !calls_.empty() && calls_.begin()->first.first <= now()) {
    auto due = calls_.extract(calls_.begin());
    call_times_.erase(due.key().second);
    due.mapped()();
  }
  set_alarm();
}

// -- descriptors ------------------------------------------------------------------------------------------------------

int sim_loop::attach(const sim_source& source) {
  sources_.emplace(++last_fd_, &source);
  return last_fd_;
}

void sim_loop::detach(int fd) {
  sources_.erase(fd);
}

sim_loop::id sim_loop::watch(int fd, std::uint32_t events, on_ready ready) {
  const auto made = ++last_id_;
  if (closed_)
    return made;
  watchers_.emplace(made, watcher{fd, events, std::make_shared<on_ready>(std::move(ready))});
  check(fd);
  return made;
}

void sim_loop::rewatch(id watched, std::uint32_t events) {
  const auto found = watchers_.find(watched);
  if (found == watchers_.end())
    return;
  found->second.events = events;
  check(found->second.fd);
}

void sim_loop::unwatch(id watched) {
  watchers_.erase(watched);
}

void sim_loop::check(int fd) {
  const auto source = sources_.find(fd);
  if (source == sources_.end())
    return;
  for (auto& [number, each] : watchers_) {
    if (each.fd != fd || each.queued || (source->second->ready() & (each.events | EPOLLERR | EPOLLHUP)) == 0)
      continue;
    each.queued = true;
    queue("ready", [this, watched = number] { call_ready(watched); });
  }
}

void sim_loop::call_ready(id watched) {
  const auto found = watchers_.find(watched);
  if (found == watchers_.end())
    return;
  auto& each = found->second;
  each.queued = false;
  const int fd = each.fd;
  const auto source = sources_.find(fd);
  const auto there = source == sources_.end() ? 0 : source->second->ready() & (each.events | EPOLLERR | EPOLLHUP);
  if (there == 0)
    return;
  const auto call = each.ready; // which may end its own watch
  (*call)(there);
  check(fd);
}

} // namespace crema::testing
