#include "net/cluster/node_output.hpp"

#include "net/descriptor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <future>
#include <poll.h>
#include <unistd.h>

namespace crema::net {

namespace {

using testing::HasSubstr;

class NodeOutput : public testing::Test {
protected:
  NodeOutput() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader = descriptor{ends[0]};
    target = descriptor{ends[1]};
    output = std::make_shared<node_output>(loop, target.get());
  }

  void print(std::uint64_t missed, const std::string& lines) {
    std::promise<void> done;
    loop.run([&] {
      output->print("worker 3 on node b", missed, lines);
      done.set_value();
    });
    done.get_future().wait();
  }

  /// What comes up to `end`.
  std::string until(std::string_view end) const {
    std::string text;
    for (char one = 0; !text.ends_with(end); text += one) {
      pollfd ready{reader.get(), POLLIN, 0};
      if (::poll(&ready, 1, 60'000) != 1 || ::read(reader.get(), &one, 1) != 1)
        return text + "[nothing more]";
    }
    return text;
  }

  descriptor reader;
  descriptor target;
  io_loop loop;
  std::shared_ptr<node_output> output;
};

} // namespace

TEST_F(NodeOutput, PutsBeforeEachLineWhoseItIs) {
  print(0, "one\n\ntwo\n");
  EXPECT_EQ(until("two\n"), "worker 3 on node b: one\nworker 3 on node b: \nworker 3 on node b: two\n");
}

TEST_F(NodeOutput, EndsALineThatComesInPieces) {
  print(0, "a piece");
  EXPECT_EQ(until("\n"), "worker 3 on node b: a piece\n");
}

TEST_F(NodeOutput, SaysHowMuchTheNodeHasLeftOut) {
  print(70, "the rest\n");
  EXPECT_EQ(until("rest\n"), "(70 bytes of the workers' output are left out)\nworker 3 on node b: the rest\n");
}

TEST_F(NodeOutput, HoldsABoundedAmountForATargetThatIsSlow) {
  const std::string line = std::string(999, 'x') + '\n';
  constexpr int lines = 1000; // more than the pipe and what may wait
  for (int i = 0; i != lines; ++i)
    print(0, line);
  const auto most = node_output::most_waiting + (std::size_t{64} << 10) + 2 * line.size();
  std::string text;
  while (text.find("left out") == std::string::npos && text.size() <= most) {
    text += until("\n");
    print(0, "more\n");
  }
  EXPECT_LE(text.size(), most);
  EXPECT_THAT(text, HasSubstr("bytes of the workers' output are left out"));
  EXPECT_THAT(until("more\n"), HasSubstr("worker 3 on node b: more\n"));
}

} // namespace crema::net
