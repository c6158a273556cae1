// What the threads of a group share: the calls they are in, and memory for small contributions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collectives/algorithm/call_signature.h"
#include "collectives/algorithm/cancellation.h"
#include "collectives/communicator.h"
#include "collectives/transport/thread/mailbox.h"
#include "collectives/transport/thread/rendezvous.h"

namespace mlc::collectives {

// What a rank shows to the others for the length of one collective.
struct Call {
  CallSignature signature;
  void* data = nullptr;
  const int64_t* counts = nullptr;  // of an all-to-all: what it sends, then what it expects
  int color = 0, key = 0;           // of a split
};

// Contributions up to this size are copied, so that their owner need not wait for the others.
inline constexpr int64_t kCopiedBytes = 32 * 1024;

class ThreadGroup {
 public:
  // Groups that were split from a world share its cancellation.
  ThreadGroup(int size, std::shared_ptr<Cancellation> cancellation);

  int size() const { return size_; }
  const std::string& host() const { return host_; }
  Mailbox& mailbox() { return *mailbox_; }
  const std::shared_ptr<Cancellation>& cancellation() const { return cancellation_; }

  // Shows the call, waits for all the ranks', and checks that they agree: either all ranks get an
  // error, or none does. `turn` counts the calls of a rank; what it shows or copies stays until its
  // next call is agreed about.
  Status agree(int rank, uint32_t turn, const Call& call);
  const Call& callOf(int rank, uint32_t turn) const { return calls_[turn % 2][rank]; }
  // kCopiedBytes for this rank's contribution to that call.
  char* copyOf(int rank, uint32_t turn) { return copies_[turn % 2].data() + rank * kCopiedBytes; }

  // After a call whose data others have read or written: not to be cut short.
  Status finish() { return rendezvous_.meet(/*cancellable=*/false); }
  // Between the steps of a call without data.
  Status meet() { return rendezvous_.meet(); }
  void leave(int rank);

  // Where the first rank of a new group leaves it for the others.
  std::vector<std::shared_ptr<ThreadGroup>>& children() { return children_; }

 private:
  const int size_;
  std::string host_;
  std::shared_ptr<Cancellation> cancellation_;
  Rendezvous rendezvous_;
  std::shared_ptr<Mailbox> mailbox_;
  std::array<std::vector<Call>, 2> calls_;
  std::array<std::vector<char>, 2> copies_;
  std::vector<std::shared_ptr<ThreadGroup>> children_;
};

}  // namespace mlc::collectives
