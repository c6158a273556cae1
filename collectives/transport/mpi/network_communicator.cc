#include "collectives/transport/mpi/network_communicator.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "collectives/algorithm/arguments.h"
#include "collectives/algorithm/reduce.h"
#include "collectives/transport/mpi/transfer.h"

namespace mlc::collectives {
namespace {

constexpr int64_t kEarlyBytes = 32 * 1024;
constexpr size_t kSignatureBytes = 64;  // keeps contributions aligned
static_assert(sizeof(CallSignature) <= kSignatureBytes);

int64_t widthOf(DType dtype) { return static_cast<int64_t>(elementBytes(dtype)); }

void copy(void* to, const void* from, int64_t bytes) {
  if (bytes > 0 && to != from) std::memcpy(to, from, static_cast<size_t>(bytes));
}

int64_t sumBefore(const std::vector<int64_t>& counts, int rank) {
  return std::accumulate(counts.begin(), counts.begin() + rank, int64_t{0});
}

}  // namespace

NetworkCommunicator::NetworkCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks)
    : MpiCommunicator(std::move(job), std::move(ranks)),
      messages_(messageBytes() * static_cast<size_t>(size())),
      parts_(static_cast<size_t>(size())) {}

// At least room for the counts of an all-to-all.
size_t NetworkCommunicator::messageBytes() const {
  return kSignatureBytes + static_cast<size_t>(std::max<int64_t>(kEarlyBytes, 16 * size()));
}

const char* NetworkCommunicator::contributionOf(int rank) const {
  return messages_.data() + static_cast<size_t>(rank) * messageBytes() + kSignatureBytes;
}

Status NetworkCommunicator::exchange(const CallSignature& signature, const void* data,
                                     int64_t bytes) {
  // A rank that has given up must not take part.
  if (job().cancellation.requested()) return failure();
  const auto messageOf = [&](int r) {
    return messages_.data() + static_cast<size_t>(r) * messageBytes();
  };
  std::memcpy(messageOf(rank()), &signature, sizeof signature);
  copy(messageOf(rank()) + kSignatureBytes, data, bytes);
  std::vector<std::unique_ptr<Request>> requests;
  const auto capacity = static_cast<int64_t>(messageBytes());
  const int64_t length = static_cast<int64_t>(kSignatureBytes) + bytes;
  for (int r = 0; r < size(); ++r) {
    if (r == rank()) continue;
    requests.push_back(
        startReceiveUpTo(job(), handle(), messageOf(r), capacity, r, kCollectiveTag));
  }
  for (int r = 0; r < size(); ++r) {
    if (r == rank()) continue;
    requests.push_back(startSend(job(), handle(), messageOf(rank()), length, r, kCollectiveTag));
  }
  MLC_RETURN_IF_ERROR(waitAll(requests));
  for (int r = 0; r < size(); ++r) {
    CallSignature theirs;
    std::memcpy(&theirs, messageOf(r), sizeof theirs);
    if (theirs != signature) return disagreement(rank(), r);
  }
  return okStatus();
}

Status NetworkCommunicator::agreeToSplit() { return exchange({Collective::kSplit}); }

Status NetworkCommunicator::barrier() { return exchange({Collective::kBarrier}); }

Status NetworkCommunicator::allReduce(void* data, int64_t count, DType dtype, Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCount(count));
  const int64_t width = widthOf(dtype);
  const bool early = count * width <= kEarlyBytes;
  MLC_RETURN_IF_ERROR(exchange({Collective::kAllReduce, static_cast<int32_t>(reduction),
                                static_cast<uint64_t>(count), dtype},
                               data, early ? count * width : 0));
  if (early) {
    for (int r = 0; r < size(); ++r) parts_[static_cast<size_t>(r)] = contributionOf(r);
    reduceParts(parts_, data, count, dtype, reduction);
    return okStatus();
  }
  std::vector<int64_t> counts;
  for (int r = 0; r < size(); ++r) {
    counts.push_back(partBegin(r + 1, count, size()) - partBegin(r, count, size()));
  }
  auto* place = static_cast<char*>(data);
  char* own = place + partBegin(rank(), count, size()) * width;
  MLC_RETURN_IF_ERROR(scatterReduced(place, own, counts, dtype, reduction));
  return gather(own, place, counts, width);
}

Status NetworkCommunicator::allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                                      DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
  const int64_t width = widthOf(dtype);
  const bool early = std::ranges::max(counts) * width <= kEarlyBytes;
  MLC_RETURN_IF_ERROR(exchange({Collective::kAllGather, 0, digestOf(counts), dtype}, in,
                               early ? counts[static_cast<size_t>(rank())] * width : 0));
  auto* to = static_cast<char*>(out);
  if (!early) return gather(static_cast<const char*>(in), to, counts, width);
  for (int r = 0; r < size(); ++r) {
    const int64_t bytes = counts[static_cast<size_t>(r)] * width;
    copy(to, r == rank() ? in : contributionOf(r), bytes);
    to += bytes;
  }
  return okStatus();
}

