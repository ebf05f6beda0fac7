#include "dataflow/block/boost_codec.hpp"
#include "dataflow/block/codec.hpp"
#include "dataflow/error.hpp"
#include "dataflow/function/capture.hpp"
#include "dataflow/function/identity.hpp"
#include "dataflow/function/portable.hpp"

#include <boost/serialization/vector.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <span>
#include <spawn.h>
#include <string>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

// The peer is this executable, started again: it reads functions from its standard input, runs them, and answers on
// descriptor 3. It is the test SecondProcess.DISABLED_Peer, which only the peer runs.

namespace crema::internal {
namespace {

constexpr int answer_descriptor = 3;

using text_function = std::string(long);

struct question {
  std::string build;
  std::vector<std::string> functions; ///< each encoded with the signature text_function
  long argument = 0;
};

struct answer {
  std::string build;
  std::string refusal; ///< of the build id
  std::uint64_t image = 0;
  std::vector<std::string> results;
};

std::string read_all(int descriptor) {
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

void write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor, bytes.data(), bytes.size());
    ASSERT_GT(n, 0);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

std::uint64_t image_base() {
  static const int here = 0;
  return reinterpret_cast<std::uint64_t>(&here) - locate(&here).offset;
}

/// Whether the kernel maps this executable elsewhere each time it starts.
bool randomised() {
  return image_base() != 0 && (::personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0;
}

void encode(const question& q, byte_writer& out) {
  codec<std::string>::encode(q.build, out);
  codec<std::vector<std::string>>::encode(q.functions, out);
  codec<long>::encode(q.argument, out);
}

answer ask_second_process(const question& q) {
  int to_peer[2];
  int from_peer[2];
  EXPECT_EQ(::pipe2(to_peer, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(from_peer, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to_peer[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from_peer[1], answer_descriptor);
  std::string arguments[] = {"peer", "--gtest_filter=SecondProcess.DISABLED_Peer", "--gtest_also_run_disabled_tests",
                             "--gtest_brief=1"};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(), nullptr};
  pid_t peer = 0;
  EXPECT_EQ(::posix_spawn(&peer, "/proc/self/exe", &actions, nullptr, argv, environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to_peer[0]);
  ::close(from_peer[1]);
  byte_writer out;
  encode(q, out);
  write_all(to_peer[1], out.bytes());
  ::close(to_peer[1]);
  const auto reply = read_all(from_peer[0]);
  ::close(from_peer[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(peer, &status, 0), peer);
  EXPECT_EQ(status, 0);
  byte_reader in{bytes_of(reply)};
  answer a;
  a.build = codec<std::string>::decode(in);
  a.refusal = codec<std::string>::decode(in);
  a.image = codec<std::uint64_t>::decode(in);
  a.results = codec<std::vector<std::string>>::decode(in);
  return a;
}

// Reads and answers one question.
TEST(SecondProcess, DISABLED_Peer) {
  const auto received = read_all(STDIN_FILENO);
  byte_reader in{bytes_of(received)};
  std::string refusal;
  try {
    require_build_id(codec<std::string>::decode(in), "the driver");
  } catch (const error& e) {
    refusal = e.text();
  }
  std::vector<std::string> results;
  const auto functions = codec<std::vector<std::string>>::decode(in);
  const auto argument = codec<long>::decode(in);
  for (const auto& each : functions) {
    byte_reader function{bytes_of(each)};
    results.push_back(decode_erased<text_function>(function)(argument));
  }
  byte_writer out;
  codec<std::string>::encode(build_id(), out);
  codec<std::string>::encode(refusal, out);
  codec<std::uint64_t>::encode(image_base(), out);
  codec<std::vector<std::string>>::encode(results, out);
  write_all(answer_descriptor, out.bytes());
}

struct suffixer {
  std::vector<int> numbers;
  std::string operator()(long x) const { return std::to_string(x) + "/" + std::to_string(numbers.at(1)); }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& numbers;
  }
};

std::string in_hex(long x) {
  static const char digits[] = "0123456789abcdef";
  return {digits[x / 16 % 16], digits[x % 16]};
}

/// Functions to be sent, with what they should answer.
class shipment {
public:
  template <class F>
  void add(const F& f) {
    EXPECT_EQ(check_portable(f), std::nullopt);
    byte_writer out;
    encode_function<text_function>(f, out);
    const auto bytes = out.bytes();
    question_.functions.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    expected_.push_back(std::invoke(f, question_.argument));
  }

  answer send() { return ask_second_process(question_); }
  const std::vector<std::string>& expected() const { return expected_; }
  question& asked() { return question_; }

private:
  question question_{build_id(), {}, 42};
  std::vector<std::string> expected_;
};

TEST(SecondProcess, RunsEveryKindOfFunctionAlthoughItsImageIsMappedElsewhere) {
  long number = 5;
  double half = 0.5;
  const std::vector<std::string> words{"a", "bc"};
  shipment functions;
  functions.add([](long x) { return std::to_string(x); });
  functions.add([number, half](long x) { return std::to_string(static_cast<double>(x + number) * half); });
  functions.add(suffixer{{1, 2}});
  functions.add(&in_hex);
  functions.add(capture(words, [](const auto& w, long x) { return w.at(1) + std::to_string(x); }));
  functions.add(
    capture(&in_hex, suffixer{{3, 4}}, [number](auto* f, const auto& g, long x) { return f(x + number) + g(x); }));
  const auto reply = functions.send();
  EXPECT_EQ(reply.results, functions.expected());
  EXPECT_EQ(reply.build, build_id());
  EXPECT_EQ(reply.refusal, "");
  if (randomised()) {
    EXPECT_NE(reply.image, image_base());
  }
}

TEST(SecondProcess, ReportsAMismatchOfBuildsWithBothIds) {
  shipment functions;
  functions.asked().build = "0123abcd";
  EXPECT_THAT(functions.send().refusal, testing::AllOf(testing::HasSubstr("the driver runs build 0123abcd"),
                                                       testing::HasSubstr("this process runs build " + build_id())));
}

} // namespace
} // namespace crema::internal
