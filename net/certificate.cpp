#include "net/certificate.hpp"

#include "dataflow/error.hpp"
#include "net/openssl.hpp"

#include <array>
#include <ctime>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

namespace crema::net {

namespace {

constexpr std::array<std::string_view, 3> role_names{"controller", "node", "driver"};
constexpr std::string_view role_uri = "crema:role:";

/// What `object` is, where the call that made it did not fail.
template <class T>
T required(T object, const char* doing) {
  if (!object)
    throw error{errc::internal, std::string{"OpenSSL could not "} + doing + ": " + openssl_reason()};
  return object;
}

bio_ptr memory_bio(const std::string& text) {
  return required(bio_ptr{::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))}, "read a text");
}

std::string text_of(BIO& bio) {
  char* begin = nullptr;
  const auto length = ::BIO_get_mem_data(&bio, &begin);
  return {begin, static_cast<std::size_t>(length)};
}

/// PEM may ask for a password, at the terminal if it must: ours have none.
int no_password(char*, int, int, void*) {
  return 0;
}

key_pair to_pem(X509& certificate, EVP_PKEY& key) {
  const bio_ptr bio{::BIO_new(::BIO_s_secmem())};
  required(::PEM_write_bio_X509(bio.get(), &certificate), "write a certificate");
  key_pair made;
  made.certificate = text_of(*bio);
  (void)BIO_reset(bio.get());
  required(::PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr), "write a key");
  made.key = text_of(*bio);
  return made;
}

void set_time(ASN1_TIME* field, std::chrono::system_clock::time_point when) {
  required(::ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(when)), "set a time");
}

void set_name(X509& certificate, const std::string& organisation, const std::string& name) {
  auto* subject = ::X509_get_subject_name(&certificate);
  const auto add = [&](const char* field, const std::string& text) {
    required(::X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(text.data()),
                                          static_cast<int>(text.size()), -1, 0),
             "name a certificate");
  };
  add("O", organisation);
  add("CN", name);
}

void set_serial(X509& certificate) {
  std::array<unsigned char, 16> bytes;
  required(::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "make random numbers");
  bytes[0] &= 0x7f; // positive
  const std::unique_ptr<BIGNUM, openssl_free<BN_free>> number{
    ::BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
  required(::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(&certificate)), "number a certificate");
}

void extend(X509& certificate, X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, openssl_free<X509_EXTENSION_free>> extension{
    ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
  required(extension && ::X509_add_ext(&certificate, extension.get(), -1) == 1, "extend a certificate");
}

x509_ptr make_certificate(EVP_PKEY& key, const validity& valid) {
  auto made = required(x509_ptr{::X509_new()}, "make a certificate");
  ::X509_set_version(made.get(), X509_VERSION_3);
  set_serial(*made);
  set_time(::X509_getm_notBefore(made.get()), valid.begin);
  set_time(::X509_getm_notAfter(made.get()), valid.end);
  required(::X509_set_pubkey(made.get(), &key), "set a key");
  return made;
}

pkey_ptr make_key() {
  return required(pkey_ptr{::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}, "make a key");
}

void sign(X509& certificate, EVP_PKEY& key) {
  required(::X509_sign(&certificate, &key, nullptr), "sign a certificate"); // Ed25519 has its own digest
}

} // namespace

std::string_view name(role is) noexcept {
  return role_names[static_cast<std::size_t>(is)];
}

std::optional<role> role_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i != role_names.size(); ++i)
    if (role_names[i] == name)
      return static_cast<role>(i);
  return {};
}

key_pair make_authority(const std::string& cluster, const validity& valid) {
  const auto key = make_key();
  const auto made = make_certificate(*key, valid);
  set_name(*made, cluster, "crema authority");
  ::X509_set_issuer_name(made.get(), ::X509_get_subject_name(made.get()));
  extend(*made, *made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(*made, *made, NID_key_usage, "critical,keyCertSign");
  extend(*made, *made, NID_subject_key_identifier, "hash");
  sign(*made, *key);
  return to_pem(*made, *key);
}

key_pair issue(const key_pair& authority, role is, const validity& valid) {
  const auto issuer = read_certificate(authority.certificate);
  const auto key = make_key();
  const auto made = make_certificate(*key, valid);
  const auto* cluster = ::X509_get_subject_name(issuer.get());
  std::array<char, 256> organisation{};
  ::X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(cluster), NID_organizationName, organisation.data(),
                              static_cast<int>(organisation.size()));
  set_name(*made, organisation.data(), "crema " + std::string{name(is)});
  ::X509_set_issuer_name(made.get(), cluster);
  extend(*made, *issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(*made, *issuer, NID_key_usage, "critical,digitalSignature");
  extend(*made, *issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  extend(*made, *issuer, NID_authority_key_identifier, "keyid:always");
  extend(*made, *issuer, NID_subject_alt_name, "URI:" + std::string{role_uri} + std::string{name(is)});
  sign(*made, *read_key(authority.key));
  return to_pem(*made, *key);
}

std::string fingerprint(const std::string& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  required(::X509_digest(read_certificate(certificate).get(), ::EVP_sha256(), digest.data(), &length) == 1,
           "hash a certificate");
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i != length; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

certificate_facts facts_of(const std::string& certificate) {
  const auto read = read_certificate(certificate);
  const bio_ptr bio{::BIO_new(::BIO_s_mem())};
  ::X509_NAME_print_ex(bio.get(), ::X509_get_subject_name(read.get()), 0, XN_FLAG_ONELINE);
  return {text_of(*bio), role_of(*read), time_of(*::X509_get0_notBefore(read.get())),
          time_of(*::X509_get0_notAfter(read.get()))};
}

// -- openssl.hpp ----------------------------------------------------------------------------------------------------

std::string openssl_reason() {
  const auto code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  const char* text = ::ERR_reason_error_string(code);
  return text == nullptr ? "no reason given" : text;
}

x509_ptr read_certificate(const std::string& pem) {
  x509_ptr read{::PEM_read_bio_X509(memory_bio(pem).get(), nullptr, no_password, nullptr)};
  if (!read)
    throw error{errc::corrupt_data, "this is no certificate: " + openssl_reason()};
  return read;
}

pkey_ptr read_key(const std::string& pem) {
  pkey_ptr read{::PEM_read_bio_PrivateKey(memory_bio(pem).get(), nullptr, no_password, nullptr)};
  if (!read)
    throw error{errc::corrupt_data, "this is no private key: " + openssl_reason()};
  return read;
}

std::optional<role> role_of(const X509& certificate) {
  const std::unique_ptr<GENERAL_NAMES, openssl_free<GENERAL_NAMES_free>> names{
    static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::optional<role> found;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* each = sk_GENERAL_NAME_value(names.get(), i);
    if (each->type != GEN_URI)
      continue;
    const auto* uri = each->d.uniformResourceIdentifier;
    const std::string_view text{reinterpret_cast<const char*>(::ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(::ASN1_STRING_length(uri))};
    if (!text.starts_with(role_uri))
      continue;
    if (found)
      return {};
    found = role_of(text.substr(role_uri.size()));
    if (!found)
      return {};
  }
  return found;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME& when) {
  std::tm fields{};
  ::ASN1_TIME_to_tm(&when, &fields);
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

} // namespace crema::net
