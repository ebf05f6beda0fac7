#pragma once

#include "actors/messages.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <vector>

// The protocols of all actors of one process, on one page.
//
//     driver ──spawns──▶ stage ──spawns──▶ partition ──absorb_block──▶ partition of the consuming stage
//        ▲                 ▲                │  │  ▲                        │
//        │                 └─barrier_reached┘  │  └──────grant_credit──────┘
//        └──result_block, task_done, task_failed, share_lost
//
// A stage's tasks are divided among the hosts of the job; each share is run by a stage actor of its own (see
// stage_host.hpp). Tasks are named by their index in the whole stage everywhere.
//
// An actor watches those it spawned: a partition that is over ends, and its end gives its slot back. An exit message
// stops an actor and all below it; once it is down, nothing of its part of the job is left.

namespace crema::actors {

/// Takes the blocks of an exchange: a partition, or what stands here for one elsewhere.
using block_receiver = caf::typed_actor<
  // From a producing partition: take this block. Answered with grant_credit once it is absorbed.
  caf::reacts_to<absorb_block>>;

/// The receivers of a stage's blocks, by task.
using receivers = std::shared_ptr<const std::vector<block_receiver>>;

/// Sends blocks: a partition, or what stands here for one elsewhere.
using block_sender = caf::typed_actor<
  // From a receiver of its blocks, or from whoever kept a result block: so many bytes may be sent again.
  caf::reacts_to<grant_credit>>;

/// Runs one task.
using partition_actor =
  caf::typed_actor<caf::reacts_to<absorb_block>, caf::reacts_to<grant_credit>,
                   // From its stage: the task has a slot and may produce.
                   caf::reacts_to<produce>,
                   // From its stage: so many producers of an input are done; all of all inputs means that the input is
                   // complete.
                   caf::reacts_to<producers_done>,
                   // From its stage: what all tasks at the barrier agreed on. The task has a slot again.
                   caf::reacts_to<resolve_barrier>,
                   // INTERNAL: the next slice of the task.
                   caf::reacts_to<step_again>>;

struct stage_opened {
  using local_message = void;
  int stage = 0;
  int share = 0;
  receivers partitions; ///< of the share; null where they are out of reach
};

/// Runs a share of the tasks of one stage, here or elsewhere.
using share_actor = caf::typed_actor<
  // From its supervisor, for all partitions of this share.
  caf::reacts_to<producers_done>,
  // From its supervisor: what all partitions of the stage agreed on; they may go on as slots allow.
  caf::reacts_to<barrier_agreed>>;

/// Runs a share of the tasks of one stage by partitions of its own.
using stage_actor = share_actor::extend<
  // From a partition: it waits for the others, with what it has to say to them. Its slot is free.
  caf::reacts_to<barrier_reached>>;

/// Has stages run and hears from them and their partitions: the driver, or what stands for it where they are.
using supervisor_actor = caf::typed_actor<
  // From a share of a consuming stage: its partitions exist. Once those of all shares do, its producers may start.
  caf::reacts_to<stage_opened>,
  // From a partition of the last stage: a block of the result.
  caf::reacts_to<result_block>,
  // From a partition: its task has emitted everything; here it is, to be committed and destroyed.
  caf::reacts_to<task_done>,
  // From a partition or a stage: the job cannot go on.
  caf::reacts_to<task_failed>,
  // From a stage: more of its partitions have ended.
  caf::reacts_to<share_advanced>,
  // From a stage: one of its partitions waits at the barrier.
  caf::reacts_to<stage_at_barrier>>;

/// Runs one job.
using driver_actor = supervisor_actor::extend<
  // From the engine: the job, once.
  caf::reacts_to<run_job>,
  // From the engine: the job's caller wants it to end.
  caf::reacts_to<cancel_job>,
  // From a share: its host, or another one that it needs, is lost. The job is run again elsewhere.
  caf::reacts_to<share_lost>,
  // INTERNAL: all stages are down, and everything that they sent before has been seen.
  caf::reacts_to<end_attempt>,
  // INTERNAL: there was no host; is there one now?
  caf::reacts_to<look_for_hosts>>;

} // namespace crema::actors
