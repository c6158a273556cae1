#include "runtime/base/checksum.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

namespace mlc {
namespace {

std::string hex(XXH128_hash_t hash) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

// Up to `bytes` bytes from `offset` on; `whole`: the file must not end before.
StatusOr<std::string> checksumOfPart(const std::string& path, int64_t offset, int64_t bytes,
                                     bool whole) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return invalidError("cannot open " + path + ": " + std::strerror(errno));
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(1 << 20);
  Status failure;
  while (bytes > 0) {
    const size_t wanted =
        static_cast<size_t>(std::min<int64_t>(bytes, static_cast<int64_t>(buffer.size())));
    const ssize_t got = ::pread(descriptor, buffer.data(), wanted, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failure = invalidError("cannot read " + path + ": " + std::strerror(errno));
    if (got == 0 && whole) failure = invalidError(path + " is cut short");
    if (got <= 0) break;
    XXH3_128bits_update(state.get(), buffer.data(), static_cast<size_t>(got));
    offset += got;
    bytes -= got;
  }
  ::close(descriptor);
  if (!failure.ok()) return failure;
  return hex(XXH3_128bits_digest(state.get()));
}

}  // namespace

std::string checksumOf(const void* data, size_t bytes) { return hex(XXH3_128bits(data, bytes)); }

StatusOr<std::string> checksumOfFile(const std::string& path) {
  return checksumOfPart(path, 0, std::numeric_limits<int64_t>::max(), /*whole=*/false);
}

StatusOr<std::string> checksumOfFileRange(const std::string& path, int64_t offset, int64_t bytes) {
  return checksumOfPart(path, offset, bytes, /*whole=*/true);
}

}  // namespace mlc
