#include "net/io_loop.hpp"
#include "net/launcher/worker.hpp"
#include "net/launcher/worker_process.hpp"
#include "net/link.hpp"
#include "net/packet_socket.hpp"
#include "tests/system/link_to_worker.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <future>
#include <mutex>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

// A program of which system tests start workers. A worker does what the messages say that it gets, and answers each.
//
//     worker_program              prints that it is no worker
//     worker_program driver N     starts N workers, and two processes under each; prints all process ids, then
//                                 "all started"; waits to be killed
//     worker_program forgetful    starts a worker without asking first whether it is one

namespace crema::net {

namespace {

outgoing text(const std::string& said) {
  outgoing made{first_message_kind, {}, {}};
  made.head.put(said.data(), said.size());
  return made;
}

std::string open_descriptors() {
  std::vector<int> numbers;
  DIR* const list = ::opendir("/proc/self/fd");
  while (const dirent* const entry = ::readdir(list))
    if (const int number = std::atoi(entry->d_name); entry->d_name[0] != '.' && number != ::dirfd(list))
      numbers.push_back(number);
  ::closedir(list);
  std::ranges::sort(numbers);
  std::string text;
  for (const int each : numbers)
    text += std::to_string(each) + ' ';
  return text;
}

[[noreturn]] void wait_to_be_killed() {
  for (;;)
    ::pause();
}

/// A process that does nothing, below this one.
pid_t start_child() {
  const auto child = ::fork();
  if (child == 0)
    wait_to_be_killed();
  return child;
}

/// One that has left this process's group and session, and has no parent any more.
pid_t start_daemon() {
  int ends[2];
  if (::pipe(ends) != 0)
    return -1;
  const auto middle = ::fork();
  if (middle == 0) {
    ::setsid();
    const auto daemon = start_child();
    ::_exit(::write(ends[1], &daemon, sizeof daemon) == sizeof daemon ? 0 : 1);
  }
  pid_t daemon = -1;
  ::waitpid(middle, nullptr, 0);
  const bool told = ::read(ends[0], &daemon, sizeof daemon) == sizeof daemon;
  ::close(ends[0]);
  ::close(ends[1]);
  return told ? daemon : -1;
}

[[noreturn]] void take_all_memory() {
  for (;;) {
    auto* bytes = static_cast<volatile char*>(std::malloc(1 << 20));
    for (int i = 0; bytes != nullptr && i < 1 << 20; i += 4096)
      bytes[i] = 1;
  }
}

class servant : public link_observer {
public:
  explicit servant(std::string descriptors) : descriptors_{std::move(descriptors)} {}

  std::shared_ptr<link> to_parent;
  std::promise<int> status;

  void received(message from_parent) override {
    const auto bytes = from_parent.payload();
    to_parent->send(text(answer({reinterpret_cast<const char*>(bytes.data()), bytes.size()})));
  }

  void finished() override { to_parent->finish(); }
  void ended(const link_end& how) override { status.set_value(how.why == link_end::cause::clean ? 0 : 1); }

private:
  std::string answer(const std::string& command) {
    if (command == "segfault")
      *reinterpret_cast<volatile int*>(std::uintptr_t{8}) = 1;
    if (command == "abort")
      std::abort();
    if (command == "exit 3")
      std::exit(3);
    if (command == "fail")
      throw std::runtime_error{"no such luck"};
    if (command == "take all memory")
      take_all_memory();
    if (command.starts_with("complain "))
      return std::fprintf(stderr, "%s\n", command.c_str() + 9), "";
    if (command == "process id")
      return std::to_string(::getpid());
    if (command == "guardian")
      return std::to_string(::getppid());
    if (command == "start a child")
      return std::to_string(start_child());
    if (command == "start a daemon")
      return std::to_string(start_daemon());
    if (command == "descriptors")
      return descriptors_;
    if (command == "variable")
      return std::getenv("CREMA_INTERNAL_WORKER_START") == nullptr ? "unset" : "set";
    return command;
  }

  const std::string descriptors_;
};

/// Talks to its parent over the connection that it is passed first of all.
int serve(descriptor parent) {
  const auto user = std::make_shared<servant>(open_descriptors());
  pollfd ready{parent.get(), POLLIN, 0};
  ::poll(&ready, 1, 60'000);
  auto first = receive_packet(parent).value();
  io_loop loop;
  loop.run([&] { user->to_parent = link::open(loop, make_socket_stream(std::move(first.passed)), user); });
  return user->status.get_future().get();
}

/// Prints what all workers answer, and a line behind the last answer.
class interviewer : public link_observer {
public:
  explicit interviewer(int answers) : missing_{answers} {}

  void received(message from_worker) override {
    const auto bytes = from_worker.payload();
    std::printf("%.*s\n", static_cast<int>(bytes.size()), reinterpret_cast<const char*>(bytes.data()));
    if (--missing_ == 0)
      std::puts("all started");
    std::fflush(stdout);
  }
  void ended(const link_end&) override {}

private:
  int missing_;
};

[[noreturn]] void drive(int workers) {
  io_loop loop;
  const auto questions = {"process id", "start a child", "start a daemon"};
  const auto user = std::make_shared<interviewer>(workers * static_cast<int>(questions.size()));
  std::vector<std::shared_ptr<link>> links;
  for (int i = 0; i != workers; ++i) {
    const auto worker = worker_process::start(loop, {}, [](const worker_exit&) {});
    links.push_back(link_to_worker(loop, *worker, user));
    for (const auto* each : questions)
      links.back()->send(text(each));
  }
  wait_to_be_killed();
}

int forget() try {
  io_loop loop;
  worker_process::start(loop, {}, [](const worker_exit&) {});
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}

} // namespace

int worker_program(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "forgetful")
    return forget();
  run_if_worker(&serve);
  if (what == "driver" && argc == 3)
    drive(std::atoi(argv[2]));
  std::puts("no worker");
  return 0;
}

} // namespace crema::net

int main(int argc, char** argv) {
  return crema::net::worker_program(argc, argv);
}
