#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <span>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

// A test asks this very executable, started again: the peer runs one disabled test, which reads the question from its
// standard input and answers on a descriptor of its own.
//
//     TEST(Functions, DISABLED_Peer) { answer_first_process(answer_of(first_process_asks())); }
//     TEST(Functions, Travel) { EXPECT_EQ(ask_second_process("Functions.DISABLED_Peer", question), …); }

namespace crema::testing {

inline constexpr int answer_descriptor = 3;

inline std::string read_all(int descriptor) {
  std::string text;
  char chunk[4096];
  for (;;) {
    const auto n = ::read(descriptor, chunk, sizeof chunk);
    if (n > 0)
      text.append(chunk, static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      return text;
  }
}

inline void write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor, bytes.data(), bytes.size());
    ASSERT_GT(n, 0);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string ask_second_process(const std::string& peer_test, std::span<const std::byte> question) {
  int to_peer[2];
  int from_peer[2];
  EXPECT_EQ(::pipe2(to_peer, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(from_peer, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to_peer[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from_peer[1], answer_descriptor);
  std::string arguments[] = {"peer", "--gtest_filter=" + peer_test, "--gtest_also_run_disabled_tests",
                             "--gtest_brief=1"};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(), nullptr};
  pid_t peer = 0;
  EXPECT_EQ(::posix_spawn(&peer, "/proc/self/exe", &actions, nullptr, argv, environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to_peer[0]);
  ::close(from_peer[1]);
  write_all(to_peer[1], question);
  ::close(to_peer[1]);
  auto answer = read_all(from_peer[0]);
  ::close(from_peer[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(peer, &status, 0), peer);
  EXPECT_EQ(status, 0);
  return answer;
}

/// In the peer.
inline std::string first_process_asks() {
  return read_all(STDIN_FILENO);
}
inline void answer_first_process(std::span<const std::byte> answer) {
  write_all(answer_descriptor, answer);
}

} // namespace crema::testing
