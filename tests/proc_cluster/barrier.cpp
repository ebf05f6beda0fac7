#include "tests/proc_cluster/barrier.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace crema::testing {

namespace {

constexpr int patience_ms = 60'000;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
  return where;
}

} // namespace

barrier::barrier(const std::string& path) : path_{path}, door_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const auto where = address_of(path);
  EXPECT_EQ(::bind(door_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  EXPECT_EQ(::listen(door_.get(), 64), 0);
}

std::vector<barrier::arrival> barrier::await(std::size_t arrivals) {
  while (arrivals_.size() < arrivals) {
    pollfd ready{door_.get(), POLLIN, 0};
    if (::poll(&ready, 1, patience_ms) != 1) {
      ADD_FAILURE() << arrivals_.size() << " of " << arrivals << " tasks have come to " << path_;
      arrivals_.resize(arrivals);
      break;
    }
    net::descriptor one{::accept4(door_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    char said[256];
    const auto n = ::recv(one.get(), said, sizeof said, 0);
    ucred who{};
    socklen_t length = sizeof who;
    ::getsockopt(one.get(), SOL_SOCKET, SO_PEERCRED, &who, &length);
    arrivals_.push_back({who.pid, {said, static_cast<std::size_t>(n > 0 ? n : 0)}});
    waiting_.push_back(std::move(one));
  }
  return arrivals_;
}

void barrier::open() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  door_.close();
  waiting_.clear();
}

void wait_at(const std::string& path, std::string_view said) {
  const net::descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto where = address_of(path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    return;
  ::send(socket.get(), said.data(), said.size(), MSG_NOSIGNAL);
  pollfd over{socket.get(), POLLIN, 0};
  ::poll(&over, 1, patience_ms);
}

} // namespace crema::testing
