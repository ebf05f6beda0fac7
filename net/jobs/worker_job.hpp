#pragma once

#include "actors/stage.hpp"
#include "net/jobs/job_message.hpp"
#include "net/jobs/relay.hpp"
#include "net/jobs/worker_call.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crema::internal {
struct worker_resources;
class store_registry;
} // namespace crema::internal

namespace crema::net {

/// A message about a job has come, from the driver or from another worker.
struct job_message_arrived {
  using local_message = void;
  int from = 0; ///< a worker's number, or `from_driver`
  std::shared_ptr<message> bytes;
};

/// The driver is gone: nobody waits for anything any more.
struct driver_lost {
  using local_message = void;
};

/// The connection to another worker is gone, and what was to come by it will not.
struct peer_lost {
  using local_message = void;
  int number = 0;
};

/// It is still gone, and the driver has not ended the job for that.
struct peer_given_up {
  using local_message = void;
  int number = 0;
};

using worker_job_actor = actors::supervisor_actor::extend<
  // From the links of this worker.
  caf::reacts_to<job_message_arrived>, caf::reacts_to<driver_lost>, caf::reacts_to<peer_lost>,
  // INTERNAL: some time after a peer was lost.
  caf::reacts_to<peer_given_up>>;

/// What the jobs of a worker share. Thread-safe; outlives them.
class worker_peers {
public:
  virtual ~worker_peers() = default;
  virtual int number() const noexcept = 0; ///< of this worker
  virtual actors::slot_counts slots() const noexcept = 0;
  virtual const std::shared_ptr<link>& driver() const noexcept = 0;
  /// Null where there is no link to worker `number` any more.
  virtual std::shared_ptr<link> peer(int number) = 0;
  virtual const std::shared_ptr<internal::worker_resources>& resources() const noexcept = 0;
  virtual const std::shared_ptr<internal::store_registry>& caches() const noexcept = 0;
  /// Job `job` is over here; nothing more comes from it.
  virtual void job_over(std::uint64_t job) = 0;
};

/// One job in one worker: has the shares of stages run that the driver asks for, stands for the driver to them, and for
/// the job's partitions on other workers to those here. It decides nothing.
///
///     begin_plan ──▶ running ──end_plan──▶ stopping ──all shares down──▶ over
class worker_job_state {
public:
  static inline const char* name = "crema.worker_job";

  explicit worker_job_state(worker_job_actor::pointer self) : self_{self} {}

  void configure(std::uint64_t job, worker_peers* worker) noexcept;

  // From the links.
  void handle(job_message_arrived& arrived);
  void lose(const peer_lost& lost);
  void miss(const peer_given_up& lost);
  void end();

  // From stages and partitions.
  void open(actors::stage_opened& opened);
  void send(actors::result_block& result);
  void finish(actors::task_done& done);
  void fail(const error& why);
  void advance(const actors::share_advanced& progress);
  void say(const actors::stage_at_barrier& reached);
  void share_down(const caf::down_msg& down);

  bool over() const noexcept { return stopping_ && live_.empty(); }
  void leave();

private:
  using task_key = std::pair<int, int>; ///< stage, task

  struct share {
    actors::share_actor actor;
    actors::receivers partitions; ///< of the share, by place
    std::vector<int> tasks;
    actors::receivers here;                   ///< the same by task of the whole stage, null elsewhere
    actors::receivers everyone;               ///< relays for those elsewhere
    std::vector<receiver_relay_actor> relays; ///< by task; null here
    int missing = 0;                          ///< stored partitions that are fetched before it runs
    int live = 0;                             ///< its stage actor, or what that left when it died
    bool open = false;                        ///< the driver waits for its end
  };

  /// An actor of a share; `partitions` are those of a stage actor.
  struct live_actor {
    int stage = 0;
    std::shared_ptr<std::vector<actors::partition_actor>> partitions;
  };

  /// A partition that another worker has stored, block after block.
  struct arriving {
    std::shared_ptr<internal::block_queue> blocks;
    int keeper = 0;
  };

  template <class F>
  void attempt(F&& f);
  void fail(int stage, const error& why);
  int any_open_share() const;
  void tell_missing_peers();
  void end_share(int stage);
  void begin(internal::byte_reader& in);
  void dispatch(int from, const std::shared_ptr<message>& bytes, internal::byte_reader& in);
  void start(int stage, internal::byte_reader& in);
  void run(int stage);
  const internal::node& root_of(int stage, int root) const;
  void fetch(int stage, int root, int partition, int keeper);
  void give(const fetch_block& wanted);
  void keep(const kept_block& numbers, internal::byte_reader& in);
  void stop(int stage);
  void arrive(int from, const send_block& numbers, block_arrived block);
  actors::receivers receivers_of(int stage);
  std::shared_ptr<const input_codecs> codecs_of(int stage) const;
  relay_place place_of(int stage, int worker);
  const internal::stage& planned(int stage) const;
  share& share_of(int stage);
  template <class Message>
  void tell(Message numbers) {
    worker_->driver()->send(to_outgoing(numbers));
  }

  worker_job_actor::pointer self_;
  worker_peers* worker_ = nullptr;
  std::uint64_t job_ = 0;
  std::vector<int> workers_; ///< of the job, by host
  std::size_t host_ = 0;
  std::unique_ptr<internal::plan_run> run_; ///< outlives the shares
  std::optional<error> unreadable_;         ///< why there is none
  std::vector<share> shares_;               ///< by stage
  std::unordered_map<caf::actor_id, live_actor> live_;
  std::map<std::tuple<int, int, int>, sender_relay_actor> senders_; ///< by consumer, input, producer
  std::map<std::tuple<int, int, int>, arriving> fetched_;           ///< by stage, root, partition
  std::map<task_key, std::deque<internal::credit_token>> unread_;   ///< of result blocks
  std::set<int> missing_peers_;
  bool stopping_ = false;
};

worker_job_actor::behavior_type worker_job(worker_job_actor::stateful_pointer<worker_job_state> self, std::uint64_t job,
                                           worker_peers* worker);

} // namespace crema::net
