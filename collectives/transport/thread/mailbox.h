// Messages between the threads of a group. The receiver copies from the sender's buffer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>

#include "collectives/algorithm/cancellation.h"
#include "collectives/algorithm/patience.h"
#include "collectives/communicator.h"

namespace mlc::collectives {

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  // For that many ranks.
  Mailbox(int size, std::shared_ptr<const Cancellation> cancellation)
      : cancellation_(std::move(cancellation)), spins_(spinsFor(size)) {}

  std::unique_ptr<Request> send(const void* data, int64_t bytes, int from, int to, int tag);
  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int to, int tag);
  // Transfers with this rank that are not done fail from now on.
  void leave(int rank);

 private:
  using Address = std::tuple<int, int, int>;  // from, to, tag

  enum class Progress { kWaiting, kCopying, kDone };
  struct Transfer {
    const Address address;
    void* const data;  // of a send: only read
    const int64_t bytes;
    Status status;
    // Written under the mutex, after the status.
    std::atomic<Progress> progress = Progress::kWaiting;
  };
  struct Queues {
    std::deque<std::shared_ptr<Transfer>> sends, receives;
  };
  class TransferRequest;

  std::unique_ptr<Request> start(bool isSend, std::shared_ptr<Transfer> transfer);
  // The copy of the first send into the first receive, made by the thread that brought the second
  // of the two.
  void match(std::unique_lock<std::mutex>& lock, Queues& queues);
  // Why transfers with that rank fail, which has left.
  Status gone(int rank) const;
  void withdraw(std::unique_lock<std::mutex>& lock, Transfer& transfer);

  const std::shared_ptr<const Cancellation> cancellation_;
  const int spins_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Address, Queues> queues_;
  std::set<int> left_;
};

}  // namespace mlc::collectives
