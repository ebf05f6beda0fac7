#pragma once

#include "actors/interfaces.hpp"
#include "dataflow/block/block_codec.hpp"
#include "net/jobs/job_message.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

// The two ends of an exchange between workers. On the producers' side a receiver_relay stands for a task elsewhere: it
// writes their blocks. On the consumers' side a sender_relay stands for a producer elsewhere: it reads them. Partitions
// do not know the difference.
//
//     partition ──absorb_block──▶ receiver_relay ══send_block═══▶ sender_relay ──absorb_block──▶ partition
//         ◀──────grant_credit───────            ◀══return_credit══            ◀──grant_credit────

namespace crema::net {

/// The oldest block of `producer` that was not absorbed yet is.
struct credit_returned {
  using local_message = void;
  int input = 0;
  int producer = 0;
};

using receiver_relay_actor = actors::block_receiver::extend<
  // From its worker's job, when the other worker has said so.
  caf::reacts_to<credit_returned>>;

/// The codecs of a stage's blocks, by input.
using input_codecs = std::vector<const internal::block_codec*>;

/// Where a relay is: a link to the other worker, and whose task it is about.
struct relay_place {
  std::shared_ptr<link> peer;
  actors::supervisor_actor supervisor; ///< hears of blocks that cannot be written or read
  std::uint64_t job = 0;
  int stage = 0; ///< the consumer
};

class receiver_relay_state {
public:
  static inline const char* name = "crema.receiver_relay";

  explicit receiver_relay_state(receiver_relay_actor::pointer self) : self_{self} {}

  void begin(relay_place at, int task, std::shared_ptr<const input_codecs> codecs);
  void send(actors::absorb_block& block);
  void credit(const credit_returned& absorbed);

private:
  /// The blocks of one producer that are on their way.
  struct line {
    actors::block_sender producer;
    std::deque<std::size_t> charges;
  };

  receiver_relay_actor::pointer self_;
  relay_place at_;
  int task_ = 0;
  std::shared_ptr<const input_codecs> codecs_;
  std::map<std::pair<int, int>, line> lines_; ///< by input and producer
};

receiver_relay_actor::behavior_type receiver_relay(receiver_relay_actor::stateful_pointer<receiver_relay_state> self,
                                                   relay_place at, int task,
                                                   std::shared_ptr<const input_codecs> codecs);

/// A block for one of the tasks here.
struct block_arrived {
  using local_message = void;
  int task = 0;
  std::shared_ptr<message> bytes;
  std::size_t offset = 0; ///< of the block
};

using sender_relay_actor = actors::block_sender::extend<
  // From its worker's job.
  caf::reacts_to<block_arrived>>;

class sender_relay_state {
public:
  static inline const char* name = "crema.sender_relay";

  explicit sender_relay_state(sender_relay_actor::pointer self) : self_{self} {}

  void begin(relay_place at, int input, int producer, const internal::block_codec* codec, actors::receivers tasks);
  void arrive(block_arrived& block);
  void credit(const actors::grant_credit& granted);

private:
  sender_relay_actor::pointer self_;
  relay_place at_;
  int input_ = 0;
  int producer_ = 0;
  const internal::block_codec* codec_ = nullptr;
  actors::receivers tasks_;
};

sender_relay_actor::behavior_type sender_relay(sender_relay_actor::stateful_pointer<sender_relay_state> self,
                                               relay_place at, int input, int producer,
                                               const internal::block_codec* codec, actors::receivers tasks);

} // namespace crema::net
