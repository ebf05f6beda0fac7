#include "net/jobs/worker_processes.hpp"

#include "net/jobs/worker.hpp"
#include "net/launcher/worker_process.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace crema::net {

int run_worker(descriptor parent) {
  auto [options, peers] = receive_setup(parent);
  io_loop loop;
  worker me{std::move(options), loop};
  for (auto& [number, connection] : peers)
    me.meet(number, make_socket_stream(std::move(connection)));
  me.obey(make_socket_stream(std::move(parent)));
  me.wait();
  return 0;
}

namespace {

/// The connection to a worker process: it is lost when it is known how the process ended.
class process_connection final : public worker_connection {
public:
  using worker_connection::worker_connection;

  void use(std::shared_ptr<worker_process> process) { process_ = std::move(process); }
  void ended(const link_end&) override { process_->kill(); }

private:
  std::shared_ptr<worker_process> process_;
};

class worker_processes final : public worker_set {
public:
  worker_processes(int count, worker_options each) : slots_{count * each.slots} {
    for (each.number = 0; each.number != count; ++each.number) {
      auto connection = std::make_shared<process_connection>(each.number);
      auto process = worker_process::start(loop_, {}, [this, connection](const worker_exit& end) {
        connection->lose(to_string(end));
        std::lock_guard lock{mutex_};
        --running_;
        changed_.notify_all();
      });
      {
        std::lock_guard lock{mutex_};
        ++running_;
      }
      connection->use(process);
      sockets_.push_back(process->take_socket());
      send_setup(sockets_.back(), each, count - 1);
      connections_.push_back(std::move(connection));
    }
    for (int i = 0; i != count; ++i)
      for (int j = 0; j != i; ++j)
        join(i, j);
    for (std::size_t i = 0; i != connections_.size(); ++i) {
      auto connected = link::open(loop_, make_socket_stream(std::move(sockets_[i])), connections_[i]);
      static_cast<worker_connection&>(*connections_[i]).use(std::move(connected));
    }
    sockets_.clear();
  }

  ~worker_processes() override {
    for (const auto& each : connections_)
      each->reset("the context was closed");
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, patience, [this] { return running_ == 0; }); // the loop kills those that are left
  }

  std::vector<std::shared_ptr<worker_connection>> workers() override {
    std::vector<std::shared_ptr<worker_connection>> there;
    for (const auto& each : connections_)
      if (!each->lost())
        there.push_back(each);
    return there;
  }
  int slots() const noexcept override { return slots_; }

private:
  static constexpr std::chrono::seconds patience{5};

  void join(int i, int j) {
    const auto [one, other] = connected_sockets();
    send_peer(sockets_[static_cast<std::size_t>(i)], j, one);
    send_peer(sockets_[static_cast<std::size_t>(j)], i, other);
  }

  int slots_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  std::vector<std::shared_ptr<process_connection>> connections_;
  std::vector<descriptor> sockets_; ///< to workers that wait for their setup
  io_loop loop_;                    ///< the first to go
};

} // namespace

std::unique_ptr<worker_set> start_workers(int count, worker_options each) {
  return std::make_unique<worker_processes>(count, std::move(each));
}

} // namespace crema::net
