#include "apps/bench/limit/programs.hpp"
#include "apps/bench/transfer.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace crema::bench::limit {

namespace {

int checked(int result, const char* what) {
  if (result < 0)
    throw std::system_error{errno, std::generic_category(), what};
  return result;
}

sockaddr* plain(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

[[noreturn]] void send_blocks(sockaddr_in to, std::uint64_t blocks) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(socket, plain(to), sizeof to) != 0)
    _exit(1);
  std::vector<std::uint64_t> block(transfer_block_bytes / sizeof(std::uint64_t));
  for (std::uint64_t i = 0; i < blocks; ++i) {
    block[0] = i;
    for (std::size_t sent = 0; sent < transfer_block_bytes;) {
      const auto n = ::send(socket, reinterpret_cast<char*>(block.data()) + sent, transfer_block_bytes - sent, 0);
      if (n <= 0)
        _exit(1);
      sent += static_cast<std::size_t>(n);
    }
  }
  _exit(0);
}

} // namespace

outcome sockets(const workload_config& config) {
  const auto blocks = transfer_blocks(config);
  const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "cannot make a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  checked(::bind(listener, plain(address), length), "cannot bind a socket");
  checked(::listen(listener, 1), "cannot listen");
  checked(::getsockname(listener, plain(address), &length), "cannot see the port");
  const auto sender = checked(::fork(), "cannot fork");
  if (sender == 0)
    send_blocks(address, blocks);
  const int socket = checked(::accept(listener, nullptr, nullptr), "cannot accept");
  std::vector<std::uint64_t> block(transfer_block_bytes / sizeof(std::uint64_t));
  const measuring clock;
  transfer_digest digest;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    checked(static_cast<int>(::recv(socket, block.data(), transfer_block_bytes, MSG_WAITALL)), "cannot receive");
    digest.add(block[0]);
  }
  auto result = clock.stop(digest.text());
  ::close(socket);
  ::close(listener);
  ::waitpid(sender, nullptr, 0);
  return result;
}

} // namespace crema::bench::limit
