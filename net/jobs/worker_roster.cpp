#include "net/jobs/worker_roster.hpp"

#include "dataflow/error.hpp"
#include "net/jobs/peer_message.hpp"

#include <algorithm>
#include <utility>

namespace crema::net {

namespace {

// So long it may take until the driver hears that a worker is gone which another one misses.
constexpr std::chrono::seconds grace{2};

} // namespace

void worker_roster::add(std::shared_ptr<worker_connection> connection) {
  std::lock_guard lock{mutex_};
  const int number = connection->number();
  listed_.insert_or_assign(number, listed{std::move(connection)});
}

void worker_roster::lose(int number, const std::string& why) {
  std::unique_lock lock{mutex_};
  const auto gone = listed_.extract(number);
  circle_.left(number);
  ready_once_.erase(number);
  note_members(std::move(lock));
  if (gone)
    gone.mapped().connection->lose(why);
}

void worker_roster::give_up(const std::string& why) {
  std::lock_guard lock{mutex_};
  given_up_ = why;
  changed_.notify_all();
}

std::vector<std::shared_ptr<worker_connection>> worker_roster::members() {
  std::vector<std::shared_ptr<worker_connection>> found;
  std::lock_guard lock{mutex_};
  for (const int number : usable())
    found.push_back(use(listed_.at(number)));
  return found;
}

std::vector<int> worker_roster::usable() const {
  auto numbers = circle_.members();
  std::erase_if(numbers, [this](int each) { return listed_.at(each).when_unused != nullptr; });
  return numbers;
}

std::shared_ptr<worker_connection> worker_roster::use(listed& each) {
  if (auto used = each.used.lock())
    return used;
  const std::shared_ptr<worker_connection> made{
    each.connection.get(), [held = each.connection, roster = weak_from_this()](const worker_connection*) {
      if (const auto self = roster.lock())
        self->released(held->number());
    }};
  each.used = made;
  return made;
}

void worker_roster::released(int number) {
  std::lock_guard lock{mutex_};
  if (const auto found = listed_.find(number);
      found != listed_.end() && found->second.when_unused && found->second.used.expired())
    loop_.run(found->second.when_unused);
}

void worker_roster::retire(int number, std::function<void()> unused) {
  std::lock_guard lock{mutex_};
  const auto found = listed_.find(number);
  if (found == listed_.end())
    return;
  found->second.when_unused = std::move(unused);
  changed_.notify_all();
  if (found->second.used.expired())
    loop_.run(found->second.when_unused);
}

bool worker_roster::await(std::chrono::milliseconds patience) const {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, patience, [&] { return usable().size() >= wanted_ || given_up_; });
  if (!usable().empty())
    return true;
  if (given_up_)
    throw error{errc::unreachable, "no worker is left to run the job: " + *given_up_};
  return false;
}

// -- the loop's thread ----------------------------------------------------------------------------------------------

void worker_roster::came(int number) {
  std::unique_lock lock{mutex_};
  if (listed_.contains(number))
    circle_.came(number);
  note_members(std::move(lock));
}

void worker_roster::met(int one, int other) {
  std::unique_lock lock{mutex_};
  if (listed_.contains(one) && listed_.contains(other))
    circle_.met(one, other);
  note_members(std::move(lock));
}

void worker_roster::missed(int one, int other, const std::string& why) {
  std::unique_lock lock{mutex_};
  if (!listed_.contains(one) || !listed_.contains(other))
    return;
  circle_.parted(one, other);
  note_members(std::move(lock));
  loop_.call_at(loop_.now() + grace, [weak = weak_from_this(), one, other, why] {
    if (const auto self = weak.lock())
      self->part_for_good(one, other, why);
  });
}

void worker_roster::part_for_good(int one, int other, const std::string& why) {
  std::unique_lock lock{mutex_};
  if (!listed_.contains(one) || !listed_.contains(other) || circle_.knows(one, other))
    return;
  const auto [older, younger] = std::minmax(one, other);
  const auto goes = listed_.at(circle_.contains(younger) ? older : younger).connection;
  lock.unlock();
  goes->reset(why);
}

/// Tells those who wait, and of those who are ready for the first time.
void worker_roster::note_members(std::unique_lock<std::mutex> lock) {
  std::vector<int> first_time;
  for (const int each : circle_.members())
    if (ready_once_.insert(each).second)
      first_time.push_back(each);
  changed_.notify_all();
  lock.unlock();
  if (ready_)
    for (const int each : first_time)
      ready_(each);
}

namespace {

/// What worker `number` says.
struct sayings {
  worker_roster& roster;
  int number;

  void on(const greet&) { roster.came(number); }
  void on(const peer_met& said) { roster.met(number, said.number); }
  void on(const peer_missed& said) { roster.missed(number, said.number, said.why); }
};

} // namespace

void listed_worker::told(const message& from_worker) {
  const auto roster = roster_.lock();
  if (!roster)
    return;
  sayings to{*roster, number()};
  deliver<greet, peer_met, peer_missed>(from_worker, to);
}

} // namespace crema::net
