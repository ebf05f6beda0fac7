#pragma once

#include "net/certificate.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <optional>
#include <string>

// OpenSSL's objects with owners. Only sources include it.

namespace crema::net {

template <auto Free>
struct openssl_free {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using bio_ptr = std::unique_ptr<BIO, openssl_free<BIO_free_all>>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, openssl_free<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, openssl_free<X509_free>>;

/// What OpenSSL says went wrong in this thread, forgotten by this.
std::string openssl_reason();

/// Throws corrupt_data for texts that are none.
x509_ptr read_certificate(const std::string& pem);
pkey_ptr read_key(const std::string& pem);

/// The role that a certificate gives: none where it names none, or several.
std::optional<role> role_of(const X509& certificate);

std::chrono::system_clock::time_point time_of(const ASN1_TIME& when);

} // namespace crema::net
