#include "collectives/transport/mpi/shared_communicator.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "collectives/algorithm/arguments.h"
#include "collectives/algorithm/reduce.h"

namespace mlc::collectives {
namespace {

// Up to here every rank reduces everything itself: cheaper than another meeting.
constexpr int64_t kReducedByAllBytes = 32 * 1024;

int64_t widthOf(DType dtype) { return static_cast<int64_t>(elementBytes(dtype)); }

void copy(void* to, const void* from, int64_t bytes) {
  if (bytes > 0 && to != from) std::memcpy(to, from, static_cast<size_t>(bytes));
}

// What is left of count after `done`, but at most step.
int64_t nextOf(int64_t count, int64_t done, int64_t step) {
  return std::clamp<int64_t>(count - done, 0, step);
}

}  // namespace

SharedCommunicator::SharedCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks,
                                       std::unique_ptr<SharedWindow> window)
    : MpiCommunicator(std::move(job), std::move(ranks)),
      window_(std::move(window)),
      parts_(static_cast<size_t>(size())) {}

Status SharedCommunicator::meet(Collective collective, uint64_t sizes, DType dtype, int choice) {
  return window_->meet({collective, choice, sizes, dtype});
}

Status SharedCommunicator::agreeToSplit() { return meet(Collective::kSplit, 0, DType::kU8); }

Status SharedCommunicator::barrier() { return meet(Collective::kBarrier, 0, DType::kU8); }

int64_t SharedCommunicator::pieceBytes() const {
  return SharedWindow::kBufferBytes / size() / 64 * 64;
}

Status SharedCommunicator::allReduce(void* data, int64_t count, DType dtype, Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCount(count));
  const int64_t width = widthOf(dtype), step = SharedWindow::kBufferBytes / width;
  int64_t done = 0;
  do {
    char* place = static_cast<char*>(data) + done * width;
    const int64_t n = nextOf(count, done, step);
    copy(window_->buffer(), place, n * width);
    MLC_RETURN_IF_ERROR(meet(Collective::kAllReduce, static_cast<uint64_t>(count), dtype,
                             static_cast<int>(reduction)));
    MLC_RETURN_IF_ERROR(reduceBuffers(place, n, dtype, reduction));
    done += n;
  } while (done < count);
  return okStatus();
}

Status SharedCommunicator::reduceBuffers(char* data, int64_t count, DType dtype,
                                         Reduction reduction) {
  const int64_t width = widthOf(dtype);
  const auto reduceTo = [&](void* to, int64_t begin, int64_t end) {
    for (int r = 0; r < size(); ++r) {
      const char* part = r == rank() ? data : window_->bufferOf(r);
      parts_[static_cast<size_t>(r)] = part + begin * width;
    }
    reduceParts(parts_, to, end - begin, dtype, reduction);
  };
  // With two ranks, reducing everything moves no more bytes than sharing the work out.
  if (size() <= 2 || count * width <= kReducedByAllBytes) {
    reduceTo(data, 0, count);
    return okStatus();
  }
  const int64_t own = partBegin(rank(), count, size());
  reduceTo(window_->result() + own * width, own, partBegin(rank() + 1, count, size()));
  MLC_RETURN_IF_ERROR(window_->meetAgain());
  for (int r = 0; r < size(); ++r) {
    const int64_t begin = partBegin(r, count, size()) * width;
    copy(data + begin, window_->resultOf(r) + begin,
         partBegin(r + 1, count, size()) * width - begin);
  }
  return okStatus();
}

Status SharedCommunicator::allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                                     DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
  const int64_t width = widthOf(dtype), step = SharedWindow::kBufferBytes / width;
  const int64_t most = std::ranges::max(counts), mine = counts[static_cast<size_t>(rank())];
  const uint64_t digest = digestOf(counts);
  int64_t done = 0;
  do {
    const char* own = static_cast<const char*>(in) + done * width;
    const int64_t ownBytes = nextOf(mine, done, step) * width;
    copy(window_->buffer(), own, ownBytes);
    MLC_RETURN_IF_ERROR(meet(Collective::kAllGather, digest, dtype));
    char* to = static_cast<char*>(out) + done * width;
    for (int r = 0; r < size(); ++r) {
      const int64_t count = counts[static_cast<size_t>(r)];
      const int64_t bytes = nextOf(count, done, step) * width;
      copy(to, r == rank() ? own : window_->bufferOf(r), bytes);
      to += count * width;
    }
    done += step;
  } while (done < most);
  return okStatus();
}

