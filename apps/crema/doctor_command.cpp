#include "apps/crema/commands.hpp"
#include "apps/crema/exit_status.hpp"
#include "apps/crema/time_text.hpp"
#include "dataflow/error.hpp"
#include "net/cluster_peer.hpp"
#include "net/listener.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <future>

namespace crema::command {

namespace {

using namespace std::chrono_literals;
using namespace crema::net;

constexpr auto patience = 5s;
constexpr auto tolerated_clock_difference = 10s;

/// This side of the link to whoever is examined.
class examiner final : public cluster_peer {
public:
  using cluster_peer::cluster_peer;

  void received(message from_peer) override { deliver<introduce, dialled_back>(from_peer, *this); }

  using cluster_peer::on;
  void on(const dialled_back& said) { way_back_.set_value(said.failure); }

  /// What it says of itself, and how far its clock is ahead. Throws unreachable where it says nothing.
  std::pair<introduce, std::chrono::nanoseconds> introduction() { return waited_for(introduced_); }

  /// Whether it can reach that address: why not, or "".
  std::string way_back_to(const address& where) {
    here().loop.run([this, self = shared_from_this(), where] { send(dial_back{where}); });
    return waited_for(way_back_);
  }

  /// Says goodbye, and waits until the other side has heard it.
  void leave() {
    here().loop.run([this, self = shared_from_this()] { finish(); });
    left_.get_future().wait_for(patience);
  }

private:
  template <class T>
  static T waited_for(std::promise<T>& promise) {
    auto future = promise.get_future();
    if (future.wait_for(2 * patience) != std::future_status::ready)
      throw error{errc::unreachable, "no answer"};
    return future.get();
  }

  void introduced() override {
    introduced_.set_value({*peer(), std::chrono::nanoseconds{peer()->clock - wall_clock()}});
  }
  void gone(const link_end& how) override {
    left_.set_value();
    const auto lost = std::make_exception_ptr(error{errc::unreachable, "the connection ended: " + how.reason});
    for (auto fail : {+[](examiner&e, std::exception_ptr why) { e.introduced_.set_exception(why); },
                      +[](examiner&e, std::exception_ptr why) { e.way_back_.set_exception(why); }})
      try {
        fail(*this, lost);
      } catch (const std::future_error&) {
        // it had said that much
      }
  }

  std::promise<std::pair<introduce, std::chrono::nanoseconds>> introduced_;
  std::promise<std::string> way_back_;
  std::promise<void> left_;
};

/// Prints a line for each finding; the status of the first that is bad.
class report {
public:
  void good(const char* what, const std::string& text) { print(what, "ok", text); }
  void bad(const char* what, const std::string& text, int status) {
    print(what, "FAILED", text);
    status_ = status_ == done ? status : status_;
  }
  int status() const noexcept { return status_; }

private:
  static void print(const char* what, const char* verdict, const std::string& text) {
    std::printf("%-8s %-7s %s\n", what, verdict, text.c_str());
    std::fflush(stdout);
  }

  int status_ = done;
};

std::string milliseconds_text(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

/// The address of this machine that it sees from there, by the way that packets to it take.
address address_towards(const address& where) {
  auto to = look_up(where, patience).front();
  const descriptor probe{::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  socket_address own;
  own.length = sizeof own.storage;
  if (::connect(probe.get(), to.get(), to.length) != 0 || ::getsockname(probe.get(), own.get(), &own.length) != 0)
    throw error{errc::unreachable, "no way leads to " + to_string(where)};
  return {to_address(own).host, 0};
}

void examine(examiner& peer, io_loop& loop, const tls_context& tls, const address& where, report& findings) {
  const auto [said, ahead] = peer.introduction();
  if (said.version == crema_version())
    findings.good("version", "crema " + said.version + " on both sides");
  else
    findings.bad("version", "crema " + said.version + " there, " + std::string{crema_version()} + " here", refused);
  if (std::chrono::abs(ahead) <= tolerated_clock_difference)
    findings.good("clock", milliseconds_text(ahead) + " ahead of this one, the way included");
  else
    findings.bad(
      "clock", milliseconds_text(ahead) + " ahead of this one: set the clocks, or certificates may not count", failed);
  const auto here = std::make_shared<const cluster_context>(cluster_context{loop, tls, "crema doctor", {}});
  const listener door{
    loop,
    tls,
    listen_at(address_towards(where)),
    {.expected = {role::controller, role::node}},
    [here](listener::accepted caller) { std::make_shared<visitor>(here)->open(std::move(caller.connection)); },
    {}};
  const auto failure = peer.way_back_to(door.where());
  if (failure.empty())
    findings.good("back", "it reaches this machine at " + to_string(door.where()));
  else
    findings.bad("back", "it cannot reach this machine: " + failure, unreachable);
}

int doctor(const address& where, const std::string& profile_name) {
  report findings;
  const char* step = "keys";
  try {
    const tls_context tls{profile::open(profile_name).keys(role::driver)};
    findings.good(step, "those of profile " + profile_name + " count");
    step = "connect";
    io_loop loop;
    const auto begin = std::chrono::steady_clock::now();
    auto reached = dial(loop, tls, where, {role::controller, role::node}, patience);
    findings.good(step, "a " + std::string{name(reached.peer.is)} + " answers, after "
                          + milliseconds_text(std::chrono::steady_clock::now() - begin)
                          + "; its certificate counts until " + date_text(reached.peer.valid_until));
    step = "talk";
    const auto here = std::make_shared<const cluster_context>(cluster_context{loop, tls, "crema doctor", {}});
    const auto peer = std::make_shared<examiner>(here);
    peer->open(std::move(reached.connection));
    examine(*peer, loop, tls, where, findings);
    peer->leave();
  } catch (const error& e) {
    findings.bad(step, e.text(), exit_status(e.code()));
  }
  return findings.status();
}

} // namespace

void add_doctor(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("doctor", "Says what is wrong with a connection");
  document(*command,
           "Looks at a controller or a node from here: the name, the port, the keys on both sides, the versions, the "
           "clocks, and the way back. One line each; what fails first gives the exit status.");
  const auto where = std::make_shared<std::string>();
  const auto profile = std::make_shared<std::string>("default");
  command->add_option("HOST:PORT", *where, "of a controller or a node")->required();
  command->add_option("--profile", *profile, "whose keys to use")->envname("CREMA_PROFILE")->capture_default_str();
  command->callback([&chosen, where, profile] { chosen = [=] { return doctor(parse_address(*where), *profile); }; });
}

} // namespace crema::command
