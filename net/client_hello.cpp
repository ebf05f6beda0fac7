#include "net/client_hello.hpp"

#include "dataflow/error.hpp"
#include "net/openssl.hpp"
#include "net/tls_stream.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace crema::net {

namespace {

// A record's header, and the header of the message in it.
constexpr std::size_t record_head_bytes = 5;
constexpr std::size_t both_head_bytes = record_head_bytes + 4;
constexpr std::size_t max_hello_bytes = 16 << 10;

using head = std::array<unsigned char, both_head_bytes>;

std::size_t bytes_of_record(const head& h) {
  return record_head_bytes + (std::size_t{h[3]} << 8 | h[4]);
}

std::size_t hello_bytes(const head& h) {
  return std::size_t{h[6]} << 16 | std::size_t{h[7]} << 8 | h[8];
}

/// What lies in the socket, at most as many bytes as `into` has.
std::size_t peek(int socket, std::span<unsigned char> into) {
  const auto n = ::recv(socket, into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    throw error{errc::unreachable, std::string{"the connection broke: "} + std::strerror(errno)};
  if (n == 0)
    throw error{errc::unreachable, "the peer closed the connection before it said a word"};
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

/// Readable, from here on, when so many bytes are there: what has come does not wake anybody again.
void wake_at(int socket, std::size_t bytes) noexcept {
  const int least = static_cast<int>(bytes);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

/// The end of what the peer says wakes whatever is there, so those who wait for more would never sleep.
void require_more(int socket) {
  pollfd state{socket, POLLRDHUP, 0};
  if (::poll(&state, 1, 0) > 0)
    throw error{errc::unreachable, "the peer closed the connection within its first words"};
}

/// Whether the hello ends where its record does: the rest of the record is all there is to wait for.
bool in_one_record(const head& h) {
  return record_head_bytes + 4 + hello_bytes(h) <= bytes_of_record(h)
         && bytes_of_record(h) <= max_hello_bytes + both_head_bytes;
}

/// Called by OpenSSL when it has read a hello; it need not go on.
int note_name(SSL* ssl, int* /*alert*/, void* /*unused*/) {
  if (const char* name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
    *static_cast<std::string*>(SSL_get_app_data(ssl)) = name;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Has no keys, and never answers anybody.
SSL_CTX& reader() {
  static const std::unique_ptr<SSL_CTX, openssl_free<SSL_CTX_free>> made = [] {
    std::unique_ptr<SSL_CTX, openssl_free<SSL_CTX_free>> context{::SSL_CTX_new(::TLS_server_method())};
    ::SSL_CTX_set_tlsext_servername_callback(context.get(), &note_name);
    return context;
  }();
  return *made;
}

} // namespace

void wait_for_hello(int socket) noexcept {
  wake_at(socket, both_head_bytes);
}

bool hello_has_come(int socket, hello_part part) {
  head h{};
  const auto n = peek(socket, h);
  if (n > 0 && h[0] != SSL3_RT_HANDSHAKE)
    throw error{errc::untrusted, "the peer does not speak TLS"};
  if (n < both_head_bytes)
    return require_more(socket), false;
  if (h[5] != SSL3_MT_CLIENT_HELLO || hello_bytes(h) > max_hello_bytes)
    throw error{errc::untrusted, "the peer begins with a TLS message of type " + std::to_string(h[5]) + " and "
                                   + std::to_string(hello_bytes(h)) + " bytes, which is no client's hello"};
  if (part == hello_part::whole && in_one_record(h)) {
    std::vector<unsigned char> all(bytes_of_record(h));
    if (peek(socket, all) < all.size()) {
      require_more(socket);
      wake_at(socket, all.size());
      return false;
    }
  }
  wake_at(socket, 1);
  return true;
}

std::string server_name_of_hello(int socket) {
  std::vector<unsigned char> bytes(max_hello_bytes + both_head_bytes);
  bytes.resize(peek(socket, bytes));
  std::string name;
  const ssl_ptr ssl{::SSL_new(&reader())};
  bio_ptr hello{::BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
  bio_ptr answer{::BIO_new(::BIO_s_null())};
  if (!ssl || !hello || !answer)
    throw error{errc::internal, "OpenSSL could not read a hello: " + openssl_reason()};
  ::BIO_set_mem_eof_return(hello.get(), -1);
  ::SSL_set_bio(ssl.get(), hello.release(), answer.release());
  SSL_set_app_data(ssl.get(), &name);
  ::SSL_set_accept_state(ssl.get());
  ::SSL_do_handshake(ssl.get());
  ::ERR_clear_error();
  return name;
}

} // namespace crema::net
