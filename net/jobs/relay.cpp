#include "net/jobs/relay.hpp"

#include "actors/exchange.hpp"

#include <caf/actor_cast.hpp>

namespace crema::net {

namespace {

/// What `f` throws fails the job.
template <class Self, class F>
void attempt(Self* self, const relay_place& at, F&& f) {
  try {
    f();
  } catch (...) {
    self->send(at.supervisor, actors::task_failed{current_error({})});
  }
}

} // namespace

// -- receiver_relay -------------------------------------------------------------------------------------------------

void receiver_relay_state::begin(relay_place at, int task, std::shared_ptr<const input_codecs> codecs) {
  at_ = std::move(at);
  task_ = task;
  codecs_ = std::move(codecs);
}

void receiver_relay_state::send(actors::absorb_block& block) {
  const auto records = std::move(block.records);
  auto& sent = lines_[{block.input, block.producer}];
  sent.producer = caf::actor_cast<actors::block_sender>(self_->current_sender());
  sent.charges.push_back(actors::charge(*records));
  attempt(self_, at_, [&] {
    at_.peer->send(
      to_outgoing(send_block{at_.job, at_.stage, task_, block.input, block.producer}, [&](internal::byte_writer& out) {
        (*codecs_)[static_cast<std::size_t>(block.input)]->encode(*records, out);
      }));
  });
}

void receiver_relay_state::credit(const credit_returned& absorbed) {
  const auto at = lines_.find({absorbed.input, absorbed.producer});
  if (at == lines_.end() || at->second.charges.empty())
    return; // no worker of this executable says that
  auto& sent = at->second;
  self_->send(sent.producer, actors::grant_credit{task_, sent.charges.front()});
  sent.charges.pop_front();
  if (sent.charges.empty())
    lines_.erase(at);
}

receiver_relay_actor::behavior_type receiver_relay(receiver_relay_actor::stateful_pointer<receiver_relay_state> self,
                                                   relay_place at, int task,
                                                   std::shared_ptr<const input_codecs> codecs) {
  self->state.begin(std::move(at), task, std::move(codecs));
  return {
    [=](actors::absorb_block& block) { self->state.send(block); },
    [=](credit_returned absorbed) { self->state.credit(absorbed); },
  };
}

// -- sender_relay ---------------------------------------------------------------------------------------------------

void sender_relay_state::begin(relay_place at, int input, int producer, const internal::block_codec* codec,
                               actors::receivers tasks) {
  at_ = std::move(at);
  input_ = input;
  producer_ = producer;
  codec_ = codec;
  tasks_ = std::move(tasks);
}

void sender_relay_state::arrive(block_arrived& block) {
  const auto bytes = std::move(block.bytes);
  attempt(self_, at_, [&] {
    internal::byte_reader in{bytes->payload().subspan(block.offset)};
    self_->send((*tasks_)[static_cast<std::size_t>(block.task)],
                actors::absorb_block{input_, producer_, codec_->decode(in)});
  });
}

void sender_relay_state::credit(const actors::grant_credit& granted) {
  at_.peer->send(to_outgoing(return_credit{at_.job, at_.stage, granted.receiver, input_, producer_}));
}

sender_relay_actor::behavior_type sender_relay(sender_relay_actor::stateful_pointer<sender_relay_state> self,
                                               relay_place at, int input, int producer,
                                               const internal::block_codec* codec, actors::receivers tasks) {
  self->state.begin(std::move(at), input, producer, codec, std::move(tasks));
  return {
    [=](actors::grant_credit granted) { self->state.credit(granted); },
    [=](block_arrived& block) { self->state.arrive(block); },
  };
}

} // namespace crema::net
