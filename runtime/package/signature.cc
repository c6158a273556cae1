#include "runtime/package/signature.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/mapped_file.h"

namespace mlc::package {
namespace {

// What stands in front of a key in the DER of RFC 8410.
constexpr std::string_view kPublicPrefix("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
constexpr std::string_view kPrivatePrefix(
    "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);

// Wiped, since it may be a private key.
class Der {
 public:
  ~Der() { sodium_memzero(bytes_.data(), bytes_.size()); }

  bool decode(std::string_view base64) {
    return sodium_base642bin(bytes_.data(), bytes_.size(), base64.data(), base64.size(), " \r\n",
                             &size_, nullptr, sodium_base64_VARIANT_ORIGINAL) == 0;
  }

  // The 32 bytes of the key behind that prefix, which are all the rest; null if it is none.
  const unsigned char* key(std::string_view prefix) const {
    const bool is = size_ == prefix.size() + PublicKey().size() &&
                    std::memcmp(bytes_.data(), prefix.data(), prefix.size()) == 0;
    return is ? bytes_.data() + prefix.size() : nullptr;
  }

 private:
  std::array<unsigned char, 64> bytes_ = {};
  size_t size_ = 0;
};

// What is between the lines of PEM blocks with that label.
std::vector<std::string_view> blocksOf(std::string_view text, const std::string& label) {
  const std::string begin = "-----BEGIN " + label + "-----", end = "-----END " + label + "-----";
  std::vector<std::string_view> blocks;
  for (size_t at = 0; (at = text.find(begin, at)) != std::string_view::npos;) {
    at += begin.size();
    const size_t stop = text.find(end, at);
    if (stop == std::string_view::npos) break;
    blocks.push_back(text.substr(at, stop - at));
    at = stop;
  }
  return blocks;
}

}  // namespace

StatusOr<std::vector<PublicKey>> readPublicKeys(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  std::vector<PublicKey> keys;
  for (std::string_view block : blocksOf({file->data(), file->size()}, "PUBLIC KEY")) {
    Der der;
    const unsigned char* bytes = der.decode(block) ? der.key(kPublicPrefix) : nullptr;
    if (!bytes) return invalidError(path + " holds a public key that is not an Ed25519 one");
    std::copy_n(bytes, PublicKey().size(), keys.emplace_back().begin());
  }
  if (keys.empty()) {
    return invalidError(path +
                        " holds no public key: openssl pkey -in KEY -pubout writes that of a "
                        "private one");
  }
  return keys;
}

StatusOr<std::string> signatureOf(std::string_view manifest, const std::string& keyPath) {
  MLC_ASSIGN_OR_RETURN(const auto file, MappedFile::open(keyPath));
  const std::vector<std::string_view> blocks =
      blocksOf({file->data(), file->size()}, "PRIVATE KEY");
  Der der;
  const unsigned char* seed =
      blocks.size() == 1 && der.decode(blocks[0]) ? der.key(kPrivatePrefix) : nullptr;
  if (!seed) {
    return invalidError(keyPath +
                        " holds no private key that is not encrypted: openssl genpkey -algorithm "
                        "ed25519 makes one");
  }
  unsigned char publicKey[crypto_sign_PUBLICKEYBYTES], secretKey[crypto_sign_SECRETKEYBYTES];
  crypto_sign_seed_keypair(publicKey, secretKey, seed);
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                       reinterpret_cast<const unsigned char*>(manifest.data()), manifest.size(),
                       secretKey);
  sodium_memzero(secretKey, sizeof secretKey);
  return signature;
}

bool isSignedBy(std::string_view manifest, std::string_view signature,
                const std::vector<PublicKey>& keys) {
  return signature.size() == crypto_sign_BYTES &&
         std::any_of(keys.begin(), keys.end(), [&](const PublicKey& key) {
           return crypto_sign_verify_detached(
                      reinterpret_cast<const unsigned char*>(signature.data()),
                      reinterpret_cast<const unsigned char*>(manifest.data()), manifest.size(),
                      key.data()) == 0;
         });
}

}  // namespace mlc::package
