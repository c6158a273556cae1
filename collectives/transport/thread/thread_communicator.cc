#include "collectives/transport/thread/thread_communicator.h"

#include <immintrin.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>
#include <tuple>

#include "collectives/algorithm/reduce.h"

namespace mlc::collectives {
namespace {

// A message between two ranks: the sender's buffer, until the receiver has copied it.
struct Message {
  const void* data;
  int64_t bytes;
  bool taken = false;
};

struct Group;

// What split() leaves for the ranks to find: one group per color.
struct Splitting {
  std::vector<std::pair<int, int>> colorAndKey;
  std::map<int, std::shared_ptr<Group>> groups;
};

struct Group {
  explicit Group(int size)
      : size(size), pointers(size), counts(size), scratch(size), missing(size) {
    splitting.colorAndKey.resize(size);
    // More ranks than cores: waiting threads must not keep the others from running.
    spins = size <= static_cast<int>(std::thread::hardware_concurrency()) ? 2000 : 50;
  }

  const int size;
  int spins;
  std::vector<const void*> pointers;               // published by each rank for one collective
  std::vector<const std::vector<int64_t>*> counts; // likewise
  std::vector<std::vector<char>> scratch;
  Splitting splitting;

  void wait() {
    if (size == 1) return;
    const uint32_t seen = generation.load(std::memory_order_relaxed);
    if (missing.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      missing.store(size, std::memory_order_relaxed);
      generation.store(seen + 1, std::memory_order_release);
      generation.notify_all();
      return;
    }
    for (int i = 0; i < spins; ++i) {
      if (generation.load(std::memory_order_acquire) != seen) return;
      _mm_pause();
    }
    generation.wait(seen, std::memory_order_acquire);
  }

  // Point to point: messages by (from, to, tag), in order.
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::tuple<int, int, int>, std::deque<std::shared_ptr<Message>>> mail;

 private:
  alignas(64) std::atomic<int> missing;
  alignas(64) std::atomic<uint32_t> generation{0};
};

class SendRequest : public Request {
 public:
  SendRequest(std::shared_ptr<Group> group, std::shared_ptr<Message> message)
      : group_(std::move(group)), message_(std::move(message)) {}
  ~SendRequest() override { (void)wait(); }

  Status wait() override {
    std::unique_lock lock(group_->mutex);
    group_->changed.wait(lock, [&] { return message_->taken; });
    return okStatus();
  }

 private:
  std::shared_ptr<Group> group_;
  std::shared_ptr<Message> message_;
};

class ReceiveRequest : public Request {
 public:
  ReceiveRequest(std::shared_ptr<Group> group, void* data, int64_t bytes, int from, int to, int tag)
      : group_(std::move(group)), data_(data), bytes_(bytes), key_(from, to, tag) {}

  Status wait() override {
    if (done_) return okStatus();
    std::unique_lock lock(group_->mutex);
    auto& queue = group_->mail[key_];
    group_->changed.wait(lock, [&] { return !queue.empty(); });
    std::shared_ptr<Message> message = queue.front();
    queue.pop_front();
    lock.unlock();
    const bool fits = message->bytes == bytes_;
    if (fits) std::memcpy(data_, message->data, static_cast<size_t>(bytes_));
    lock.lock();
    message->taken = true;
    group_->changed.notify_all();
    done_ = true;
    if (fits) return okStatus();
    return invalidError("rank " + std::to_string(std::get<0>(key_)) + " sent " +
                        std::to_string(message->bytes) + " bytes where rank " +
                        std::to_string(std::get<1>(key_)) + " expects " + std::to_string(bytes_));
  }

 private:
  std::shared_ptr<Group> group_;
  void* data_;
  int64_t bytes_;
  std::tuple<int, int, int> key_;
  bool done_ = false;
};

class FailedRequest : public Request {
 public:
  explicit FailedRequest(Status status) : status_(std::move(status)) {}
  Status wait() override { return status_; }

 private:
  Status status_;
};

std::string thisHost() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<Group> group, int rank)
      : group_(std::move(group)), rank_(rank), host_(thisHost()) {}

  int rank() const override { return rank_; }
  int size() const override { return group_->size; }
  const std::string& hostOf(int) const override { return host_; }

  Status barrier() override {
    group_->wait();
    return okStatus();
  }

