#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace crema::net {

/// What a process of a cluster is, as its certificate says.
enum class role { controller, node, driver };

std::string_view name(role is) noexcept;
std::optional<role> role_of(std::string_view name) noexcept;

/// A certificate and its private key, both PEM.
struct key_pair {
  std::string certificate;
  std::string key;
};

/// When a certificate counts. Its beginning lies in the past, because clocks differ.
struct validity {
  std::chrono::system_clock::time_point begin = std::chrono::system_clock::now() - std::chrono::hours{24};
  std::chrono::system_clock::time_point end = std::chrono::system_clock::now() + std::chrono::years{10};
};

/// A new authority, which may sign certificates and nothing else. Keys are Ed25519; a pair takes some 100 microseconds.
key_pair make_authority(const std::string& cluster, const validity& valid = {});

/// A new pair whose certificate is signed by `authority` and good for both ends of a TLS connection. The role is the
/// subject alternative name `URI:crema:role:ROLE`, the only one of that form.
key_pair issue(const key_pair& authority, role is, const validity& valid = {});

/// The SHA-256 of a certificate, 64 hex digits: an authority's tells its cluster from all others.
std::string fingerprint(const std::string& certificate);

/// What `crema profile show` prints of a certificate.
struct certificate_facts {
  std::string subject;
  std::optional<role> is; ///< not of an authority
  std::chrono::system_clock::time_point begin;
  std::chrono::system_clock::time_point end;
};

/// Throws corrupt_data for a text that is no certificate.
certificate_facts facts_of(const std::string& certificate);

} // namespace crema::net
