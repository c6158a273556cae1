// BLAKE2b-256 (RFC 7693) in hexadecimal: what nobody can find other content for. checksum.h is
// faster, and notices accidents only.
#pragma once

#include <sodium/crypto_generichash_blake2b.h>

#include <array>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace mlc {

using ContentDigest = std::array<unsigned char, crypto_generichash_blake2b_BYTES>;

class ContentHash {
 public:
  ContentHash();
  ContentHash& add(std::string_view bytes);
  // With the field's name, and both's lengths in front: what is in one field cannot pass for
  // another's.
  ContentHash& field(std::string_view name, std::string_view value);
  // One of them, once, at the end.
  ContentDigest digest();
  std::string hex();

 private:
  crypto_generichash_blake2b_state state_;
};

std::string contentHashOf(std::string_view bytes);

// Of a regular file. Reads in pieces, so that the file does not count as this process's memory.
// Fails with a message that names it.
StatusOr<std::string> contentHashOfFile(const std::string& path);

}  // namespace mlc
