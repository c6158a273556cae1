#include "collectives/transport/thread/thread_communicator.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "collectives/algorithm/arguments.h"
#include "collectives/algorithm/reduce.h"
#include "collectives/transport/thread/thread_group.h"

namespace mlc::collectives {
namespace {

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<ThreadGroup> group, int rank)
      : group_(std::move(group)), rank_(rank), parts_(group_->size()) {}
  ~ThreadCommunicator() override { group_->leave(rank_); }

  int rank() const override { return rank_; }
  int size() const override { return group_->size(); }
  const std::string& hostOf(int) const override { return group_->host(); }

  Status barrier() override { return agree({{Collective::kBarrier}}); }

  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override {
    MLC_RETURN_IF_ERROR(checkCount(count));
    if (size() == 1) return okStatus();
    const auto width = static_cast<int64_t>(elementBytes(dtype));
    const bool copied = count * width <= kCopiedBytes;
    if (copied && count > 0) std::memcpy(group_->copyOf(rank_, turn_ + 1), data, count * width);
    MLC_RETURN_IF_ERROR(agree(
        {{Collective::kAllReduce, static_cast<int>(reduction), static_cast<uint64_t>(count), dtype},
         data}));
    if (!copied) {
      reduceOwnPart(count, width, dtype, reduction);
      return group_->finish();
    }
    for (int r = 0; r < size(); ++r) parts_[r] = group_->copyOf(r, turn_);
    reduceParts(parts_, data, count, dtype, reduction);
    return okStatus();
  }

  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override {
    MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
    const auto width = static_cast<int64_t>(elementBytes(dtype));
    const bool copied = std::ranges::max(counts) * width <= kCopiedBytes;
    if (copied && counts[rank_] > 0) {
      std::memcpy(group_->copyOf(rank_, turn_ + 1), in, counts[rank_] * width);
    }
    MLC_RETURN_IF_ERROR(
        agree({{Collective::kAllGather, 0, digestOf(counts), dtype}, const_cast<void*>(in)}));
    char* to = static_cast<char*>(out);
    for (int r = 0; r < size(); ++r) {
      const char* from = copied && r != rank_ ? group_->copyOf(r, turn_) : dataOf(r);
      const char* source = r == rank_ ? static_cast<const char*>(in) : from;
      if (counts[r] > 0 && to != source) std::memcpy(to, source, counts[r] * width);
      to += counts[r] * width;
    }
    return copied ? okStatus() : group_->finish();
  }

  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override {
    MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
    const auto width = static_cast<int64_t>(elementBytes(dtype));
    MLC_RETURN_IF_ERROR(
        agree({{Collective::kReduceScatter, static_cast<int>(reduction), digestOf(counts), dtype},
               const_cast<void*>(in)}));
    const int64_t begin = std::accumulate(counts.begin(), counts.begin() + rank_, int64_t{0});
    if (counts[rank_] > 0) {
      for (int r = 0; r < size(); ++r) parts_[r] = dataOf(r) + begin * width;
      reduceParts(parts_, out, counts[rank_], dtype, reduction);
    }
    return group_->finish();
  }

  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override {
    MLC_RETURN_IF_ERROR(checkCounts(sendCounts, size()));
    MLC_RETURN_IF_ERROR(checkCounts(receiveCounts, size()));
    std::vector<int64_t> both(sendCounts);
    both.insert(both.end(), receiveCounts.begin(), receiveCounts.end());
    MLC_RETURN_IF_ERROR(
        agree({{Collective::kAllToAll, 0, 0, dtype}, const_cast<void*>(in), both.data()}));
    const Status status = copyFromAll(static_cast<char*>(out), elementBytes(dtype));
    MLC_RETURN_IF_ERROR(group_->finish());
    return status;
  }

  Status broadcast(void* data, int64_t bytes, int root) override {
    MLC_RETURN_IF_ERROR(checkCount(bytes));
    MLC_RETURN_IF_ERROR(checkRank(root, size()));
    const bool copied = bytes <= kCopiedBytes;
    if (copied && rank_ == root && bytes > 0) {
      std::memcpy(group_->copyOf(rank_, turn_ + 1), data, bytes);
    }
    MLC_RETURN_IF_ERROR(
        agree({{Collective::kBroadcast, root, static_cast<uint64_t>(bytes)}, data}));
    if (rank_ != root && bytes > 0) {
      std::memcpy(data, copied ? group_->copyOf(root, turn_) : dataOf(root), bytes);
    }
    return copied ? okStatus() : group_->finish();
  }

