#pragma once

#include "dataflow/context.hpp"
#include "net/io_loop.hpp"
#include "net/jobs/worker.hpp"
#include "net/jobs/worker_engine.hpp"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace crema::testing {

/// Workers in this process, each with threads, memory and caches of its own, joined by sockets with each other and with
/// the driver: all that worker processes do, but for being processes.
class in_process_workers final : public net::worker_set {
public:
  in_process_workers(int workers, int slots, std::size_t memory_limit) : slots_{workers * slots} {
    for (int i = 0; i != workers; ++i) {
      running_.push_back(std::make_unique<net::worker>(
        net::worker_options{.number = i, .slots = slots, .memory_limit = memory_limit}, loop_));
      for (int j = 0; j != i; ++j) {
        auto [mine, theirs] = net::connected_sockets();
        running_[static_cast<std::size_t>(i)]->meet(j, net::make_socket_stream(std::move(mine)));
        running_[static_cast<std::size_t>(j)]->meet(i, net::make_socket_stream(std::move(theirs)));
      }
    }
    for (int i = 0; i != workers; ++i) {
      auto [here, there] = net::connected_sockets();
      auto connection = std::make_shared<net::worker_connection>(i);
      running_[static_cast<std::size_t>(i)]->obey(net::make_socket_stream(std::move(there)));
      connection->use(net::link::open(loop_, net::make_socket_stream(std::move(here)), connection));
      connections_.push_back(std::move(connection));
    }
  }

  std::vector<std::shared_ptr<net::worker_connection>> workers() override {
    auto there = connections_;
    std::erase_if(there, [](const auto& one) { return one->lost(); });
    return there;
  }
  bool await(std::chrono::milliseconds /*patience*/) override {
    if (workers().empty())
      throw error{errc::unreachable, "no worker is left to run the job"};
    return true;
  }
  int slots() const noexcept override { return slots_; }

  /// Ends worker `i` as a crash would, with all that it ran.
  void kill(int i) { running_[static_cast<std::size_t>(i)].reset(); }

private:
  int slots_;
  net::io_loop loop_;
  std::vector<std::shared_ptr<net::worker_connection>> connections_;
  std::vector<std::unique_ptr<net::worker>> running_;
};

} // namespace crema::testing
