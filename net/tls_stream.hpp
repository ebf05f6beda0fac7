#pragma once

#include "dataflow/error.hpp"
#include "net/openssl.hpp"
#include "net/stream.hpp"

#include <memory>
#include <openssl/ssl.h>

namespace crema::net {

using ssl_ptr = std::unique_ptr<SSL, openssl_free<SSL_free>>;

/// The stream of a connection whose handshake is over.
std::unique_ptr<stream> make_tls_stream(ssl_ptr ssl, descriptor socket);

/// What a call that returned `result` and will not succeed died of: untrusted where the peer refused this side or spoke
/// no TLS that counts, unreachable where the connection broke.
error tls_failure(const SSL& ssl, int result);

} // namespace crema::net
