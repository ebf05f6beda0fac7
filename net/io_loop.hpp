#pragma once

#include "net/descriptor.hpp"
#include "net/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace crema::net {

/// The thread that does the input and output of a process: it waits for descriptors and for times, and calls.
///
///     io_loop loop;
///     loop.run([&] { id = loop.watch(fd, EPOLLIN, [&](std::uint32_t events) { … }); });
///
/// One serves any number of connections. User code never runs on it, so what it promises in time (heartbeats) does not
/// depend on what users do; it takes no signals. Calls must be short and must not throw. A time is only looked at when
/// what can be read has been: whoever was slow does not take others for silent.
///
/// The end of a loop waits for the call that runs, and destroys what is still watched or waits, uncalled. Throws
/// io_failure where the system has no more descriptors.
class io_loop final : public event_loop {
public:
  io_loop();
  ~io_loop() override;
  io_loop(const io_loop&) = delete;
  io_loop& operator=(const io_loop&) = delete;

  time now() const noexcept override { return std::chrono::steady_clock::now(); }
  void run(task work) override;
  id watch(int fd, std::uint32_t events, on_ready ready) override;
  void rewatch(id watched, std::uint32_t events) override;
  void unwatch(id watched) override;
  id call_at(time when, task work) override;
  void cancel(id call) override;

  bool in_thread() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }

private:
  struct watcher {
    int fd;
    on_ready ready;
  };

  void serve();
  void wait_and_call();
  void run_posted();
  void call_due();
  int milliseconds_to_next() const;

  descriptor epoll_;
  descriptor wake_;
  id last_id_ = 0;
  std::unordered_map<id, std::shared_ptr<watcher>> watchers_;
  std::map<std::pair<time, id>, task> calls_;
  std::unordered_map<id, time> call_times_;

  std::mutex mutex_;
  std::vector<task> posted_;
  bool stopping_ = false;

  std::thread thread_; // last: it uses all the others
};

} // namespace crema::net
