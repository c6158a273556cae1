// Ed25519 signatures of packages: manifest.sig holds the 64 bytes of that of manifest.json, which
// holds the hash of every other file.
//
// Keys are files as `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write them (PEM
// of RFC 8410).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::package {

inline constexpr const char* kSignatureFile = "manifest.sig";

using PublicKey = std::array<unsigned char, 32>;

// One or more of a file. Fails with a message that names it.
StatusOr<std::vector<PublicKey>> readPublicKeys(const std::string& path);

// The signature of a manifest's bytes by the private key of a file.
StatusOr<std::string> signatureOf(std::string_view manifest, const std::string& keyPath);

// Whether it is of those bytes and by one of the keys.
bool isSignedBy(std::string_view manifest, std::string_view signature,
                const std::vector<PublicKey>& keys);

}  // namespace mlc::package
