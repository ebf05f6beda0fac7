#include "net/launcher/worker_process.hpp"

#include "dataflow/error.hpp"
#include "net/link.hpp"
#include "tests/net/observed_link.hpp"
#include "tests/system/child_program.hpp"
#include "tests/system/link_to_worker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace crema::net {

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// Sanitizers would turn signals into exits.
const std::vector<std::string> plain_signals{"ASAN_OPTIONS=handle_segv=0:handle_abort=0:detect_leaks=0",
                                             "TSAN_OPTIONS=handle_segv=0:handle_abort=0",
                                             "UBSAN_OPTIONS=handle_segv=0:handle_abort=0"};

const worker_command program{WORKER_PROGRAM, {"worker_program"}, plain_signals};

class WorkerProcess : public testing::Test {
protected:
  void start(const worker_command& command = program) {
    process = worker_process::start(loop, command, [this](const worker_exit& how) { end_.set_value(how); });
    to_worker = link_to_worker(loop, *process, user);
  }

  std::string ask(const std::string& question) {
    to_worker->send(text_message(first_message_kind, question));
    return text_of(user->take());
  }
  pid_t ask_for_process(const std::string& question) { return std::stoi(ask(question)); }

  worker_exit end() {
    auto future = end_.get_future();
    if (future.wait_for(patience) != std::future_status::ready)
      throw std::runtime_error{"the worker has not ended"};
    return future.get();
  }

  /// How the worker ends when it is told this.
  std::string end_after(const std::string& command) {
    user = std::make_shared<observed>();
    end_ = {};
    start();
    ask("complain last words");
    to_worker->send(text_message(first_message_kind, command));
    const auto how = end();
    user->end();
    return to_string(how);
  }

  io_loop loop;
  std::shared_ptr<observed> user = std::make_shared<observed>();
  std::shared_ptr<worker_process> process;
  std::shared_ptr<link> to_worker;

private:
  std::promise<worker_exit> end_;
};

} // namespace

TEST_F(WorkerProcess, WorksUntilBothHaveFinished) {
  start();
  EXPECT_EQ(ask("hello"), "hello");
  EXPECT_NE(ask_for_process("process id"), ::getpid());
  to_worker->finish();
  EXPECT_EQ(user->end().why, link_end::cause::clean);
  const auto how = end();
  EXPECT_EQ(how.signal, 0);
  EXPECT_EQ(how.status, 0);
}

TEST_F(WorkerProcess, IsReportedWithItsSignalOrStatusAndItsLastWords) {
  EXPECT_THAT(end_after("segfault"), AllOf(HasSubstr(" was killed by SIGSEGV (Segmentation fault)"),
                                           HasSubstr("its last output:\nlast words\n")));
  EXPECT_THAT(end_after("abort"), AllOf(HasSubstr(" was killed by SIGABRT (Aborted)"), HasSubstr("last words")));
  EXPECT_THAT(end_after("exit 3"), AllOf(HasSubstr(" exited with status 3"), HasSubstr("last words")));
}

TEST_F(WorkerProcess, InheritsNothingButItsSocketAndItsOutput) {
  const descriptor left_open{::open("/dev/null", O_RDONLY)};
  start();
  EXPECT_EQ(ask("descriptors"), "0 1 2 4 ");
  EXPECT_EQ(ask("variable"), "unset");
}

TEST_F(WorkerProcess, TakesAllThatItHasStartedWithItWhenItEnds) {
  start();
  const watched_process child{ask_for_process("start a child")};
  const watched_process daemon{ask_for_process("start a daemon")};
  EXPECT_TRUE(child.lives());
  EXPECT_TRUE(daemon.lives());
  to_worker->send(text_message(first_message_kind, "exit 3"));
  EXPECT_EQ(end().status, 3);
  EXPECT_TRUE(child.ends());
  EXPECT_TRUE(daemon.ends());
}

TEST_F(WorkerProcess, TakesAllThatItHasStartedWithItWhenItIsKilled) {
  start();
  const watched_process child{ask_for_process("start a child")};
  const watched_process daemon{ask_for_process("start a daemon")};
  process->kill();
  EXPECT_EQ(end().signal, SIGKILL);
  EXPECT_TRUE(child.ends());
  EXPECT_TRUE(daemon.ends());
}

