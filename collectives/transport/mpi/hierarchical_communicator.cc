#include "collectives/transport/mpi/hierarchical_communicator.h"

#include <algorithm>
#include <array>
#include <string>

#include "collectives/algorithm/arguments.h"

namespace mlc::collectives {
namespace {

// How the exchange between hosts ended, for the ranks of a host that took no part in it.
struct Outcome {
  int32_t code = 0;
  std::array<char, 508> text = {};
};

}  // namespace

HierarchicalCommunicator::HierarchicalCommunicator(std::shared_ptr<MpiJob> job,
                                                   std::unique_ptr<Ranks> ranks,
                                                   std::unique_ptr<MpiCommunicator> within,
                                                   std::unique_ptr<MpiCommunicator> between)
    : MpiCommunicator(std::move(job), std::move(ranks)),
      hosts_(this->ranks().hosts()),
      host_(hosts_.of(rank())),
      between_(std::move(between)),
      within_(std::move(within)) {}

template <typename Exchange>
Status HierarchicalCommunicator::betweenHosts(const Status& here, const Exchange& exchange) {
  if (!here.ok()) {
    // The other hosts wait for this one: they learn that its ranks are in no call together.
    if (between_) (void)between_->agree({Collective::kNone});
    return here;
  }
  Outcome outcome;
  if (between_) {
    const Status status = exchange(*between_);
    outcome.code = static_cast<int32_t>(status.code());
    status.message().copy(outcome.text.data(), outcome.text.size() - 1);
  }
  MLC_RETURN_IF_ERROR(within_->broadcast(&outcome, sizeof outcome, 0));
  return Status(static_cast<StatusCode>(outcome.code), outcome.text.data());
}

void HierarchicalCommunicator::agreeAbout(const CallSignature& call) {
  const uint64_t digest = digestOf(signatureOf(call));
  within_->alsoAgreeAbout(digest);
  if (between_) between_->alsoAgreeAbout(digest);
}

Status HierarchicalCommunicator::agree(const CallSignature& signature) {
  agreeAbout(signature);
  return betweenHosts(within_->agree(signature),
                      [&](MpiCommunicator& hosts) { return hosts.agree(signature); });
}

Status HierarchicalCommunicator::allReduce(void* data, int64_t count, DType dtype,
                                           Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCount(count));
  agreeAbout({Collective::kAllReduce, static_cast<int32_t>(reduction), static_cast<uint64_t>(count),
              dtype});
  MLC_RETURN_IF_ERROR(betweenHosts(
      within_->allReduce(data, count, dtype, reduction),
      [&](MpiCommunicator& hosts) { return hosts.allReduce(data, count, dtype, reduction); }));
  return within_->broadcast(data, count * widthOf(dtype), 0);
}

Status HierarchicalCommunicator::allGather(const void* in, void* out,
                                           const std::vector<int64_t>& counts, DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
  const int64_t width = widthOf(dtype), bytes = sumBefore(counts, size()) * width;
  const std::vector<int64_t> ofHosts = countsOfHosts(counts);
  MLC_ASSIGN_OR_RETURN(char* gathered, pieces(bytes));
  char* ofThisHost = gathered + sumBefore(ofHosts, host_) * width;
  agreeAbout({Collective::kAllGather, 0, digestOf(counts), dtype});
  MLC_RETURN_IF_ERROR(betweenHosts(within_->allGather(in, ofThisHost, countsHere(counts), dtype),
                                   [&](MpiCommunicator& hosts) {
                                     return hosts.allGather(ofThisHost, gathered, ofHosts, dtype);
                                   }));
  MLC_RETURN_IF_ERROR(within_->broadcast(gathered, bytes, 0));
  char* to = static_cast<char*>(out);
  for (int r = 0; r < size(); ++r) {
    const int64_t piece = counts[static_cast<size_t>(r)] * width;
    copy(to, gathered + beginByHost(counts, r) * width, piece);
    to += piece;
  }
  return okStatus();
}

