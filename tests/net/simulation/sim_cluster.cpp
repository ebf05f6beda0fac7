#include "tests/net/simulation/sim_cluster.hpp"

#include "net/jobs/worker_engine.hpp"
#include "tests/harness/failure.hpp"
#include "tests/harness/testing_engine.hpp"
#include "tests/harness/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace crema::testing {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t weather_machine = 1'000'000; ///< which no fault touches
constexpr std::uint64_t most_steps = 200'000;

std::string seconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

} // namespace

/// The driver's link to a worker, which is lost when that ends.
class sim_cluster::connection final : public net::listed_worker {
public:
  connection(int number, sim_cluster& in) : listed_worker{number, in.roster_}, in_{in} {}

  void ended(const net::link_end& how) override {
    const auto me = in_.connections_.extract(number());
    const auto why = "worker " + std::to_string(number()) + ": " + how.reason;
    if (me && !in_.stopped_)
      in_.losses_.push_back(why);
    in_.roster_->lose(number(), why);
  }

private:
  sim_cluster& in_;
};

class sim_cluster::worker_set final : public net::worker_set {
public:
  explicit worker_set(sim_cluster& in) : in_{in} {}
  ~worker_set() override { in_.stop(); }

  std::vector<std::shared_ptr<net::worker_connection>> workers() override { return in_.roster_->members(); }
  bool await(std::chrono::milliseconds) override { return in_.roster_->await({}); } // the driver asks again
  int slots() const noexcept override { return in_.options_.workers * in_.options_.slots; }

private:
  sim_cluster& in_;
};

/// The engine of worker processes, where waiting means running the simulation.
class sim_cluster::simulated_engine final : public internal::engine {
public:
  explicit simulated_engine(sim_cluster& in)
      : in_{in}, real_{net::make_worker_engine(std::make_unique<worker_set>(in), in.sim_.system())} {}

  int threads() const noexcept override { return real_->threads(); }
  int hosts() const noexcept override { return real_->hosts(); }
  void start(std::shared_ptr<internal::job_run> job) override { real_->start(std::move(job)); }
  void forget(std::uint64_t id) noexcept override { real_->forget(id); }

  void cancel(const std::shared_ptr<internal::job_run>& job) override {
    real_->cancel(job);
    if (!detail::inside(in_.sim_).running()) // or else whoever waits for the job's end now would wait for ever
      run_out(*job);
  }

  void run_all(int n, const std::function<void(int)>& work) override {
    for (int i = 0; i != n; ++i)
      work(i);
  }

private:
  void run_out(internal::job_run& job) {
    try {
      if (job.ended() || in_.run_until([&] { return job.ended(); }, 2min))
        return;
      ADD_FAILURE() << "a job that was cancelled does not end:\n" << in_.who_waits();
    } catch (const ::testing::AssertionException&) {
      // The test has failed, and is being left.
    }
    detail::inside(in_.sim_).kill_machine(0);
    static_cast<void>(job.finish(error{errc::internal, "the simulation of this job came to a halt"}));
  }

  sim_cluster& in_;
  std::unique_ptr<internal::engine> real_;
};

// -- processes --------------------------------------------------------------------------------------------------------

sim_cluster::sim_cluster(simulation& sim, sim_cluster_options options)
    : sim_{sim},
      options_{options},
      weather_{sim, weather_machine, "weather"},
      network_{sim, weather_},
      driver_{sim, 0, "driver's loop"},
      roster_{std::make_shared<net::worker_roster>(driver_, static_cast<std::size_t>(options.workers))} {
  sim.explain_with(detail::explain_partition);
  for (int i = 1; i <= options.workers; ++i)
    machines_.push_back({.id = static_cast<std::uint32_t>(i)});
  for (auto& each : machines_)
    launch(each);
}

