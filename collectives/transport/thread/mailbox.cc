#include "collectives/transport/thread/mailbox.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "collectives/algorithm/futex.h"

namespace mlc::collectives {

class Mailbox::TransferRequest : public Request {
 public:
  TransferRequest(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<Transfer> transfer)
      : mailbox_(std::move(mailbox)), transfer_(std::move(transfer)) {}
  ~TransferRequest() override {
    std::unique_lock lock(mailbox_->mutex_);
    mailbox_->withdraw(lock, *transfer_);
  }

  Status wait() override {
    for (Patience patience(mailbox_->spins_); !test();) {
      if (!patience.pass()) return sleep();
    }
    return transfer_->status;
  }

  bool test() override { return transfer_->progress == Progress::kDone; }

 private:
  Status sleep() {
    std::unique_lock lock(mailbox_->mutex_);
    const auto isDone = [&] { return transfer_->progress == Progress::kDone; };
    while (!mailbox_->changed_.wait_for(lock, kLongestSleep, isDone)) {
      if (!mailbox_->cancellation_->requested()) continue;
      mailbox_->withdraw(lock, *transfer_);
      if (isDone()) break;
      transfer_->status = mailbox_->cancellation_->cause();
      transfer_->progress = Progress::kDone;
    }
    return transfer_->status;
  }

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Transfer> transfer_;
};

std::unique_ptr<Request> Mailbox::send(const void* data, int64_t bytes, int from, int to, int tag) {
  return start(true,
               std::make_shared<Transfer>(Address(from, to, tag), const_cast<void*>(data), bytes));
}

std::unique_ptr<Request> Mailbox::receive(void* data, int64_t bytes, int from, int to, int tag) {
  return start(false, std::make_shared<Transfer>(Address(from, to, tag), data, bytes));
}

std::unique_ptr<Request> Mailbox::start(bool isSend, std::shared_ptr<Transfer> transfer) {
  std::unique_lock lock(mutex_);
  Queues& queues = queues_[transfer->address];
  (isSend ? queues.sends : queues.receives).push_back(transfer);
  if (!queues.sends.empty() && !queues.receives.empty()) {
    match(lock, queues);
  } else if (const int peer =
                 isSend ? std::get<1>(transfer->address) : std::get<0>(transfer->address);
             left_.contains(peer)) {
    transfer->status = gone(peer);
    transfer->progress = Progress::kDone;
    (isSend ? queues.sends : queues.receives).pop_back();
  }
  return std::make_unique<TransferRequest>(shared_from_this(), std::move(transfer));
}

void Mailbox::match(std::unique_lock<std::mutex>& lock, Queues& queues) {
  const std::shared_ptr<Transfer> send = queues.sends.front(), receive = queues.receives.front();
  queues.sends.pop_front();
  queues.receives.pop_front();
  if (send->bytes != receive->bytes) {
    const auto [from, to, tag] = send->address;
    send->status = receive->status =
        invalidError("rank " + std::to_string(from) + " sends " + std::to_string(send->bytes) +
                     " bytes where rank " + std::to_string(to) + " expects " +
                     std::to_string(receive->bytes) + " (tag " + std::to_string(tag) + ")");
  } else if (send->bytes > 0) {
    send->progress = Progress::kCopying;
    receive->progress = Progress::kCopying;
    lock.unlock();
    std::memcpy(receive->data, send->data, static_cast<size_t>(send->bytes));
    lock.lock();
  }
  send->progress = Progress::kDone;
  receive->progress = Progress::kDone;
  changed_.notify_all();
}

void Mailbox::withdraw(std::unique_lock<std::mutex>& lock, Transfer& transfer) {
  changed_.wait(lock, [&] { return transfer.progress != Progress::kCopying; });
  if (transfer.progress == Progress::kDone) return;
  Queues& queues = queues_[transfer.address];
  const auto isThis = [&](const std::shared_ptr<Transfer>& other) {
    return other.get() == &transfer;
  };
  std::erase_if(queues.sends, isThis);
  std::erase_if(queues.receives, isThis);
}

Status Mailbox::gone(int rank) const {
  if (cancellation_->requested()) return cancellation_->cause();
  return deviceError("rank " + std::to_string(rank) + " has left the group");
}

void Mailbox::leave(int rank) {
  const std::lock_guard lock(mutex_);
  left_.insert(rank);
  for (auto& [address, queues] : queues_) {
    const auto [from, to, tag] = address;
    if (from != rank && to != rank) continue;
    // What the one who leaves has sent stays to be received, as long as its request lives.
    auto& waiting = from == rank ? queues.receives : queues.sends;
    for (const std::shared_ptr<Transfer>& transfer : waiting) {
      transfer->status = gone(rank);
      transfer->progress = Progress::kDone;
    }
    waiting.clear();
  }
  changed_.notify_all();
}

}  // namespace mlc::collectives
