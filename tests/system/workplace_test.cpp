#include "net/hosting/workplace.hpp"

#include "dataflow/error.hpp"
#include "dataflow/function/identity.hpp"
#include "net/cluster/own_executable.hpp"
#include "net/jobs/worker_call.hpp"
#include "tests/net/temporary_directory.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

// What a node does with the executables that drivers send, without a network.

namespace crema::net {

namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

class Workplace : public testing::Test {
protected:
  ~Workplace() override {
    place->close();
    at.slow.run([last = std::move(place)] {});
    std::unique_lock lock{at.mutex};
    EXPECT_TRUE(at.changed.wait_for(lock, patience, [&] { return at.workplaces == 0; }));
    EXPECT_TRUE(std::filesystem::is_empty(root.path("work/drivers")));
  }

  node_answer send(std::span<const std::byte> bytes) {
    sha256 hash;
    hash.add(bytes);
    const auto offered = place->offer({hash.finish(), bytes.size()});
    return std::holds_alternative<executable_wanted>(offered) ? place->add(bytes) : offered;
  }

  node_answer send_this() { return send(this_executable().bytes.bytes); }

  std::string end_of_worker() {
    auto future = ended.get_future();
    EXPECT_EQ(future.wait_for(patience), std::future_status::ready);
    return future.get().reason;
  }

  start_worker order() const { return {0, new_worker_token(), internal::build_id(), {"worker"}, {}}; }

  temporary_directory root;
  io_loop loop;
  host at{.name = "a",
          .keys = {},
          .each = {1, std::uint64_t{64} << 20},
          .loop = loop,
          .directory = work_directory{root.path("work")},
          .executables = {root.path("work/executables"), std::uint64_t{2} << 30}};
  std::promise<worker_ended> ended;
  std::shared_ptr<workplace> place = std::make_shared<workplace>(at, [this](const node_answer& said) {
    if (const auto* end = std::get_if<worker_ended>(&said))
      ended.set_value(*end);
  });
};

template <class Answer>
std::string reason_of(const node_answer& said) {
  const auto* const found = std::get_if<Answer>(&said);
  return found == nullptr ? "another answer" : found->reason;
}

} // namespace

TEST_F(Workplace, StartsWhatWasSentAndStopsIt) {
  ASSERT_TRUE(std::holds_alternative<executable_ready>(send_this()));
  ASSERT_TRUE(std::holds_alternative<worker_started>(place->start(order())));
  place->stop(0);
  EXPECT_THAT(end_of_worker(), ContainsRegex("worker [0-9]+ was killed by SIGKILL"));
}

TEST_F(Workplace, StartsNothingThatWasNotSentWhole) {
  place->offer(this_executable().id);
  place->add(this_executable().bytes.bytes.first(1000));
  EXPECT_THAT(reason_of<worker_ended>(place->start(order())), HasSubstr("has sent no executable"));
}

TEST_F(Workplace, RefusesAnExecutableThatCannotRunHere) {
  const std::string script = "#!/bin/sh\nexit 0\n";
  EXPECT_THAT(reason_of<executable_refused>(send(std::as_bytes(std::span{script}))), HasSubstr("is no ELF file"));
  EXPECT_THAT(reason_of<worker_ended>(place->start(order())), HasSubstr("has sent no executable"));
}

TEST_F(Workplace, SaysWhichLibraryIsMissingAndWhatToDo) {
  auto program = read_file("/bin/true");
  const auto library = program.find("libc.so.6");
  ASSERT_NE(library, std::string::npos);
  program[library + 3] = 'X';
  ASSERT_TRUE(std::holds_alternative<executable_ready>(send(std::as_bytes(std::span{program}))));
  place->start(order());
  EXPECT_THAT(end_of_worker(), AllOf(HasSubstr("could not start"), HasSubstr("libX.so.6: cannot open shared object"),
                                     HasSubstr("link the program statically")));
}

TEST_F(Workplace, RunsNoWorkerOfAnotherBuild) {
  ASSERT_TRUE(std::holds_alternative<executable_ready>(send_this()));
  auto wrong = order();
  wrong.build = "5f0c";
  ASSERT_TRUE(std::holds_alternative<worker_started>(place->start(wrong)));
  EXPECT_THAT(end_of_worker(), AllOf(HasSubstr("status 70"), HasSubstr("the driver runs build 5f0c"),
                                     HasSubstr("this process runs build " + internal::build_id())));
}

TEST_F(Workplace, LetsNobodyTakeTheTokenOfAnother) {
  ASSERT_TRUE(std::holds_alternative<executable_ready>(send_this()));
  const auto first = order();
  at.calls.add(first.token, std::make_shared<const descriptor>());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(place->start(first)));
  EXPECT_THAT(end_of_worker(), HasSubstr(first.token));
  EXPECT_THROW(at.calls.add(first.token, std::make_shared<const descriptor>()), error);
}

TEST_F(Workplace, StartsNothingForADriverThatIsGone) {
  ASSERT_TRUE(std::holds_alternative<executable_ready>(send_this()));
  place->close();
  EXPECT_THAT(reason_of<worker_ended>(place->start(order())), HasSubstr("is not to be started"));
}

} // namespace crema::net