sim_cluster::~sim_cluster() {
  stopped_ = true;
  auto& world = detail::inside(sim_);
  for (auto& each : machines_)
    world.kill_machine(each.id);
  world.kill_machine(0);
  world.kill_machine(weather_machine);
  weather_.close();
  driver_.close();
  for (auto& each : machines_) {
    if (each.loop)
      each.loop->close();
    each.process.reset();
  }
  connections_.clear();
}

std::unique_ptr<internal::engine> sim_cluster::engine() {
  return std::make_unique<simulated_engine>(*this);
}

void sim_cluster::launch(worker_machine& on) {
  on.number = next_number_++;
  const auto name = "worker " + std::to_string(on.number);
  on.loop = std::make_shared<sim_loop>(sim_, on.id, name + "'s loop");
  on.process = std::make_unique<net::worker>(
    net::worker_options{.number = on.number, .slots = options_.slots, .memory_limit = options_.memory_limit}, *on.loop,
    sim_.system());
  auto [here, there] = network_.connect(driver_, *on.loop);
  on.process->obey(std::move(there));
  const auto made = std::make_shared<connection>(on.number, *this);
  made->use(net::link::open(driver_, std::move(here), made));
  roster_->add(made);
  connections_.emplace(on.number, made);
  for (auto& other : machines_) {
    if (&other == &on || !other.process)
      continue;
    auto [mine, theirs] = network_.connect(*on.loop, *other.loop);
    on.process->meet(other.number, std::move(mine));
    other.process->meet(on.number, std::move(theirs));
  }
}

void sim_cluster::launch_later(worker_machine& on, nanoseconds pause) {
  const auto started = ++on.started;
  weather_.call_at(weather_.now() + pause, [this, &on, started] {
    if (stopped_ || on.started != started)
      return;
    network_.reboot(on.id);
    launch(on);
  });
}

/// Its process is no more, with all that it has.
void sim_cluster::end(worker_machine& at) {
  detail::inside(sim_).kill_machine(at.id);
  at.loop->close();
  const auto resources = at.process->resources();
  at.process.reset();
  if (resources->memory.used() != 0)
    complaints_.push_back("worker " + std::to_string(at.number) + " keeps memory");
  old_loops_.push_back(std::move(at.loop));
}

void sim_cluster::end_those_that_are_over() {
  for (auto& each : machines_) {
    if (!each.process || !each.process->over())
      continue;
    end(each);
    if (!stopped_)
      launch_later(each, 200ms);
  }
}

/// The context is closed.
void sim_cluster::stop() {
  stopped_ = true;
  for (const auto& [number, each] : std::exchange(connections_, {})) {
    each->reset("the context was closed");
    roster_->lose(number, "the context was closed");
  }
}

std::string sim_cluster::wind_up() {
  const auto none_left = [this] {
    return std::ranges::none_of(machines_, [](const auto& each) { return !!each.process; });
  };
  std::string left;
  if (!run_until(none_left, 20s))
    left = "workers outlive their driver:\n" + who_waits();
  run_for(1s); // what the driver's own links still do
  driver_.close();
  weather_.close();
  detail::inside(sim_).kill_machine(0);
  detail::inside(sim_).kill_machine(weather_machine);
  if (network_.open() != 0)
    left += std::to_string(network_.open()) + " connections are open\n";
  if (!sim_.living().empty())
    left += sim_.who_waits();
  for (const auto& each : complaints_)
    left += each + '\n';
  return left;
}

// -- running ----------------------------------------------------------------------------------------------------------

bool sim_cluster::step() {
  for (auto next = sim_.next_timer(); next && *next <= sim_.now(); next = sim_.next_timer())
    sim_.fire_next_timer();
  const bool moved = sim_.run_one() || sim_.fire_next_timer();
  end_those_that_are_over();
  return moved;
}

bool sim_cluster::run_until(const std::function<bool()>& done, nanoseconds bound) {
  const auto begun = sim_.now();
  const auto first = sim_.steps();
  while (!done())
    if (sim_.now() > std::max(begun, heals_) + bound || sim_.steps() - first > most_steps || !step())
      return false;
  return true;
}