  // Each rank reduces its part of everybody's data into its scratch; then all copy all parts.
  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override {
    if (size() == 1 || count == 0) return okStatus();
    const int64_t bytes = static_cast<int64_t>(dtypeBytes(dtype));
    const int64_t begin = partBegin(rank_, count), end = partBegin(rank_ + 1, count);
    std::vector<char>& own = group_->scratch[rank_];
    group_->pointers[rank_] = data;
    if (own.size() < static_cast<size_t>((end - begin) * bytes)) own.resize((end - begin) * bytes);
    group_->wait();
    std::memcpy(own.data(), at(0, begin, bytes), (end - begin) * bytes);
    for (int r = 1; r < size(); ++r) {
      reduceInto(own.data(), at(r, begin, bytes), end - begin, dtype, reduction);
    }
    group_->wait();
    for (int r = 0; r < size(); ++r) {
      const int64_t from = partBegin(r, count), to = partBegin(r + 1, count);
      std::memcpy(static_cast<char*>(data) + from * bytes, group_->scratch[r].data(),
                  (to - from) * bytes);
    }
    group_->wait();
    return okStatus();
  }

  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override {
    const int64_t bytes = static_cast<int64_t>(dtypeBytes(dtype));
    MLC_RETURN_IF_ERROR(publish(in, counts));
    char* to = static_cast<char*>(out);
    for (int r = 0; r < size(); ++r) {
      const char* from = static_cast<const char*>(group_->pointers[r]);
      if (to != from && counts[r] > 0) std::memmove(to, from, counts[r] * bytes);
      to += counts[r] * bytes;
    }
    group_->wait();
    return okStatus();
  }

  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override {
    const int64_t bytes = static_cast<int64_t>(dtypeBytes(dtype));
    MLC_RETURN_IF_ERROR(publish(in, counts));
    const int64_t begin = std::accumulate(counts.begin(), counts.begin() + rank_, int64_t{0});
    const int64_t count = counts[rank_];
    if (count > 0) {
      std::memcpy(out, at(0, begin, bytes), count * bytes);
      for (int r = 1; r < size(); ++r) {
        reduceInto(out, at(r, begin, bytes), count, dtype, reduction);
      }
    }
    group_->wait();
    return okStatus();
  }

  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override {
    const int64_t bytes = static_cast<int64_t>(dtypeBytes(dtype));
    group_->pointers[rank_] = in;
    group_->counts[rank_] = &sendCounts;
    group_->wait();
    Status status;
    char* to = static_cast<char*>(out);
    for (int r = 0; r < size(); ++r) {
      const std::vector<int64_t>& theirs = *group_->counts[r];
      if (theirs[rank_] != receiveCounts[r]) {
        status = mismatch(r);
        break;
      }
      const int64_t begin = std::accumulate(theirs.begin(), theirs.begin() + rank_, int64_t{0});
      if (theirs[rank_] > 0) std::memcpy(to, at(r, begin, bytes), theirs[rank_] * bytes);
      to += theirs[rank_] * bytes;
    }
    group_->wait();
    return status;
  }

  Status broadcast(void* data, int64_t bytes, int root) override {
    if (root < 0 || root >= size()) return noSuchRank(root);
    group_->pointers[rank_] = data;
    group_->wait();
    if (rank_ != root && bytes > 0) std::memcpy(data, group_->pointers[root], bytes);
    group_->wait();
    return okStatus();
  }

  std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) override {
    if (to < 0 || to >= size()) return std::make_unique<FailedRequest>(noSuchRank(to));
    auto message = std::make_shared<Message>(Message{data, bytes});
    {
      std::lock_guard lock(group_->mutex);
      group_->mail[{rank_, to, tag}].push_back(message);
    }
    group_->changed.notify_all();
    return std::make_unique<SendRequest>(group_, std::move(message));
  }

  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) override {
    if (from < 0 || from >= size()) return std::make_unique<FailedRequest>(noSuchRank(from));
    return std::make_unique<ReceiveRequest>(group_, data, bytes, from, rank_, tag);
  }

  StatusOr<std::unique_ptr<Communicator>> split(int color, int key) override {
    Splitting& splitting = group_->splitting;
    splitting.colorAndKey[rank_] = {color, key};
    group_->wait();
    // The ranks of this color in the order of their keys; every rank of it comes to the same list.
    std::vector<int> members;
    for (int r = 0; r < size(); ++r) {
      if (splitting.colorAndKey[r].first == color) members.push_back(r);
    }
    std::stable_sort(members.begin(), members.end(), [&](int a, int b) {
      return splitting.colorAndKey[a].second < splitting.colorAndKey[b].second;
    });
    if (members[0] == rank_) {
      std::lock_guard lock(group_->mutex);
      splitting.groups[color] = std::make_shared<Group>(static_cast<int>(members.size()));
    }
    group_->wait();
    std::shared_ptr<Group> group;
    {
      std::lock_guard lock(group_->mutex);
      group = splitting.groups[color];
    }
    group_->wait();
    const auto own = std::find(members.begin(), members.end(), rank_) - members.begin();
    return std::unique_ptr<Communicator>(
        std::make_unique<ThreadCommunicator>(std::move(group), static_cast<int>(own)));
  }

 private:
  int64_t partBegin(int rank, int64_t count) const { return count * rank / size(); }

  const char* at(int rank, int64_t element, int64_t bytes) const {
    return static_cast<const char*>(group_->pointers[rank]) + element * bytes;
  }

  // Shows this rank's buffer to the others and checks that all have the same counts.
  Status publish(const void* in, const std::vector<int64_t>& counts) {
    group_->pointers[rank_] = in;
    group_->counts[rank_] = &counts;
    group_->wait();
    for (int r = 0; r < size(); ++r) {
      if (*group_->counts[r] != counts) {
        group_->wait();
        return mismatch(r);
      }
    }
    return okStatus();
  }

  Status mismatch(int other) const {
    return invalidError("ranks " + std::to_string(rank_) + " and " + std::to_string(other) +
                        " disagree about the sizes of a collective");
  }
  Status noSuchRank(int rank) const {
    return invalidError("there is no rank " + std::to_string(rank) + " among " +
                        std::to_string(size()));
  }

  std::shared_ptr<Group> group_;
  int rank_;
  std::string host_;
};

}  // namespace

std::vector<std::unique_ptr<Communicator>> createThreadGroup(int size) {
  auto group = std::make_shared<Group>(size);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank = 0; rank < size; ++rank) {
    communicators.push_back(std::make_unique<ThreadCommunicator>(group, rank));
  }
  return communicators;
}

}  // namespace mlc::collectives
