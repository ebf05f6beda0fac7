#pragma once

#include "net/certificate.hpp"
#include "net/descriptor.hpp"
#include "net/openssl.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <optional>

namespace crema::net {

/// A TLS peer that believes everybody and obeys none of crema's rules: what a stranger may bring along.
class bare_tls {
public:
  enum class side { client, server };

  bare_tls(descriptor socket, side which, const std::optional<key_pair>& own, int max_version = TLS1_3_VERSION)
      : socket_{std::move(socket)}, context_{::SSL_CTX_new(::TLS_method()), &::SSL_CTX_free} {
    ::SSL_CTX_set_max_proto_version(context_.get(), max_version);
    if (own) {
      ::SSL_CTX_use_certificate(context_.get(), read_certificate(own->certificate).get());
      ::SSL_CTX_use_PrivateKey(context_.get(), read_key(own->key).get());
    }
    ssl_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(ssl_.get(), socket_.get());
    which == side::client ? ::SSL_set_connect_state(ssl_.get()) : ::SSL_set_accept_state(ssl_.get());
  }

  /// Goes on with the handshake and reads what comes, without waiting where the socket does not block. What the peer
  /// complains of, if it does.
  std::string advance() {
    ::ERR_clear_error();
    char byte = 0;
    ::SSL_read(ssl_.get(), &byte, 1);
    return openssl_reason();
  }

private:
  descriptor socket_;
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<SSL, openssl_free<SSL_free>> ssl_;
};

} // namespace crema::net
