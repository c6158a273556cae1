#include "collectives/transport/thread/thread_group.h"

#include <unistd.h>

namespace mlc::collectives {
namespace {

std::string thisHost() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

uint64_t digestOf(std::span<const int64_t> counts) {
  // FNV-1a, a count at a time.
  uint64_t digest = 0xcbf29ce484222325u;
  for (const int64_t count : counts) {
    digest = (digest ^ static_cast<uint64_t>(count)) * 0x100000001b3u;
  }
  return digest;
}

ThreadGroup::ThreadGroup(int size)
    : size_(size), host_(thisHost()), rendezvous_(size), offspring_(size) {
  for (auto& calls : calls_) calls.resize(size);
  for (auto& copies : copies_) copies.resize(size * kCopiedBytes);
}

Status ThreadGroup::agree(int rank, uint32_t turn, const Call& call) {
  calls_[turn % 2][rank] = call;
  MLC_RETURN_IF_ERROR(rendezvous_.meet());
  for (int r = 0; r < size_; ++r) {
    if (callOf(r, turn).signature != call.signature) {
      return invalidError(
          "ranks " + std::to_string(rank) + " and " + std::to_string(r) +
          " disagree about the kind, sizes, type, operation or root of a collective");
    }
  }
  return okStatus();
}

void ThreadGroup::leave(int rank) {
  rendezvous_.leave(rank);
  mailbox_->leave(rank);
}

}  // namespace mlc::collectives
