#pragma once

#include "net/certificate.hpp"
#include "net/profile.hpp"

namespace crema::net {

/// A cluster without files: its authority, and keys for any role.
struct cluster {
  key_pair authority = make_authority("mars");

  credentials keys(role is, const validity& valid = {}) const {
    return {authority.certificate, issue(authority, is, valid)};
  }
};

/// The one that most tests share.
inline const cluster& mars() {
  static const cluster one;
  return one;
}

} // namespace crema::net
