#include "collectives/transport/mpi/network_communicator.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "collectives/algorithm/arguments.h"
#include "collectives/algorithm/reduce.h"
#include "collectives/transport/mpi/transfer.h"

namespace mlc::collectives {
namespace {

// What a rank is told of all others together.
constexpr int64_t kToldBytes = 64 * 1024;

// What goes before a contribution; keeps contributions aligned.
struct alignas(64) Header {
  CallSignature signature;
  int64_t bytes = 0;
};

int64_t toldBytes(int64_t contribution) {
  return static_cast<int64_t>(sizeof(Header)) + (contribution + 63) / 64 * 64;
}

}  // namespace

NetworkCommunicator::NetworkCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks)
    : MpiCommunicator(std::move(job), std::move(ranks)),
      begins_(static_cast<size_t>(size())),
      parts_(static_cast<size_t>(size())) {
  // At least room for the counts of an all-to-all.
  told_.resize(
      static_cast<size_t>(size() * toldBytes(std::max(earlyBytes(), int64_t{16} * size()))));
}

int64_t NetworkCommunicator::earlyBytes() const { return kToldBytes / size() / 64 * 64; }

std::span<const char> NetworkCommunicator::contributionOf(int rank) const {
  const char* begin =
      told_.data() + begins_[static_cast<size_t>((rank - this->rank() + size()) % size())];
  Header header;
  std::memcpy(&header, begin, sizeof header);
  return {begin + sizeof header, static_cast<size_t>(header.bytes)};
}

// Finds in what `from` has told, which lies from begin to end, what the ranks say.
Status NetworkCommunicator::takeTold(int from, std::span<size_t> begins, size_t begin, size_t end) {
  for (size_t& place : begins) {
    Header header;
    const auto left = static_cast<int64_t>(end - begin);
    if (left >= static_cast<int64_t>(sizeof header)) {
      std::memcpy(&header, told_.data() + begin, sizeof header);
      place = begin;
    }
    if (left < static_cast<int64_t>(sizeof header) || header.bytes < 0 || header.bytes > left ||
        toldBytes(header.bytes) > left) {
      return deviceError("rank " + std::to_string(from) + " has sent a damaged message");
    }
    begin += static_cast<size_t>(toldBytes(header.bytes));
  }
  if (begin == end) return okStatus();
  return deviceError("rank " + std::to_string(from) + " has sent more than its message");
}

Status NetworkCommunicator::exchange(const CallSignature& call, const void* data, int64_t bytes) {
  // A rank that has given up must not take part.
  if (job().cancellation.requested()) return failure();
  const CallSignature signature = signatureOf(call);
  const Header mine = {signature, bytes};
  std::memcpy(told_.data(), &mine, sizeof mine);
  copy(told_.data() + sizeof mine, data, bytes);
  size_t length = static_cast<size_t>(toldBytes(bytes));  // of what this rank knows
  begins_[0] = 0;
  // In each round a rank learns from one as many ranks further on as it knows itself, what that one
  // knows.
  for (int known = 1; known < size();) {
    const int asked = std::min(known, size() - known);
    const int from = (rank() + known) % size(), to = (rank() + size() - known) % size();
    const size_t sent = asked == known ? length : begins_[static_cast<size_t>(asked)];
    int64_t received = 0;
    const std::unique_ptr<Request> requests[] = {
        startReceiveUpTo(job(), handle(), told_.data() + length,
                         static_cast<int64_t>(told_.size() - length), from, kCollectiveTag,
                         received),
        startSend(job(), handle(), told_.data(), static_cast<int64_t>(sent), to, kCollectiveTag)};
    MLC_RETURN_IF_ERROR(waitAll(requests));
    MLC_RETURN_IF_ERROR(takeTold(from, {begins_.data() + known, static_cast<size_t>(asked)}, length,
                                 length + static_cast<size_t>(received)));
    length += static_cast<size_t>(received);
    known += asked;
  }
  for (int i = 1; i < size(); ++i) {
    Header theirs;
    std::memcpy(&theirs, told_.data() + begins_[static_cast<size_t>(i)], sizeof theirs);
    if (theirs.signature != signature) return disagreement(rank(), (rank() + i) % size());
  }
  return okStatus();
}

Status NetworkCommunicator::agree(const CallSignature& signature) { return exchange(signature); }

Status NetworkCommunicator::allReduce(void* data, int64_t count, DType dtype, Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCount(count));
  const int64_t width = widthOf(dtype);
  const bool early = count * width <= earlyBytes();
  MLC_RETURN_IF_ERROR(exchange({Collective::kAllReduce, static_cast<int32_t>(reduction),
                                static_cast<uint64_t>(count), dtype},
                               data, early ? count * width : 0));
  if (early) {
    for (int r = 0; r < size(); ++r) parts_[static_cast<size_t>(r)] = contributionOf(r).data();
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
  const bool early = std::ranges::max(counts) * width <= earlyBytes();
  MLC_RETURN_IF_ERROR(exchange({Collective::kAllGather, 0, digestOf(counts), dtype}, in,
                               early ? counts[static_cast<size_t>(rank())] * width : 0));
  auto* to = static_cast<char*>(out);
  if (!early) return gather(static_cast<const char*>(in), to, counts, width);
  for (int r = 0; r < size(); ++r) {
    const int64_t bytes = counts[static_cast<size_t>(r)] * width;
    copy(to, r == rank() ? in : contributionOf(r).data(), bytes);
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
    countsOf.push_back(reinterpret_cast<const int64_t*>(contributionOf(r).data()));
  }
  const StatusOr<int64_t> largest = largestMatching(countsOf);
  if (!largest.ok()) return largest.status();
  return sendPieces(static_cast<const char*>(in), sendCounts, static_cast<char*>(out),
                    receiveCounts, widthOf(dtype));
}

Status NetworkCommunicator::broadcast(void* data, int64_t bytes, int root) {
  MLC_RETURN_IF_ERROR(checkCount(bytes));
  MLC_RETURN_IF_ERROR(checkRank(root, size()));
  const bool early = bytes <= earlyBytes();
  MLC_RETURN_IF_ERROR(exchange({Collective::kBroadcast, root, static_cast<uint64_t>(bytes)}, data,
                               early && rank() == root ? bytes : 0));
  if (early) {
    copy(data, rank() == root ? data : contributionOf(root).data(), bytes);
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
  MLC_RETURN_IF_ERROR(sendPieces(in, counts, pieces_.data(), received, width));
  for (int r = 0; r < size(); ++r) parts_[static_cast<size_t>(r)] = pieces_.data() + r * bytes;
  reduceParts(parts_, out, own, dtype, reduction);
  return okStatus();
}

}  // namespace mlc::collectives