Status SharedCommunicator::reduceScatter(const void* in, void* out,
                                         const std::vector<int64_t>& counts, DType dtype,
                                         Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCounts(counts, size()));
  const int64_t width = widthOf(dtype), piece = pieceBytes(), step = piece / width;
  const int64_t most = std::ranges::max(counts), mine = counts[static_cast<size_t>(rank())];
  const uint64_t digest = digestOf(counts);
  int64_t done = 0;
  do {
    const char* from = static_cast<const char*>(in) + done * width;
    char* buffer = window_->buffer();
    for (const int64_t count : counts) {
      copy(buffer, from, nextOf(count, done, step) * width);
      from += count * width;
      buffer += piece;
    }
    MLC_RETURN_IF_ERROR(
        meet(Collective::kReduceScatter, digest, dtype, static_cast<int>(reduction)));
    for (int r = 0; r < size(); ++r)
      parts_[static_cast<size_t>(r)] = window_->bufferOf(r) + rank() * piece;
    reduceParts(parts_, static_cast<char*>(out) + done * width, nextOf(mine, done, step), dtype,
                reduction);
    done += step;
  } while (done < most);
  return okStatus();
}

StatusOr<int64_t> SharedCommunicator::exchangeCounts(const std::vector<int64_t>& sendCounts,
                                                     const std::vector<int64_t>& receiveCounts,
                                                     DType dtype) {
  auto* own = reinterpret_cast<int64_t*>(window_->buffer());
  std::ranges::copy(sendCounts, own);
  std::ranges::copy(receiveCounts, own + size());
  MLC_RETURN_IF_ERROR(meet(Collective::kAllToAll, 0, dtype));
  std::vector<const int64_t*> countsOf;
  for (int r = 0; r < size(); ++r) {
    countsOf.push_back(reinterpret_cast<const int64_t*>(window_->bufferOf(r)));
  }
  return largestMatching(countsOf);
}

Status SharedCommunicator::allToAll(const void* in, const std::vector<int64_t>& sendCounts,
                                    void* out, const std::vector<int64_t>& receiveCounts,
                                    DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(sendCounts, size()));
  MLC_RETURN_IF_ERROR(checkCounts(receiveCounts, size()));
  MLC_ASSIGN_OR_RETURN(const int64_t most, exchangeCounts(sendCounts, receiveCounts, dtype));
  const int64_t width = widthOf(dtype), piece = pieceBytes(), step = piece / width;
  for (int64_t done = 0; done < most; done += step) {
    const char* from = static_cast<const char*>(in) + done * width;
    char* buffer = window_->buffer();
    for (const int64_t count : sendCounts) {
      copy(buffer, from, nextOf(count, done, step) * width);
      from += count * width;
      buffer += piece;
    }
    MLC_RETURN_IF_ERROR(meet(Collective::kAllToAll, 0, dtype));
    char* to = static_cast<char*>(out) + done * width;
    for (int r = 0; r < size(); ++r) {
      const int64_t count = receiveCounts[static_cast<size_t>(r)];
      copy(to, window_->bufferOf(r) + rank() * piece, nextOf(count, done, step) * width);
      to += count * width;
    }
  }
  return okStatus();
}

Status SharedCommunicator::broadcast(void* data, int64_t bytes, int root) {
  MLC_RETURN_IF_ERROR(checkCount(bytes));
  MLC_RETURN_IF_ERROR(checkRank(root, size()));
  int64_t done = 0;
  do {
    char* place = static_cast<char*>(data) + done;
    const int64_t n = nextOf(bytes, done, SharedWindow::kBufferBytes);
    if (rank() == root) copy(window_->buffer(), place, n);
    MLC_RETURN_IF_ERROR(
        meet(Collective::kBroadcast, static_cast<uint64_t>(bytes), DType::kU8, root));
    if (rank() != root) copy(place, window_->bufferOf(root), n);
    done += n;
  } while (done < bytes);
  return okStatus();
}

}  // namespace mlc::collectives
