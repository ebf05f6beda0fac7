#include "net/launcher/output_relay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <future>
#include <poll.h>
#include <unistd.h>

namespace crema::net {

namespace {

class OutputRelay : public testing::Test {
protected:
  OutputRelay() {
    std::tie(source, writer) = make_pipe();
    std::tie(reader, target) = make_pipe();
  }

  static std::pair<descriptor, descriptor> make_pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {descriptor{ends[0]}, descriptor{ends[1]}};
  }

  void start() {
    relay = std::make_shared<output_relay>(loop, std::move(source), target.get());
    loop.run([this] { relay->start(); });
  }
  std::string finish() {
    return on_loop([this] { return relay->finish(); });
  }

  template <class Work>
  std::invoke_result_t<Work> on_loop(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task{std::move(work)};
    auto result = task.get_future();
    loop.run([&] { task(); });
    return result.get();
  }

  void write(std::string_view text) const {
    EXPECT_EQ(::write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string take(std::size_t bytes) const {
    std::string text(bytes, '\0');
    for (std::size_t n = 0; n != bytes;) {
      pollfd ready{reader.get(), POLLIN, 0};
      if (::poll(&ready, 1, 60'000) != 1)
        return text.substr(0, n);
      n += static_cast<std::size_t>(::read(reader.get(), text.data() + n, bytes - n));
    }
    return text;
  }
  /// As many bytes as fit into the target.
  std::size_t fill_target() const {
    const int flags = ::fcntl(target.get(), F_GETFL);
    ::fcntl(target.get(), F_SETFL, flags | O_NONBLOCK);
    const std::string page(4096, '.');
    std::size_t bytes = 0;
    for (ssize_t n = 0; (n = ::write(target.get(), page.data(), page.size())) > 0;)
      bytes += static_cast<std::size_t>(n);
    ::fcntl(target.get(), F_SETFL, flags);
    return bytes;
  }

  descriptor source, writer, reader, target;
  io_loop loop;
  std::shared_ptr<output_relay> relay;
};

} // namespace

TEST_F(OutputRelay, PassesWholeLinesOnAndKeepsThem) {
  start();
  write("one\ntwo\nthr");
  EXPECT_EQ(take(8), "one\ntwo\n");
  write("ee\n");
  EXPECT_EQ(take(6), "three\n");
  EXPECT_EQ(finish(), "one\ntwo\nthree\n");
}

TEST_F(OutputRelay, EndsTheLastLine) {
  start();
  write("one\npanic");
  EXPECT_EQ(finish(), "one\npanic\n");
  EXPECT_EQ(take(10), "one\npanic\n");
}

TEST_F(OutputRelay, LetsTheLoopGoOnWhenNobodyReads) {
  const auto filled = fill_target();
  start();
  write("late\n");
  for (int i = 0; i != 100; ++i)
    EXPECT_EQ(on_loop([] { return 1; }), 1);
  EXPECT_EQ(take(filled), std::string(filled, '.'));
  EXPECT_EQ(take(5), "late\n");
  EXPECT_EQ(finish(), "late\n");
}

TEST_F(OutputRelay, SurvivesATargetThatIsGone) {
  reader.close();
  start();
  write("one\n");
  EXPECT_EQ(finish(), "one\n");
}

} // namespace crema::net
