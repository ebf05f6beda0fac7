#pragma once

#include <string>

namespace crema::net {

// What a client of TLS says first, looked at where it lies: in the socket, which keeps all of it.

enum class hello_part {
  head,  ///< enough to know it for a hello, and how long it is
  whole, ///< all of it, where it is in one piece, as those of crema are
};

/// Makes the socket readable only when the head of a hello has come, or the end.
void wait_for_hello(int socket) noexcept;

/// Whether that much has come. The socket is readable again when more has, and after that from its first byte on.
/// Throws untrusted for what is no hello, or one of more than 16 KiB; unreachable where no more will come.
bool hello_has_come(int socket, hello_part part);

/// The server name that a whole hello asks for, as OpenSSL reads it; empty where it asks for none, or is not to be
/// understood.
std::string server_name_of_hello(int socket);

} // namespace crema::net