Status HierarchicalCommunicator::reduceScatter(const void* in, void* out,
                                               const std::vector<int64_t>& counts, DType dtype,
                                               Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
  const int64_t width = widthOf(dtype), total = sumBefore(counts, size());
  const std::vector<int64_t> ofHosts = countsOfHosts(counts);
  // Summed on this host, and then what all hosts have for it.
  MLC_ASSIGN_OR_RETURN(char* sums, pieces((total + ofHosts[static_cast<size_t>(host_)]) * width));
  char* ofThisHost = sums + total * width;
  const char* from = static_cast<const char*>(in);
  for (int r = 0; r < size(); ++r) {
    const int64_t piece = counts[static_cast<size_t>(r)] * width;
    copy(sums + beginByHost(counts, r) * width, from, piece);
    from += piece;
  }
  agreeAbout(
      {Collective::kReduceScatter, static_cast<int32_t>(reduction), digestOf(counts), dtype});
  MLC_RETURN_IF_ERROR(
      betweenHosts(within_->allReduce(sums, total, dtype, reduction), [&](MpiCommunicator& hosts) {
        return hosts.reduceScatter(sums, ofThisHost, ofHosts, dtype, reduction);
      }));
  MLC_RETURN_IF_ERROR(
      within_->broadcast(ofThisHost, ofHosts[static_cast<size_t>(host_)] * width, 0));
  const int64_t begin = beginByHost(counts, rank()) - sumBefore(ofHosts, host_);
  copy(out, ofThisHost + begin * width, counts[static_cast<size_t>(rank())] * width);
  return okStatus();
}

// Pieces go straight from rank to rank, once all know that they match.
Status HierarchicalCommunicator::allToAll(const void* in, const std::vector<int64_t>& sendCounts,
                                          void* out, const std::vector<int64_t>& receiveCounts,
                                          DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(sendCounts, size()));
  MLC_RETURN_IF_ERROR(checkCounts(receiveCounts, size()));
  MLC_RETURN_IF_ERROR(agree({Collective::kAllToAll, 0, 0, dtype}));
  std::vector<int64_t> mine(sendCounts), all(static_cast<size_t>(2 * size() * size()));
  mine.insert(mine.end(), receiveCounts.begin(), receiveCounts.end());
  MLC_RETURN_IF_ERROR(allGather(mine.data(), all.data(),
                                std::vector<int64_t>(static_cast<size_t>(size()), 2 * size()),
                                DType::kI64));
  std::vector<const int64_t*> countsOf;
  for (int r = 0; r < size(); ++r) countsOf.push_back(all.data() + 2 * size() * r);
  if (const StatusOr<int64_t> largest = largestMatching(countsOf); !largest.ok())
    return largest.status();
  return sendPieces(static_cast<const char*>(in), sendCounts, static_cast<char*>(out),
                    receiveCounts, widthOf(dtype));
}

Status HierarchicalCommunicator::broadcast(void* data, int64_t bytes, int root) {
  MLC_RETURN_IF_ERROR(checkCount(bytes));
  MLC_RETURN_IF_ERROR(checkRank(root, size()));
  const CallSignature call = {Collective::kBroadcast, root, static_cast<uint64_t>(bytes)};
  const int hostOfRoot = hosts_.of(root);
  const auto& ranksThere = hosts_.ranksOf(hostOfRoot);
  agreeAbout(call);
  const Status here =
      host_ == hostOfRoot
          ? within_->broadcast(
                data, bytes,
                static_cast<int>(std::ranges::find(ranksThere, root) - ranksThere.begin()))
          : within_->agree(call);
  MLC_RETURN_IF_ERROR(betweenHosts(
      here, [&](MpiCommunicator& hosts) { return hosts.broadcast(data, bytes, hostOfRoot); }));
  return host_ == hostOfRoot ? okStatus() : within_->broadcast(data, bytes, 0);
}

std::vector<int64_t> HierarchicalCommunicator::countsHere(
    const std::vector<int64_t>& counts) const {
  std::vector<int64_t> here;
  for (const int r : hosts_.ranksOf(host_)) here.push_back(counts[static_cast<size_t>(r)]);
  return here;
}

std::vector<int64_t> HierarchicalCommunicator::countsOfHosts(
    const std::vector<int64_t>& counts) const {
  std::vector<int64_t> sums(static_cast<size_t>(hosts_.count()));
  for (int r = 0; r < size(); ++r)
    sums[static_cast<size_t>(hosts_.of(r))] += counts[static_cast<size_t>(r)];
  return sums;
}

int64_t HierarchicalCommunicator::beginByHost(const std::vector<int64_t>& counts, int rank) const {
  int64_t begin = 0;
  for (int r = 0; r < size(); ++r) {
    const int theirs = hosts_.of(r), own = hosts_.of(rank);
    if (theirs < own || (theirs == own && r < rank)) begin += counts[static_cast<size_t>(r)];
  }
  return begin;
}

StatusOr<char*> HierarchicalCommunicator::pieces(int64_t bytes) {
  if (!pieces_ || bytes > pieceBytes_) {
    pieces_.reset();
    MLC_ASSIGN_OR_RETURN(pieces_, allocate(bytes, "what the ranks exchange"));
    pieceBytes_ = bytes;
  }
  return static_cast<char*>(pieces_.get());
}

}  // namespace mlc::collectives
