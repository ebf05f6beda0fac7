#include "net/launcher/worker_process.hpp"

#include "dataflow/error.hpp"
#include "net/launcher/handover.hpp"
#include "net/launcher/worker.hpp"
#include "net/packet_socket.hpp"
#include "net/stream.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <random>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace crema::net {

namespace {

// Out of the way of the numbers under which the worker finds them.
constexpr int first_free_descriptor = 16;

[[noreturn]] void fail(const std::string& doing, int code) {
  throw error{code == ENOENT ? errc::not_found : errc::io_failure,
              "cannot " + doing + ": " + std::generic_category().message(code)};
}

descriptor moved_away(descriptor from) {
  descriptor moved{::fcntl(from.get(), F_DUPFD_CLOEXEC, first_free_descriptor)};
  if (!moved)
    fail("start a worker", errno);
  return moved;
}

std::pair<descriptor, descriptor> pipe_ends() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    fail("start a worker", errno);
  return {descriptor{ends[0]}, descriptor{ends[1]}};
}

std::string new_secret() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string text;
  while (text.size() != worker_secret_length)
    text += digits[random() % digits.size()];
  return text;
}

/// Pointers to the texts, and a null behind them.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& each : texts)
    pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// What posix_spawn shall do in the child: the descriptors that it has, a process group, and signals as they are by
/// default.
class child_setup {
public:
  child_setup(const descriptor& lifeline, const descriptor& socket, const descriptor& output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output.get(), STDERR_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, lifeline.get(), lifeline_descriptor);
    ::posix_spawn_file_actions_adddup2(&actions_, socket.get(), parent_descriptor);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, parent_descriptor + 1);
    sigset_t signals;
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~child_setup() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  child_setup(const child_setup&) = delete;
  child_setup& operator=(const child_setup&) = delete;

  /// In the directory in which it shall work.
  void change_to(const std::string& directory) { ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()); }

  pid_t start(const std::string& executable, std::vector<std::string> arguments,
              std::vector<std::string> environment) const {
    const auto argv = pointers_to(arguments);
    auto envp = pointers_to(environment);
    envp.insert(envp.end() - 1, environ, environ + std::distance(environ, end_of(environ)));
    pid_t child = 0;
    const int problem = ::posix_spawn(&child, executable.c_str(), &actions_, &attributes_, argv.data(), envp.data());
    if (problem != 0)
      fail("start '" + executable + "'", problem);
    return child;
  }

private:
  static char** end_of(char** list) {
    while (*list != nullptr)
      ++list;
    return list;
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

} // namespace

std::vector<std::string> own_arguments() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  std::vector<std::string> arguments;
  for (std::string each; std::getline(file, each, '\0');)
    arguments.push_back(each);
  return arguments;
}

std::shared_ptr<worker_process> worker_process::start(io_loop& loop, const worker_command& command, on_end ended) {
  refuse_idle_worker();
  std::shared_ptr<worker_process> made{new worker_process{loop, std::move(ended)}};
  made->spawn(command);
  loop.run([made] { made->watch(); });
  return made;
}

void worker_process::spawn(const worker_command& command) {
  auto [lifeline, its_lifeline] = connected_sockets();
  auto [socket, its_socket] = packet_sockets();
  auto [output, its_output] = pipe_ends();
  const auto secret = new_secret();
  if (::send(lifeline.get(), secret.data(), secret.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(secret.size()))
    fail("start a worker", errno);
  oom_kills_before_ = oom_kills();
  auto environment = command.environment; // what stands first counts
  environment.push_back(std::string{worker_variable} + '=' + std::to_string(::getpid()) + ' ' + secret);
  const auto child_lifeline = moved_away(std::move(its_lifeline));
  const auto child_socket = moved_away(std::move(its_socket));
  const auto child_output = moved_away(std::move(its_output));
  child_setup setup{child_lifeline, child_socket, child_output};
  if (!command.directory.empty())
    setup.change_to(command.directory);
  guardian_ = setup.start(command.executable, command.arguments.empty() ? own_arguments() : command.arguments,
                          std::move(environment));
  ::fcntl(lifeline.get(), F_SETFL, O_NONBLOCK);
  lifeline_ = std::move(lifeline);
  socket_ = std::move(socket);
  output_ = std::make_shared<output_relay>(loop_, std::move(output), STDERR_FILENO, command.on_output);
}

worker_process::~worker_process() {
  if (guardian_ != 0 && lifeline_) { // the loop ended first
    end_guardian();
    ::waitpid(guardian_, nullptr, 0);
  }
}

void worker_process::kill() {
  loop_.run([self = shared_from_this()] {
    if (self->lifeline_)
      self->read_lifeline();
    if (self->lifeline_)
      self->end_guardian();
  });
}

/// It sees to all the rest. What is no guardian, or not one yet, has nothing to see to.
void worker_process::end_guardian() const {
  ::shutdown(lifeline_.get(), SHUT_WR); // and not close: a child that this process forked may have it, too
  if (worker_ == 0)
    ::kill(-guardian_, SIGKILL);
}

// -- the loop's thread ----------------------------------------------------------------------------------------------

void worker_process::watch() {
  lifeline_watched_ = loop_.watch(lifeline_.get(), EPOLLIN,
                                  [self = shared_from_this()](std::uint32_t /*events*/) { self->read_lifeline(); });
  output_->start();
}

void worker_process::read_lifeline() {
  guardian_report said{};
  for (;;) {
    const auto n = ::recv(lifeline_.get(), &said, sizeof said, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n != sizeof said)
      return finish();
    if (said.what == guardian_report::event::started) {
      worker_ = said.value;
    } else {
      end_ = exit_of(worker_, said.value);
      end_known_ = true;
    }
  }
}

/// The guardian is gone, and all that it guarded.
void worker_process::finish() {
  loop_.unwatch(lifeline_watched_);
  int status = 0;
  const bool reaped = ::waitpid(guardian_, &status, 0) == guardian_;
  if (reaped && WIFSIGNALED(status) && worker_ != 0)
    ::kill(-worker_, SIGKILL); // it could not do that any more
  if (!end_known_)             // nor say how the worker ended
    end_ = exit_of(worker_ == 0 ? guardian_ : worker_, worker_ == 0 && reaped ? status : SIGKILL);
  lifeline_.close();
  end_.started = worker_ != 0 || end_.signal != 0; // who was killed that early might have
  end_.out_of_memory = end_.signal == SIGKILL && oom_kills() > oom_kills_before_;
  end_.last_output = output_->finish();
  std::exchange(ended_, nullptr)(end_);
}

} // namespace crema::net