void sim_cluster::run_for(nanoseconds time) {
  const auto end = sim_.now() + time;
  for (auto next = sim_.next_timer(); !sim_.idle() || (next && *next <= end); next = sim_.next_timer())
    if (!step())
      return;
}

void sim_cluster::require_end(const std::function<bool()>& done, nanoseconds bound, source_location where) {
  if (!run_until(done, bound))
    detail::fail_test("the job does not end, " + seconds(sim_.now() - heals_) + " after the last fault:\n" + who_waits()
                        + "the last events:\n" + sim_.trace().to_text(),
                      where);
}

std::string sim_cluster::who_waits() const {
  auto text = sim_.who_waits() + network_.describe() + "  workers that jobs can use:";
  for (const auto& each : roster_->members())
    text += ' ' + std::to_string(each->number());
  text += '\n';
  for (const auto& each : losses_)
    text += "  lost: " + each + '\n';
  return text;
}

// -- faults -----------------------------------------------------------------------------------------------------------

sim_loop& sim_cluster::loop_of(std::uint32_t machine) {
  if (machine == 0 || machine > machines_.size())
    return driver_;
  auto& loop = machines_[machine - 1].loop;
  return loop ? *loop : weather_;
}

void sim_cluster::later(nanoseconds time, std::function<void()> work) {
  heals_ = std::max(heals_, sim_.now() + time);
  weather_.call_at(weather_.now() + time, std::move(work));
}

void sim_cluster::crash(worker_machine& at, bool system_lives, nanoseconds back) {
  heals_ = std::max(heals_, sim_.now() + back);
  if (!at.process)
    return;
  network_.crash(at.id, system_lives);
  end(at);
  launch_later(at, back);
}

void sim_cluster::kill(std::uint32_t machine, nanoseconds back) {
  crash(machines_.at(machine - 1), true, back);
}

void sim_cluster::cut_power(std::uint32_t machine, nanoseconds back) {
  crash(machines_.at(machine - 1), false, back);
}

void sim_cluster::pause(std::uint32_t machine, nanoseconds time) {
  sim_.pause_machine(machine);
  later(time, [this, machine] { sim_.resume_machine(machine); });
}

void sim_cluster::part(std::uint32_t from, std::uint32_t to, nanoseconds time) {
  network_.block(from, to);
  later(time, [this, from, to] { network_.unblock(from, to); });
}

void sim_cluster::slow_down(travel_time takes) {
  for (std::uint32_t from = 0; from <= workers(); ++from)
    for (std::uint32_t to = 0; to <= workers(); ++to)
      network_.slow_down(from, to, takes);
}

std::size_t sim_cluster::replay_old(std::uint32_t from, std::uint32_t to) {
  using net::job_kind;
  const auto job_in = [](std::span<const std::byte> payload) { return internal::byte_reader{payload}.varint(); };
  std::uint64_t newest = 0;
  for (std::uint32_t each = 1; each <= workers(); ++each)
    network_.replay(0, each, [&](std::uint16_t kind, std::span<const std::byte> payload) {
      if (kind == static_cast<std::uint16_t>(job_kind::begin_plan))
        newest = std::max(newest, job_in(payload));
      return false;
    });
  const auto skipped = sim_.draws().below(20);
  const auto most = 1 + sim_.draws().below(20);
  std::uint64_t seen = 0;
  const auto count = network_.replay(from, to, [&](std::uint16_t kind, std::span<const std::byte> payload) {
    return kind >= static_cast<std::uint16_t>(job_kind::share_opened)
           && kind <= static_cast<std::uint16_t>(job_kind::fetch_block) && job_in(payload) < newest && ++seen > skipped
           && seen <= skipped + most;
  });
  replayed_ += count;
  return count;
}

} // namespace crema::testing
