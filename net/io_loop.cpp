#include "net/io_loop.hpp"

#include "dataflow/error.hpp"
#include "dataflow/no_signals.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <pthread.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>

namespace crema::net {

namespace {

constexpr io_loop::id wake_id = 0;

descriptor opened(int fd, const char* what) {
  if (fd < 0)
    throw error{errc::io_failure, std::string{what} + ": " + std::generic_category().message(errno)};
  return descriptor{fd};
}

} // namespace

io_loop::io_loop()
    : epoll_{opened(::epoll_create1(EPOLL_CLOEXEC), "cannot wait for connections")},
      wake_{opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "cannot wait for connections")} {
  epoll_event event{EPOLLIN, {}};
  event.data.u64 = wake_id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  const internal::no_signals guard;
  thread_ = std::thread{[this] { serve(); }};
  ::pthread_setname_np(thread_.native_handle(), "crema-io");
}

io_loop::~io_loop() {
  assert(!in_thread());
  run([this] { stopping_ = true; });
  thread_.join();
}

void io_loop::run(task work) {
  std::lock_guard lock{mutex_};
  posted_.push_back(std::move(work));
  if (posted_.size() == 1)
    ::eventfd_write(wake_.get(), 1);
}

io_loop::id io_loop::watch(int fd, std::uint32_t events, on_ready ready) {
  const auto made = ++last_id_;
  epoll_event event{events, {}};
  event.data.u64 = made;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw error{errc::io_failure, "cannot wait for a connection: " + std::generic_category().message(errno)};
  watchers_.emplace(made, std::make_shared<watcher>(watcher{fd, std::move(ready)}));
  return made;
}

void io_loop::rewatch(id watched, std::uint32_t events) {
  epoll_event event{events, {}};
  event.data.u64 = watched;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watchers_.at(watched)->fd, &event);
}

void io_loop::unwatch(id watched) {
  const auto found = watchers_.find(watched);
  if (found == watchers_.end())
    return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second->fd, nullptr);
  watchers_.erase(found);
}

io_loop::id io_loop::call_at(time when, task work) {
  const auto made = ++last_id_;
  calls_.emplace(std::pair{when, made}, std::move(work));
  call_times_.emplace(made, when);
  return made;
}

void io_loop::cancel(id call) {
  const auto found = call_times_.find(call);
  if (found == call_times_.end())
    return;
  calls_.erase({found->second, call});
  call_times_.erase(found);
}

void io_loop::serve() {
  while (!stopping_) {
    wait_and_call();
    run_posted();
    call_due();
  }
}

void io_loop::wait_and_call() {
  std::array<epoll_event, 64> events;
  const int n = ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds_to_next());
  for (int i = 0; i < n; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == wake_id) {
      eventfd_t ignored;
      ::eventfd_read(wake_.get(), &ignored);
      continue;
    }
    // An earlier call may have ended this one's watch; and this one may end its own while it runs.
    const auto found = watchers_.find(event.data.u64);
    if (found != watchers_.end())
      std::shared_ptr {
        found->second
        } -> ready(event.events);
  }
}

void io_loop::run_posted() {
  std::vector<task> work;
  {
    std::lock_guard lock{mutex_};
    work.swap(posted_);
  }
  for (auto& each : work)
    each();
}

void io_loop::call_due() {
  const auto now = std::chrono::steady_clock::now();
  while (!calls_.empty() && calls_.begin()->first.first <= now) {
    auto due = calls_.extract(calls_.begin());
    call_times_.erase(due.key().second);
    due.mapped()();
  }
}

int io_loop::milliseconds_to_next() const {
  if (calls_.empty())
    return -1;
  const auto left = calls_.begin()->first.first - std::chrono::steady_clock::now();
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 60'000));
}

} // namespace crema::net
