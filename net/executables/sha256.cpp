#include "net/executables/sha256.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <string_view>

namespace crema::net {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

void require(bool done) {
  if (!done)
    throw error{errc::internal, "OpenSSL does not compute a SHA-256"};
}

} // namespace

sha256::sha256() : state_{::EVP_MD_CTX_new(), &::EVP_MD_CTX_free} {
  require(state_ && ::EVP_DigestInit_ex(state_.get(), ::EVP_sha256(), nullptr) == 1);
}

sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;

void sha256::add(std::span<const std::byte> bytes) {
  require(::EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) == 1);
}

std::string sha256::finish() {
  std::array<unsigned char, 32> digest{};
  require(::EVP_DigestFinal_ex(state_.get(), digest.data(), nullptr) == 1);
  std::string text;
  for (const auto byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool is_sha256(const std::string& text) noexcept {
  return text.size() == 64
         && std::ranges::all_of(text, [](char c) { return digits.find(c) != std::string_view::npos; });
}

} // namespace crema::net