Status NetworkCommunicator::reduceScatter(const void* in, void* out,
                                          const std::vector<int64_t>& counts, DType dtype,
                                          Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
  MLC_RETURN_IF_ERROR(exchange(
      {Collective::kReduceScatter, static_cast<int32_t>(reduction), digestOf(counts), dtype}));
  return scatterReduced(static_cast<const char*>(in), static_cast<char*>(out), counts, dtype,
                        reduction);
}

Status NetworkCommunicator::allToAll(const void* in, const std::vector<int64_t>& sendCounts,
                                     void* out, const std::vector<int64_t>& receiveCounts,
                                     DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(sendCounts, size()));
  MLC_RETURN_IF_ERROR(checkCounts(receiveCounts, size()));
  std::vector<int64_t> both(sendCounts);
  both.insert(both.end(), receiveCounts.begin(), receiveCounts.end());
  MLC_RETURN_IF_ERROR(exchange({Collective::kAllToAll, 0, 0, dtype}, both.data(), 16 * size()));
  std::vector<const int64_t*> countsOf;
  for (int r = 0; r < size(); ++r) {
    countsOf.push_back(reinterpret_cast<const int64_t*>(contributionOf(r)));
  }
  const StatusOr<int64_t> largest = largestMatching(countsOf);
  if (!largest.ok()) return largest.status();
  return toAll(static_cast<const char*>(in), sendCounts, static_cast<char*>(out), receiveCounts,
               widthOf(dtype));
}

Status NetworkCommunicator::broadcast(void* data, int64_t bytes, int root) {
  MLC_RETURN_IF_ERROR(checkCount(bytes));
  MLC_RETURN_IF_ERROR(checkRank(root, size()));
  const bool early = bytes <= kEarlyBytes;
  MLC_RETURN_IF_ERROR(exchange({Collective::kBroadcast, root, static_cast<uint64_t>(bytes)}, data,
                               early && rank() == root ? bytes : 0));
  if (early) {
    copy(data, rank() == root ? data : contributionOf(root), bytes);
    return okStatus();
  }
  std::vector<std::unique_ptr<Request>> requests;
  if (rank() != root) {
    requests.push_back(startReceive(job(), handle(), data, bytes, root, kCollectiveTag));
  }
  for (int r = 0; r < size() && rank() == root; ++r) {
    if (r != root) requests.push_back(startSend(job(), handle(), data, bytes, r, kCollectiveTag));
  }
  return waitAll(requests);
}

Status NetworkCommunicator::gather(const char* in, char* out, const std::vector<int64_t>& counts,
                                   int64_t width) {
  std::vector<std::unique_ptr<Request>> requests;
  char* to = out;
  for (int r = 0; r < size(); ++r) {
    const int64_t bytes = counts[static_cast<size_t>(r)] * width;
    if (r == rank()) {
      copy(to, in, bytes);
    } else {
      requests.push_back(startReceive(job(), handle(), to, bytes, r, kCollectiveTag));
    }
    to += bytes;
  }
  const int64_t own = counts[static_cast<size_t>(rank())] * width;
  for (int r = 0; r < size(); ++r) {
    if (r != rank()) requests.push_back(startSend(job(), handle(), in, own, r, kCollectiveTag));
  }
  return waitAll(requests);
}

Status NetworkCommunicator::scatterReduced(const char* in, char* out,
                                           const std::vector<int64_t>& counts, DType dtype,
                                           Reduction reduction) {
  const int64_t width = widthOf(dtype), own = counts[static_cast<size_t>(rank())];
  const int64_t bytes = own * width;
  if (pieces_.size() < static_cast<size_t>(bytes * size())) {
    pieces_.resize(static_cast<size_t>(bytes * size()));
  }
  const std::vector<int64_t> received(static_cast<size_t>(size()), own);
  MLC_RETURN_IF_ERROR(toAll(in, counts, pieces_.data(), received, width));
  for (int r = 0; r < size(); ++r) parts_[static_cast<size_t>(r)] = pieces_.data() + r * bytes;
  reduceParts(parts_, out, own, dtype, reduction);
  return okStatus();
}

Status NetworkCommunicator::toAll(const char* in, const std::vector<int64_t>& sendCounts, char* out,
                                  const std::vector<int64_t>& receiveCounts, int64_t width) {
  std::vector<std::unique_ptr<Request>> requests;
  for (int r = 0; r < size(); ++r) {
    const int64_t bytes = receiveCounts[static_cast<size_t>(r)] * width;
    char* to = out + sumBefore(receiveCounts, r) * width;
    if (r == rank()) {
      copy(to, in + sumBefore(sendCounts, r) * width, bytes);
    } else {
      requests.push_back(startReceive(job(), handle(), to, bytes, r, kCollectiveTag));
    }
  }
  for (int r = 0; r < size(); ++r) {
    if (r == rank()) continue;
    requests.push_back(startSend(job(), handle(), in + sumBefore(sendCounts, r) * width,
                                 sendCounts[static_cast<size_t>(r)] * width, r, kCollectiveTag));
  }
  return waitAll(requests);
}

}  // namespace mlc::collectives
