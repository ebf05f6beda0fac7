#include "net/tls.hpp"

#include "dataflow/error.hpp"
#include "net/client_hello.hpp"
#include "net/openssl.hpp"
#include "net/tls_stream.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <utility>

namespace crema::net {

namespace {

constexpr long max_peer_chain_bytes = 16 << 10;

void required(bool good, const char* doing) {
  if (!good)
    throw error{errc::internal, std::string{"OpenSSL could not "} + doing + ": " + openssl_reason()};
}

std::string date(std::chrono::system_clock::time_point when) {
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &fields);
  return text.data();
}

/// What is wrong with a certificate, in the words of whoever reads the log.
std::string complaint(int code, const X509* certificate) {
  switch (code) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return "has expired, on " + date(time_of(*::X509_get0_notAfter(certificate)));
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "is not valid before " + date(time_of(*::X509_get0_notBefore(certificate))) + ": compare the clocks";
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    return "is self-signed";
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    return "is of another cluster's authority";
  default:
    return std::string{"is refused: "} + ::X509_verify_cert_error_string(code);
  }
}

std::string listed(const std::vector<role>& roles) {
  std::string text;
  for (const auto each : roles)
    text += (text.empty() ? "" : " or ") + std::string{name(each)};
  return text;
}

} // namespace

struct tls_handshake::session {
  ssl_ptr ssl;
  descriptor socket;
  std::vector<role> expected;
  bool server = false;
  server_names names = server_names::none;
  bool looked = false; ///< a client's first bytes were those of TLS
  bool shaken = false; ///< the handshake itself is over
  std::string refusal; ///< why the peer's certificate is refused
};

