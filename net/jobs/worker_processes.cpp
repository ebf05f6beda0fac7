#include "net/jobs/worker_processes.hpp"

#include "dataflow/block/spill_directory.hpp"
#include "dataflow/error.hpp"
#include "net/growing_pause.hpp"
#include "net/io_loop.hpp"
#include "net/jobs/worker_roster.hpp"
#include "net/launcher/worker_process.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>

namespace crema::net {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 100ms;
constexpr auto longest_pause = 5s;
constexpr auto ready_patience = 60s;
constexpr auto time_to_exit = 1s;
constexpr auto time_to_end = 5s;

/// One after the other, while no worker gets ready.
constexpr std::size_t most_failed_starts(std::size_t workers) {
  return std::max<std::size_t>(5, 2 * workers);
}

/// The connection to a worker process: it is lost when it is known how the process ended. On the loop's thread.
class process_connection final : public listed_worker {
public:
  process_connection(int number, const std::shared_ptr<worker_roster>& roster, io_loop& loop)
      : listed_worker{number, roster}, loop_{loop} {}

  void use(std::shared_ptr<worker_process> process, std::shared_ptr<link> connected) {
    process_ = std::move(process);
    worker_connection::use(std::move(connected));
  }

  /// A process that ends closes its connection first, and shall say how.
  void ended(const link_end& how) override {
    if (how.why == link_end::cause::lost)
      loop_.call_at(loop_.now() + time_to_exit, [weak = std::weak_ptr{process_}] {
        if (const auto process = weak.lock())
          process->kill();
      });
    else
      end(how.reason);
  }

  /// Ends the process for this reason.
  void end(const std::string& why) {
    if (reason_.empty())
      reason_ = "worker " + std::to_string(number()) + " was ended: " + why;
    process_->kill();
  }

  std::string text_of(const worker_exit& how) const { return reason_.empty() ? to_string(how) : reason_; }

private:
  io_loop& loop_;
  std::shared_ptr<worker_process> process_;
  std::string reason_;
};

/// All but its public functions is the loop's thread's.
class worker_processes final : public worker_set {
public:
  worker_processes(int count, worker_options each)
      : count_{static_cast<std::size_t>(count)},
        each_{std::move(each)},
        roster_{std::make_shared<worker_roster>(loop_, count_, [this](int number) { ready(number); })} {
    on_loop([this] { start_missing(); });
  }

  ~worker_processes() override {
    on_loop([this] {
      stopped_ = true;
      loop_.cancel(restart_);
      for (const auto& [number, each] : running_)
        each.connection->reset("the context was closed");
    });
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, time_to_end, [this] { return running_.empty(); }); // the loop kills those that are left
    internal::spill_directory::sweep(each_.spill_directory);                   // of theirs: they are killed
  }

  std::vector<std::shared_ptr<worker_connection>> workers() override { return roster_->members(); }
  bool await(std::chrono::milliseconds patience) override { return roster_->await(patience); }
  int slots() const noexcept override { return static_cast<int>(count_) * each_.slots; }

private:
  struct running {
    std::shared_ptr<process_connection> connection;
    descriptor control;
    io_loop::time since;
    io_loop::id deadline = 0; ///< to get ready; 0 when it is
  };

  void on_loop(const std::function<void()>& work);
  void start_missing();
  void start_one();
  void set_up(int number, running& made, const descriptor& to_driver);
  void join(int number, running& made);
  void ready(int number);
  void ended(int number, const worker_exit& how);
  void restart_later(const std::string& why);

  const std::size_t count_;
  const worker_options each_;
  int next_number_ = 0;
  std::size_t failed_starts_ = 0;
  growing_pause pause_{first_pause, longest_pause};
  std::minstd_rand random_{std::random_device{}()};
  io_loop::id restart_ = 0;
  bool stopped_ = false; ///< no more are started
  std::mutex mutex_;     ///< of what the destructor waits for
  std::condition_variable changed_;
  std::map<int, running> running_;
  const std::shared_ptr<worker_roster> roster_;
  io_loop loop_; ///< the first to go
};

/// Does it on the loop's thread, and waits for it.
void worker_processes::on_loop(const std::function<void()>& work) {
  std::promise<void> done;
  loop_.run([&] {
    try {
      work();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

void worker_processes::start_missing() {
  while (running_.size() != count_)
    start_one();
}

void worker_processes::start_one() {
  auto [here, there] = connected_sockets();
  const int number = next_number_++;
  const auto connection = std::make_shared<process_connection>(number, roster_, loop_);
  const auto process = worker_process::start(loop_, {}, [this, number](const worker_exit& how) { ended(number, how); });
  connection->use(process, link::open(loop_, make_socket_stream(std::move(here)), connection));
  roster_->add(connection);
  std::unique_lock lock{mutex_};
  auto& made = running_.emplace(number, running{connection, process->take_socket(), loop_.now()}).first->second;
  lock.unlock();
  made.deadline = loop_.call_at(loop_.now() + ready_patience, [connection] {
    connection->end("it was not ready in " + std::to_string(ready_patience.count()) + " s");
  });
  set_up(number, made, there);
}

/// Tells a new worker all that it has to know.
void worker_processes::set_up(int number, running& made, const descriptor& to_driver) {
  auto options = each_;
  options.number = number;
  try {
    send_setup(made.control, {options});
    send_connection(made.control, from_driver, false, to_driver);
    join(number, made);
  } catch (const error& e) {
    made.connection->end("it could not be set up: " + e.text());
  }
}

/// Connects it with all others. One that takes nothing more can never know them all, so it has to go.
void worker_processes::join(int number, running& made) {
  for (auto& [other_number, other] : running_) {
    if (other_number == number)
      continue;
    const auto [one_end, other_end] = connected_sockets();
    send_connection(made.control, other_number, false, one_end);
    try {
      send_connection(other.control, number, false, other_end);
    } catch (const error& e) {
      other.connection->end("it cannot be told of worker " + std::to_string(number) + ": " + e.text());
    }
  }
}

void worker_processes::ready(int number) {
  failed_starts_ = 0;
  loop_.cancel(std::exchange(running_.at(number).deadline, 0));
}

void worker_processes::ended(int number, const worker_exit& how) {
  const auto gone = running_.find(number);
  const auto& [connection, control, since, deadline] = gone->second;
  const auto why = connection->text_of(how);
  if (deadline != 0)
    ++failed_starts_;
  if (loop_.now() - since > longest_pause)
    pause_.reset();
  loop_.cancel(deadline);
  roster_->lose(number, why);
  {
    std::lock_guard lock{mutex_};
    running_.erase(gone);
    changed_.notify_all();
  }
  restart_later(why);
}

void worker_processes::restart_later(const std::string& why) {
  if (stopped_ || restart_ != 0)
    return;
  if (failed_starts_ >= most_failed_starts(count_)) {
    stopped_ = true;
    return roster_->give_up(std::to_string(failed_starts_)
                            + " workers ended before they were ready, the last one so: " + why);
  }
  restart_ = loop_.call_at(loop_.now() + pause_.next(static_cast<std::uint32_t>(random_())), [this] {
    restart_ = 0;
    try {
      start_missing();
    } catch (const error& e) {
      ++failed_starts_;
      restart_later(e.text());
    }
  });
}

} // namespace

std::unique_ptr<worker_set> start_workers(int count, worker_options each) {
  return std::make_unique<worker_processes>(count, std::move(each));
}

} // namespace crema::net