TEST_F(WorkerProcess, DiesWithADriverThatWasKilledAndSoDoesEverythingBelowIt) {
  child_program driver{WORKER_PROGRAM, {"worker_program", "driver", "2"}};
  std::istringstream numbers{driver.until("all started\n")};
  std::vector<watched_process> below;
  for (pid_t pid = 0; numbers >> pid;)
    below.emplace_back(pid);
  ASSERT_EQ(below.size(), 6U);
  for (const auto& each : below)
    EXPECT_TRUE(each.lives());
  driver.signal(SIGKILL);
  for (const auto& each : below)
    EXPECT_TRUE(each.ends());
}

TEST_F(WorkerProcess, DiesWithItsGuardian) {
  start();
  const auto guardian = ask_for_process("guardian");
  const watched_process worker{ask_for_process("process id")};
  const watched_process child{ask_for_process("start a child")};
  ::kill(guardian, SIGKILL);
  EXPECT_TRUE(worker.ends());
  EXPECT_TRUE(child.ends());
  EXPECT_EQ(end().signal, SIGKILL);
}

TEST_F(WorkerProcess, OutlivesTheThreadThatStartedIt) {
  std::thread{[this] { start(); }}.join();
  EXPECT_EQ(ask("are you there"), "are you there");
  EXPECT_EQ(ask("still there"), "still there");
}

TEST_F(WorkerProcess, EndsWithTheLoop) {
  std::optional<watched_process> worker;
  {
    io_loop own;
    const auto asked = std::make_shared<observed>();
    const auto short_lived = worker_process::start(own, program, [](const worker_exit&) {});
    const auto line = link_to_worker(own, *short_lived, asked);
    line->send(text_message(first_message_kind, "process id"));
    worker.emplace(std::stoi(text_of(asked->take())));
  }
  EXPECT_TRUE(worker->ends());
}

TEST_F(WorkerProcess, SaysWhatItCannotStart) {
  try {
    start({"/no/such/program", {"x"}, {}});
    ADD_FAILURE();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::not_found);
    EXPECT_THAT(e.text(), HasSubstr("'/no/such/program'"));
  }
}

TEST_F(WorkerProcess, IsKilledEvenIfItIsNoWorkerAtAll) {
  start({"/bin/sleep", {"sleep", "600"}, {}});
  process->kill();
  EXPECT_EQ(end().signal, SIGKILL);
}

TEST_F(WorkerProcess, StartsNoWorkersItselfBeforeItIsRun) {
  start({WORKER_PROGRAM, {"worker_program", "forgetful"}, plain_signals});
  const auto how = end();
  EXPECT_NE(how.status, 0);
  EXPECT_THAT(how.last_output, HasSubstr("its main did not begin with crema::init"));
}

TEST(Worker, IsNobodyByAccident) {
  for (const auto* value : {"", "1", "yes", "4711 0123456789abcdef0123456789abcdef"}) {
    ::setenv("CREMA_INTERNAL_WORKER_START", value, 1);
    child_program nobody{WORKER_PROGRAM, {"worker_program"}};
    ::unsetenv("CREMA_INTERNAL_WORKER_START");
    EXPECT_EQ(nobody.all(), "no worker\n") << value;
    EXPECT_EQ(nobody.status(), 0);
  }
}

namespace {

/// A control group of version 1 that allows this much memory, with this test's next children in it.
class memory_group {
public:
  memory_group() {
    if (::mkdir(path_.c_str(), 0755) != 0)
      return;
    std::ofstream{path_ + "/memory.limit_in_bytes"} << (256 << 20);
    std::ofstream{path_ + "/memory.swappiness"} << 0;
    made_ = static_cast<bool>(std::ofstream{path_ + "/cgroup.procs"} << ::getpid() << std::flush);
  }
  ~memory_group() {
    std::ofstream{"/sys/fs/cgroup/memory/cgroup.procs"} << ::getpid() << std::flush;
    ::rmdir(path_.c_str());
  }
  bool made() const { return made_; }
  void leave() const { std::ofstream{"/sys/fs/cgroup/memory/cgroup.procs"} << ::getpid() << std::flush; }

private:
  const std::string path_ = "/sys/fs/cgroup/memory/crema-test-" + std::to_string(::getpid());
  bool made_ = false;
};

} // namespace

TEST_F(WorkerProcess, IsReportedAsKilledForWantOfMemory) {
  const memory_group small;
  if (!small.made())
    GTEST_SKIP() << "no control group of version 1 for memory can be made here";
  start();
  small.leave();
  ask("complain hungry");
  to_worker->send(text_message(first_message_kind, "take all memory"));
  const auto how = end();
  EXPECT_EQ(how.signal, SIGKILL);
  EXPECT_TRUE(how.out_of_memory);
  EXPECT_THAT(to_string(how), AllOf(HasSubstr("for want of memory"), HasSubstr("hungry")));
}

} // namespace crema::net
