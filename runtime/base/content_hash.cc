#include "runtime/base/content_hash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace mlc {

ContentHash::ContentHash() {
  crypto_generichash_blake2b_init(&state_, nullptr, 0, ContentDigest().size());
}

ContentHash& ContentHash::add(std::string_view bytes) {
  crypto_generichash_blake2b_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                                    bytes.size());
  return *this;
}

ContentHash& ContentHash::field(std::string_view name, std::string_view value) {
  for (std::string_view text : {name, value}) {
    const uint64_t size = text.size();
    add({reinterpret_cast<const char*>(&size), sizeof size}).add(text);
  }
  return *this;
}

ContentDigest ContentHash::digest() {
  ContentDigest digest;
  crypto_generichash_blake2b_final(&state_, digest.data(), digest.size());
  return digest;
}

std::string ContentHash::hex() {
  std::string text;
  for (unsigned char byte : digest()) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string contentHashOf(std::string_view bytes) { return ContentHash().add(bytes).hex(); }

StatusOr<std::string> contentHashOfFile(const std::string& path) {
  // A pipe is refused, and not waited for.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return invalidError("cannot open " + path + ": " + std::strerror(errno));
  struct stat info;
  Status failure;
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    failure = invalidError("cannot read " + path + ": not a regular file");
  ContentHash hash;
  std::vector<char> buffer(1 << 20);
  while (failure.ok()) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failure = invalidError("cannot read " + path + ": " + std::strerror(errno));
    if (got <= 0) break;
    hash.add({buffer.data(), static_cast<size_t>(got)});
  }
  ::close(descriptor);
  if (!failure.ok()) return failure;
  return hash.hex();
}

}  // namespace mlc
