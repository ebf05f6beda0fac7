#include "net/tls_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <utility>

namespace crema::net {

namespace {

// What one TLS record holds; larger pieces are encrypted from where they are.
constexpr std::size_t record_bytes = 16 << 10;
constexpr std::size_t records_at_once = 16;

/// The bytes of some pieces, a record's worth at a time.
class record_cutter {
public:
  explicit record_cutter(std::span<const iovec> pieces) : pieces_{pieces} { skip_empty(); }

  bool done() const noexcept { return pieces_.empty(); }

  /// The next bytes: in place where a piece has enough of them, else joined in `scratch`.
  std::span<const std::byte> next(std::array<std::byte, record_bytes>& scratch) const {
    auto piece = rest_of(pieces_.front(), taken_);
    if (piece.size() >= record_bytes || pieces_.size() == 1)
      return piece.first(std::min(piece.size(), record_bytes));
    std::size_t joined = 0;
    for (std::size_t i = 0; i != pieces_.size() && joined != record_bytes; ++i) {
      piece = rest_of(pieces_[i], i == 0 ? taken_ : 0);
      const auto n = std::min(piece.size(), record_bytes - joined);
      std::copy_n(piece.begin(), n, scratch.begin() + joined);
      joined += n;
    }
    return std::span{scratch}.first(joined);
  }

  void take(std::size_t n) {
    taken_ += n;
    skip_empty();
  }

private:
  static std::span<const std::byte> rest_of(const iovec& piece, std::size_t taken) {
    return std::span{static_cast<const std::byte*>(piece.iov_base), piece.iov_len}.subspan(taken);
  }

  void skip_empty() {
    while (!pieces_.empty() && taken_ >= pieces_.front().iov_len) {
      taken_ -= pieces_.front().iov_len;
      pieces_ = pieces_.subspan(1);
    }
  }

  std::span<const iovec> pieces_;
  std::size_t taken_ = 0; ///< of the first piece
};

class tls_stream final : public stream {
public:
  tls_stream(ssl_ptr ssl, descriptor socket) : socket_{std::move(socket)}, ssl_{std::move(ssl)} {}

  int native_handle() const noexcept override { return socket_.get(); }

  result read(std::span<std::byte> into) override {
    result got;
    ::ERR_clear_error();
    const int status = ::SSL_read_ex(ssl_.get(), into.data(), into.size(), &got.bytes);
    read_wants_output_ = false;
    if (status == 1)
      return got;
    switch (::SSL_get_error(ssl_.get(), status)) {
    case SSL_ERROR_WANT_WRITE:
      read_wants_output_ = true;
      [[fallthrough]];
    case SSL_ERROR_WANT_READ:
      return {.bytes = 0, .blocked = true};
    case SSL_ERROR_ZERO_RETURN:
      return {.bytes = 0, .blocked = false, .ended = true};
    default:
      fail(status);
    }
  }

  result write(std::span<const iovec> pieces) override {
    result put;
    record_cutter rest{pieces};
    for (std::size_t records = 0; records != records_at_once && !rest.done(); ++records) {
      const auto bytes = rest.next(joined_);
      std::size_t n = 0;
      ::ERR_clear_error();
      if (const int status = ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n); status != 1) {
        const int why = ::SSL_get_error(ssl_.get(), status);
        put.blocked = why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ;
        if (put.blocked)
          break;
        fail(status);
      }
      put.bytes += n;
      rest.take(n);
    }
    return put;
  }

  bool buffered() const noexcept override { return ::SSL_has_pending(ssl_.get()) == 1; }
  bool read_wants_output() const noexcept override { return read_wants_output_; }

  void finish() noexcept override {
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    ::shutdown(socket_.get(), SHUT_WR);
  }

  void abort() noexcept override { reset_on_close(socket_.get()); }

private:
  /// Both sides have proved themselves: whatever is wrong now, the network has done.
  [[noreturn]] void fail(int status) const {
    const auto why = tls_failure(*ssl_, status);
    if (why.code() == errc::unreachable)
      throw why;
    throw error{errc::unreachable, "the connection broke: bytes were changed on their way (" + why.text() + ')'};
  }

  descriptor socket_;
  ssl_ptr ssl_; // before its socket
  bool read_wants_output_ = false;
  std::array<std::byte, record_bytes> joined_;
};

bool is_alert(int reason) {
  return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}

} // namespace

std::unique_ptr<stream> make_tls_stream(ssl_ptr ssl, descriptor socket) {
  return std::make_unique<tls_stream>(std::move(ssl), std::move(socket));
}

error tls_failure(const SSL& ssl, int result) {
  const int kind = ::SSL_get_error(&ssl, result);
  const int broken = errno;
  const int reason = ERR_GET_REASON(::ERR_peek_last_error());
  if (kind == SSL_ERROR_ZERO_RETURN || (kind == SSL_ERROR_SSL && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
    ::ERR_clear_error();
    return {errc::unreachable, "the peer closed the connection"};
  }
  if (kind == SSL_ERROR_SYSCALL)
    return {errc::unreachable, std::string{"the connection broke: "} + std::strerror(broken)};
  if (reason == SSL_R_TLSV1_UNRECOGNIZED_NAME) {
    ::ERR_clear_error();
    return {errc::unreachable, "there is no such worker"};
  }
  if (is_alert(reason)) {
    const auto text = openssl_reason();
    return {errc::untrusted, "the peer refused this side, and its log says why (" + text + ")"};
  }
  switch (reason) {
  case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    ::ERR_clear_error();
    return {errc::untrusted, "the peer shows no certificate"};
  case SSL_R_UNSUPPORTED_PROTOCOL:
    ::ERR_clear_error();
    return {errc::untrusted, "the peer speaks no TLS 1.3"};
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_HTTP_REQUEST:
    ::ERR_clear_error();
    return {errc::untrusted, "the peer does not speak TLS"};
  default:
    return {errc::untrusted, "the peer's TLS is refused: " + openssl_reason()};
  }
}

} // namespace crema::net
