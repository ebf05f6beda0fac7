#pragma once

#include "net/event_loop.hpp"
#include "net/jobs/worker_circle.hpp"
#include "net/jobs/worker_connection.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace crema::net {

/// The workers of a driver, wherever they run: those that are there, and those that can do a job together. What a
/// worker_set is made of. Thread-safe, but for what is said to be the loop's.
///
///     roster->add(connection);                     // a listed_worker, whose link will tell who knows whom
///     …
///     roster->lose(number, to_string(exit));       // it has ended: its shares hear why
class worker_roster : public std::enable_shared_from_this<worker_roster> {
public:
  /// `loop` is that of the workers' links; `wanted` is how many workers there shall be. `ready` is called when a worker
  /// can do a job for the first time, by what made it so.
  worker_roster(event_loop& loop, std::size_t wanted, std::function<void(int number)> ready = {})
      : loop_{loop}, wanted_{wanted}, ready_{std::move(ready)} {}

  void add(std::shared_ptr<worker_connection> connection);

  /// The worker is gone: the jobs that it takes part in hear why.
  void lose(int number, const std::string& why);

  /// No more workers will come, for this reason: nobody waits for them.
  void give_up(const std::string& why);

  /// Those that a job can use: they are there, and each is connected with all others. A job uses them for as long as it
  /// keeps these pointers.
  std::vector<std::shared_ptr<worker_connection>> members();

  /// The worker takes part in no more jobs. `unused` is called on the loop's thread, once or more, when none of those
  /// that run uses it.
  void retire(int number, std::function<void()> unused);

  /// Waits until there are as many as wanted, or no more will come; not longer than `patience`. Whether there is one.
  /// Throws unreachable, with the reason, where there is none and none will come.
  bool await(std::chrono::milliseconds patience) const;

  // The loop's thread's: what workers say (peer_message.hpp).

  void came(int number);
  void met(int one, int other);

  /// Two workers that both live and do not come together for two seconds cannot both stay: the one that takes part in
  /// no jobs, or else the younger one, is sent away, for this reason.
  void missed(int one, int other, const std::string& why);

private:
  struct listed {
    std::shared_ptr<worker_connection> connection;
    std::weak_ptr<worker_connection> used{};     ///< what jobs have
    std::function<void()> when_unused = nullptr; ///< of one that is retired
  };

  std::shared_ptr<worker_connection> use(listed& each);
  void released(int number);
  std::vector<int> usable() const;
  void note_members(std::unique_lock<std::mutex> lock);
  void part_for_good(int one, int other, const std::string& why);

  event_loop& loop_;
  const std::size_t wanted_;
  const std::function<void(int)> ready_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  worker_circle circle_;
  std::map<int, listed> listed_;
  std::set<int> ready_once_; ///< of those
  std::optional<std::string> given_up_;
};

/// A worker of a roster, which hears of who it knows.
class listed_worker : public worker_connection {
public:
  listed_worker(int number, const std::shared_ptr<worker_roster>& roster)
      : worker_connection{number}, roster_{roster} {}

protected:
  void told(const message& from_worker) override;

private:
  const std::weak_ptr<worker_roster> roster_;
};

} // namespace crema::net
