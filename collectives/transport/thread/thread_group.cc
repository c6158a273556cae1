#include "collectives/transport/thread/thread_group.h"

#include "runtime/base/machine.h"

namespace mlc::collectives {

ThreadGroup::ThreadGroup(int size, std::shared_ptr<Cancellation> cancellation)
    : size_(size),
      host_(hostName()),
      cancellation_(std::move(cancellation)),
      rendezvous_(size, *cancellation_),
      mailbox_(std::make_shared<Mailbox>(size, cancellation_)),
      children_(size) {
  for (auto& calls : calls_) calls.resize(size);
  for (auto& copies : copies_) copies.resize(size * kCopiedBytes);
}

Status ThreadGroup::agree(int rank, uint32_t turn, const Call& call) {
  calls_[turn % 2][rank] = call;
  MLC_RETURN_IF_ERROR(rendezvous_.meet());
  for (int r = 0; r < size_; ++r) {
    if (callOf(r, turn).signature != call.signature) return disagreement(rank, r);
  }
  return okStatus();
}

void ThreadGroup::leave(int rank) {
  rendezvous_.leave(rank);
  mailbox_->leave(rank);
}

}  // namespace mlc::collectives