  std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) override {
    if (Status status = checkMessage(bytes, to, size(), tag); !status.ok()) {
      return failedRequest(std::move(status));
    }
    return group_->mailbox().send(data, bytes, rank_, to, tag);
  }

  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) override {
    if (Status status = checkMessage(bytes, from, size(), tag); !status.ok()) {
      return failedRequest(std::move(status));
    }
    return group_->mailbox().receive(data, bytes, from, rank_, tag);
  }

  StatusOr<std::unique_ptr<Communicator>> split(int color, int key) override {
    MLC_RETURN_IF_ERROR(checkColor(color));
    MLC_RETURN_IF_ERROR(agree({{Collective::kSplit}, nullptr, nullptr, color, key}));
    // Every rank of a color comes to the same list.
    std::vector<int> members;
    for (int r = 0; r < size(); ++r) {
      if (group_->callOf(r, turn_).color == color) members.push_back(r);
    }
    std::ranges::sort(members, {},
                      [&](int r) { return std::pair(group_->callOf(r, turn_).key, r); });
    std::shared_ptr<ThreadGroup>& place = group_->children()[members[0]];
    if (members[0] == rank_) {
      place =
          std::make_shared<ThreadGroup>(static_cast<int>(members.size()), group_->cancellation());
    }
    MLC_RETURN_IF_ERROR(group_->meet());
    const auto own = static_cast<int>(std::ranges::find(members, rank_) - members.begin());
    auto communicator = std::make_unique<ThreadCommunicator>(place, own);
    MLC_RETURN_IF_ERROR(group_->meet());
    if (members[0] == rank_) place.reset();
    return std::unique_ptr<Communicator>(std::move(communicator));
  }

  void abort(const Status& cause) override { group_->cancellation()->request(cause); }
  Status failure() const override { return group_->cancellation()->cause(); }

  // A message moves when its second side comes.
  void progress() override {}

 private:
  Status agree(const Call& call) { return group_->agree(rank_, ++turn_, call); }

  char* dataOf(int rank) const { return static_cast<char*>(group_->callOf(rank, turn_).data); }

  // The receiving side of an all-to-all.
  Status copyFromAll(char* to, size_t width) {
    std::vector<const int64_t*> countsOf;
    for (int r = 0; r < size(); ++r) countsOf.push_back(group_->callOf(r, turn_).counts);
    if (const StatusOr<int64_t> largest = largestMatching(countsOf); !largest.ok()) {
      return largest.status();
    }
    for (int r = 0; r < size(); ++r) {
      const int64_t* counts = countsOf[static_cast<size_t>(r)];
      const auto bytes = static_cast<size_t>(counts[rank_]) * width;
      const auto begin = static_cast<size_t>(std::accumulate(counts, counts + rank_, int64_t{0}));
      if (bytes > 0) std::memcpy(to, dataOf(r) + begin * width, bytes);
      to += bytes;
    }
    return okStatus();
  }

  // Reduces this rank's part of everybody's data, and writes it to all of them: nobody else
  // touches that part meanwhile.
  void reduceOwnPart(int64_t count, int64_t width, DType dtype, Reduction reduction) {
    const int64_t begin = partBegin(rank_, count, size());
    std::vector<void*> places;
    for (int r = 0; r < size(); ++r) places.push_back(dataOf(r) + begin * width);
    parts_.assign(places.begin(), places.end());
    reduceToAll(parts_, places, partBegin(rank_ + 1, count, size()) - begin, dtype, reduction);
  }

  std::shared_ptr<ThreadGroup> group_;
  int rank_;
  uint32_t turn_ = 0;
  std::vector<const void*> parts_;
};

}  // namespace

std::vector<std::unique_ptr<Communicator>> createThreadGroup(int size) {
  auto group = std::make_shared<ThreadGroup>(size, std::make_shared<Cancellation>());
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank = 0; rank < size; ++rank) {
    communicators.push_back(std::make_unique<ThreadCommunicator>(group, rank));
  }
  return communicators;
}

}  // namespace mlc::collectives
