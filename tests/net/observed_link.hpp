#pragma once

#include "net/link.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace crema::net {

/// Remembers what a link says, and lets a test wait for it.
class observed : public link_observer {
public:
  void received(message from_peer) override {
    note([&] { messages_.push_back(std::move(from_peer)); });
  }
  void writable() override {
    note([&] { ++rooms_; });
  }
  void suspected(bool suspect) override {
    note([&] { suspect ? ++suspicions_ : ++trusts_; });
  }
  void finished() override {
    note([&] { finished_ = true; });
  }
  void ended(const link_end& how) override {
    note([&] {
      EXPECT_FALSE(end_) << "ended twice";
      end_ = how;
    });
  }

  /// The next message, when it has come.
  message take() {
    std::optional<message> taken;
    wait([&] { return !messages_.empty() || end_; });
    std::lock_guard lock{mutex_};
    if (messages_.empty())
      throw std::runtime_error{"the link ended: " + end_->reason};
    taken.emplace(std::move(messages_.front()));
    messages_.pop_front();
    return *std::move(taken);
  }

  void wait_for_messages(std::size_t n) {
    wait([&] { return messages_.size() >= n; });
  }
  void wait_for_room() {
    wait([&] { return rooms_ > 0; });
  }
  void wait_for_suspicion() {
    wait([&] { return suspicions_ > 0; });
  }
  void wait_for_finish() {
    wait([&] { return finished_; });
  }
  link_end end() {
    wait([&] { return end_.has_value(); });
    std::lock_guard lock{mutex_};
    return end_.value_or(link_end{});
  }

  std::size_t waiting() const {
    std::lock_guard lock{mutex_};
    return messages_.size();
  }
  bool has_ended() const {
    std::lock_guard lock{mutex_};
    return end_.has_value();
  }

private:
  template <class Change>
  void note(Change change) {
    std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }

  template <class Condition>
  void wait(Condition met) {
    std::unique_lock lock{mutex_};
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds{60}, met)) << "waited in vain";
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<message> messages_;
  int rooms_ = 0;
  int suspicions_ = 0;
  int trusts_ = 0;
  bool finished_ = false;
  std::optional<link_end> end_;
};

inline outgoing text_message(std::uint16_t kind, std::string_view text) {
  outgoing made{kind, {}, {}};
  made.head.put(text.data(), text.size());
  return made;
}

inline std::string text_of(const message& received) {
  return {reinterpret_cast<const char*>(received.payload().data()), received.payload().size()};
}

/// A message whose body is `bytes` long and shared.
inline outgoing block_message(std::uint16_t kind, std::size_t bytes) {
  auto body = std::make_shared<std::vector<std::byte>>(bytes, std::byte{0x5a});
  return {kind, {}, {body, *body}};
}

} // namespace crema::net
