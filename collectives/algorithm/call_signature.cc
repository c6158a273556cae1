#include "collectives/algorithm/call_signature.h"

#include <string>

namespace mlc::collectives {

uint64_t digestOf(std::span<const int64_t> counts) {
  // FNV-1a, a count at a time.
  uint64_t digest = 0xcbf29ce484222325u;
  for (const int64_t count : counts) {
    digest = (digest ^ static_cast<uint64_t>(count)) * 0x100000001b3u;
  }
  return digest;
}

uint64_t digestOf(const CallSignature& signature) {
  const int64_t fields[] = {static_cast<int64_t>(signature.collective), signature.choice,
                            static_cast<int64_t>(signature.sizes),
                            static_cast<int64_t>(signature.dtype)};
  return digestOf(fields);
}

Status disagreement(int rank, int other) {
  return invalidError("ranks " + std::to_string(rank) + " and " + std::to_string(other) +
                      " disagree about the kind, sizes, type, operation or root of a collective");
}

}  // namespace mlc::collectives
