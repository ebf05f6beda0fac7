#pragma once

#include "net/dial.hpp"
#include "net/io_loop.hpp"
#include "net/message_codec.hpp"
#include "net/messages.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace crema::net {

/// The version of crema, as processes tell each other.
std::string_view crema_version() noexcept;

/// What a part of a cluster has for all of its peers.
struct cluster_context {
  io_loop& loop;
  tls_context tls;
  std::string name; ///< of this process
  link_options links;
};

/// The other end of a link between the parts of a cluster: both sides introduce themselves, and either may ask to be
/// dialled back. What else they say is for who derives from it. On the loop's thread, but for
/// `open`.
class cluster_peer : public link_observer, public std::enable_shared_from_this<cluster_peer> {
public:
  explicit cluster_peer(std::shared_ptr<const cluster_context> here) : here_{std::move(here)} {}

  /// Opens the link and introduces this side, soon.
  void open(std::unique_ptr<stream> connection);

  /// False: the link holds enough, stop until `writable`; the message is taken all the same. Nothing happens once this
  /// side has finished or the link has ended.
  template <class Message>
  bool send(const Message& said) {
    return send_frame(to_frame(said));
  }
  bool send_frame(outgoing frame) { return !link_ || finished_here_ || link_->send(std::move(frame)); }

  /// Ends what this side has to say, or the connection at once, also before it is open.
  void finish();
  void reset(const std::string& reason);

  void ended(const link_end& how) override;

  void on(introduce said);
  void on(const dial_back& asked);

protected:
  virtual void introduced() {}

  /// The link has ended, and is no more.
  virtual void gone(const link_end& how) = 0;

  const std::optional<introduce>& peer() const noexcept { return peer_; }
  const cluster_context& here() const noexcept { return *here_; }
  bool connected() const noexcept { return link_ != nullptr; }

  /// Throws untrusted with both versions where the peer's is another, or where it has not introduced itself.
  void require_same_version() const;

private:
  const std::shared_ptr<const cluster_context> here_;
  std::shared_ptr<link> link_;
  bool finished_here_ = false;
  bool given_up_ = false; ///< by `reset`
  std::optional<introduce> peer_;
};

/// A peer that came to see whether it is understood, and one of which nothing else is expected.
class visitor final : public cluster_peer {
public:
  using cluster_peer::cluster_peer;
  void received(message from_peer) override { deliver<introduce, dial_back>(from_peer, *this); }

private:
  void gone(const link_end&) override {}
};

/// The wall clock, in nanoseconds since 1970.
std::int64_t wall_clock() noexcept;

} // namespace crema::net
