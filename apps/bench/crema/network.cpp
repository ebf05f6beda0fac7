#include "apps/bench/crema/halves.hpp"
#include "apps/bench/transfer.hpp"
#include "net/io_loop.hpp"
#include "net/link.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace crema::bench::with_crema {

namespace {

using net::link;
using net::link_end;

/// The sending end: a thread that stops where the link says so.
class sender final : public net::link_observer {
public:
  void received(net::message) override {}
  void writable() override {
    std::lock_guard lock{mutex_};
    room_ = true;
    changed_.notify_one();
  }
  void ended(const link_end&) override {
    std::lock_guard lock{mutex_};
    room_ = ended_ = true;
    changed_.notify_one();
  }

  void send(link& to, std::uint64_t blocks) {
    for (std::uint64_t i = 0; i < blocks; ++i) {
      const auto block = std::make_shared<internal::page_buffer>(transfer_block_bytes);
      std::memcpy(block->data(), &i, sizeof i);
      if (!to.send({net::first_message_kind, {}, {block, {block->data(), transfer_block_bytes}}}))
        wait([this] { return std::exchange(room_, false); });
    }
    to.finish();
    wait([this] { return ended_; });
  }

private:
  template <class Condition>
  void wait(Condition met) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, met);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool room_ = false;
  bool ended_ = false;
};

class receiver final : public net::link_observer {
public:
  void received(net::message from_peer) override {
    std::uint64_t number = 0;
    std::memcpy(&number, from_peer.payload().data(), sizeof number);
    digest_.add(number);
  }
  void finished() override { all_.set_value(digest_.text()); }
  void ended(const link_end&) override { ended_.set_value(); }

  std::string digest() { return all_.get_future().get(); }
  void wait_for_end() { ended_.get_future().wait(); }

private:
  transfer_digest digest_;
  std::promise<std::string> all_;
  std::promise<void> ended_;
};

std::shared_ptr<link> linked(net::io_loop& loop, net::descriptor socket, std::shared_ptr<net::link_observer> user) {
  return link::open(loop, net::make_socket_stream(std::move(socket)), std::move(user));
}

} // namespace

outcome network(const workload_config& config) {
  auto [here, there] = net::connected_sockets();
  const auto child = ::fork();
  if (child < 0)
    throw std::system_error{errno, std::generic_category(), "cannot fork"};
  if (child == 0) {
    here.close();
    net::io_loop loop;
    const auto user = std::make_shared<sender>();
    user->send(*linked(loop, std::move(there), user), transfer_blocks(config));
    ::_exit(0);
  }
  there.close();
  net::io_loop loop;
  const measuring clock;
  const auto user = std::make_shared<receiver>();
  const auto to_child = linked(loop, std::move(here), user);
  auto result = clock.stop(user->digest());
  to_child->finish();
  user->wait_for_end();
  ::waitpid(child, nullptr, 0);
  return result;
}

} // namespace crema::bench::with_crema
