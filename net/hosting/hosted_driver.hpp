#pragma once

#include "net/cluster_peer.hpp"
#include "net/hosting/workplace.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace crema::net {

/// A driver that a node works for, at the other end of its link. On the loop's thread.
class hosted_driver final : public cluster_peer {
public:
  using on_log = std::function<void(const std::string& line)>;

  hosted_driver(std::shared_ptr<const cluster_context> here, host& at, on_log log)
      : cluster_peer{std::move(here)}, host_{at}, log_{std::move(log)} {}

  /// The node ends: nothing is logged any more.
  void leave(const std::string& why) {
    log_ = nullptr;
    reset(why);
  }

  void received(message from_peer) override;
  void writable() override { listens_ = true; }
  void finished() override;

  using cluster_peer::on;
  void on(const offer_executable& said);
  void on(const offer_file& said);
  void on(const start_worker& said);
  void on(const stop_worker& said);

private:
  void gone(const link_end& how) override;

  template <class Work>
  void slowly(Work work);
  void answer(const node_answer& said);
  void tell(worker_printed said);
  void finish_when_idle();
  void log(const std::string& what) const;

  host& host_;
  on_log log_;
  std::shared_ptr<workplace> place_; ///< once it has offered an executable
  bool leaving_ = false;
  bool listens_ = true;      ///< as fast as its workers print
  std::uint64_t missed_ = 0; ///< bytes of what they printed
};

} // namespace crema::net
