#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace crema::net {

/// The SHA-256 of bytes that come piece by piece.
///
///     sha256 hash;
///     while (next(piece))
///       hash.add(piece);
///     hash.finish(); // "9f86d081884c7d65…", 64 hex digits
class sha256 {
public:
  sha256();
  ~sha256();
  sha256(sha256&&) noexcept;
  sha256& operator=(sha256&&) noexcept;

  void add(std::span<const std::byte> bytes);

  /// Once, last of all.
  std::string finish();

private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> state_;
};

/// Whether `text` is what `finish` returns: 64 hex digits in lower case.
bool is_sha256(const std::string& text) noexcept;

} // namespace crema::net