namespace {

using session = tls_handshake::session;

int session_index() {
  static const int index = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Called by OpenSSL for each certificate of the peer's chain, the authority's first.
int verify(int good, X509_STORE_CTX* chain) {
  auto* ssl = static_cast<SSL*>(::X509_STORE_CTX_get_ex_data(chain, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& asked = *static_cast<session*>(::SSL_get_ex_data(ssl, session_index()));
  const auto* certificate = ::X509_STORE_CTX_get_current_cert(chain);
  if (good == 0) {
    asked.refusal = "its certificate " + complaint(::X509_STORE_CTX_get_error(chain), certificate);
  } else if (::X509_STORE_CTX_get_error_depth(chain) == 0) {
    const auto is = role_of(*certificate);
    if (!is || std::ranges::find(asked.expected, *is) == asked.expected.end())
      asked.refusal = "its certificate is for the role " + std::string{is ? name(*is) : "of nobody"} + ", expected is "
                      + listed(asked.expected);
  }
  if (asked.refusal.empty())
    return 1;
  // One alert for whatever it is: a stranger need not learn how close it came.
  ::X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

/// Called by OpenSSL when it has read what the other side asks for.
int check_name(SSL* ssl, int* alert, void* /*unused*/) {
  auto& asked = *static_cast<session*>(::SSL_get_ex_data(ssl, session_index()));
  if (!asked.server || asked.names == server_names::any
      || ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == nullptr)
    return SSL_TLSEXT_ERR_NOACK;
  asked.refusal = "it asks for a worker that is not here";
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Whether this certificate would be accepted by a peer of the same cluster.
void check_own(X509_STORE& authority, X509& own) {
  const std::unique_ptr<X509_STORE_CTX, openssl_free<X509_STORE_CTX_free>> chain{::X509_STORE_CTX_new()};
  required(chain && ::X509_STORE_CTX_init(chain.get(), &authority, &own, nullptr) == 1, "check a certificate");
  if (::X509_verify_cert(chain.get()) != 1)
    throw error{errc::untrusted, "this side's certificate " + complaint(::X509_STORE_CTX_get_error(chain.get()), &own)};
  if (!role_of(own))
    throw error{errc::untrusted, "this side's certificate names no role"};
}

void set_rules(SSL_CTX* context) {
  required(::SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1, "require TLS 1.3");
  required(
    ::SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")
      == 1,
    "choose ciphers");
  required(::SSL_CTX_set1_groups_list(context, "X25519") == 1, "choose a key exchange");
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &verify);
  ::SSL_CTX_set_verify_depth(context, 1);
  SSL_CTX_set_tlsext_servername_callback(context, &check_name);
  ::SSL_CTX_set_max_cert_list(context, max_peer_chain_bytes);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(context, 0);
  ::SSL_CTX_set_read_ahead(context, 1); // else it asks the system twice for each record
  ::SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
}

std::unique_ptr<session> begin(SSL_CTX& context, descriptor socket, std::vector<role> expected, bool server) {
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  auto made = std::make_unique<session>();
  made->ssl.reset(::SSL_new(&context));
  required(made->ssl && ::SSL_set_fd(made->ssl.get(), socket.get()) == 1, "begin a connection");
  ::SSL_set_ex_data(made->ssl.get(), session_index(), made.get());
  server ? ::SSL_set_accept_state(made->ssl.get()) : ::SSL_set_connect_state(made->ssl.get());
  made->socket = std::move(socket);
  made->expected = std::move(expected);
  made->server = server;
  return made;
}

} // namespace

// -- tls_context ----------------------------------------------------------------------------------------------------

tls_context::tls_context(credentials own) : context_{::SSL_CTX_new(::TLS_method()), &::SSL_CTX_free} {
  required(context_ != nullptr, "begin");
  auto* context = context_.get();
  set_rules(context);
  auto* store = ::SSL_CTX_get_cert_store(context);
  required(::X509_STORE_add_cert(store, read_certificate(own.authority).get()) == 1, "take an authority");
  const auto certificate = read_certificate(own.own.certificate);
  const auto key = read_key(own.own.key);
  ::explicit_bzero(own.own.key.data(), own.own.key.size());
  required(::SSL_CTX_use_certificate(context, certificate.get()) == 1, "take a certificate");
  if (::SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    throw error{errc::corrupt_data, "the certificate and the private key do not belong together: " + openssl_reason()};
  check_own(*store, *certificate);
}

tls_handshake tls_context::accept(descriptor socket, std::vector<role> expected, server_names names) const {
  wait_for_hello(socket.get());
  auto begun = begin(*context_, std::move(socket), std::move(expected), true);
  begun->names = names;
  return tls_handshake{std::move(begun)};
}

tls_handshake tls_context::connect(descriptor socket, std::vector<role> expected,
                                   const std::string& server_name) const {
  auto begun = begin(*context_, std::move(socket), std::move(expected), false);
  if (!server_name.empty())
    required(SSL_set_tlsext_host_name(begun->ssl.get(), server_name.c_str()) == 1, "ask for a name");
  return tls_handshake{std::move(begun)};
}

// -- tls_handshake --------------------------------------------------------------------------------------------------

tls_handshake::tls_handshake(std::unique_ptr<session> begun) noexcept : session_{std::move(begun)} {}
tls_handshake::tls_handshake(tls_handshake&&) noexcept = default;
tls_handshake::~tls_handshake() = default;

int tls_handshake::native_handle() const noexcept {
  return session_->socket.get();
}

tls_handshake::state tls_handshake::advance() {
  auto& s = *session_;
  // OpenSSL makes room for as long a hello as its first bytes announce: what is too long, or no TLS, never gets there.
  if (s.server && !s.looked && !(s.looked = hello_has_come(s.socket.get(), hello_part::head)))
    return state::wants_input;
  ::ERR_clear_error();
  int result = 1;
  if (!s.shaken) {
    result = ::SSL_do_handshake(s.ssl.get());
    s.shaken = result == 1;
  }
  if (s.shaken && !s.server) { // the server's word that it believes us
    char first = 0;
    result = ::SSL_peek(s.ssl.get(), &first, 1);
  }
  if (result == 1)
    return state::done;
  switch (::SSL_get_error(s.ssl.get(), result)) {
  case SSL_ERROR_WANT_READ:
    return state::wants_input;
  case SSL_ERROR_WANT_WRITE:
    return state::wants_output;
  default:
    break;
  }
  if (!s.refusal.empty())
    throw error{errc::untrusted, s.refusal};
  throw tls_failure(*s.ssl, result);
}

peer_identity tls_handshake::peer() const {
  const auto* certificate = ::SSL_get0_peer_certificate(session_->ssl.get());
  return {role_of(*certificate).value(), time_of(*::X509_get0_notAfter(certificate))};
}

std::unique_ptr<stream> tls_handshake::finish() && {
  ::SSL_set_ex_data(session_->ssl.get(), session_index(), nullptr);
  return make_tls_stream(std::move(session_->ssl), std::move(session_->socket));
}

} // namespace crema::net
