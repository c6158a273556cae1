#include "collectives/transport/mpi/shared_communicator.h"

#include <algorithm>
#include <cstring>

#include "collectives/algorithm/arguments.h"
#include "collectives/algorithm/reduce.h"

namespace mlc::collectives {
namespace {

// Up to here every rank reduces everything itself: cheaper than another meeting.
constexpr int64_t kReducedByAllBytes = 32 * 1024;
// From here on data is read and written in place, which takes a meeting more than to copy it.
constexpr int64_t kInPlaceBytes = 2 * 1024;
// Up to here the pieces of an all-to-all go with its counts; up to the second one, those that are
// not in memory that the ranks share.
constexpr int64_t kCopiedPieces = 1024, kCopiedPiecesElsewhere = 32 * 1024;

// What is left of count after `done`, but at most step.
int64_t nextOf(int64_t count, int64_t done, int64_t step) {
  return std::clamp<int64_t>(count - done, 0, step);
}

}  // namespace

SharedCommunicator::SharedCommunicator(std::shared_ptr<MpiJob> job, std::unique_ptr<Ranks> ranks,
                                       std::unique_ptr<SharedWindow> window)
    : MpiCommunicator(std::move(job), std::move(ranks)),
      window_(std::move(window)),
      parts_(static_cast<size_t>(size())),
      places_(static_cast<size_t>(size())) {}

bool SharedCommunicator::isDataShared() const {
  for (int r = 0; r < size(); ++r) {
    if (!window_->dataOf(r)) return false;
  }
  return true;
}

Status SharedCommunicator::agree(const CallSignature& signature) {
  return window_->meet(signatureOf(signature));
}

int64_t SharedCommunicator::pieceBytes() const {
  return SharedWindow::kBufferBytes / size() / 64 * 64;
}

Status SharedCommunicator::allReduce(void* data, int64_t count, DType dtype, Reduction reduction) {
  MLC_RETURN_IF_ERROR(checkCount(count));
  const int64_t width = widthOf(dtype), step = SharedWindow::kBufferBytes / width;
  const CallSignature signature =
      signatureOf({Collective::kAllReduce, static_cast<int32_t>(reduction),
                   static_cast<uint64_t>(count), dtype});
  if (count * width >= kInPlaceBytes) {
    MLC_RETURN_IF_ERROR(window_->meet(signature, data, count * width));
    if (isDataShared()) {
      reduceInPlace(count, dtype, reduction);
      return window_->meetAgain();
    }
  }
  int64_t done = 0;
  do {
    char* place = static_cast<char*>(data) + done * width;
    const int64_t n = nextOf(count, done, step);
    copy(window_->buffer(n * width), place, n * width);
    MLC_RETURN_IF_ERROR(window_->meet(signature));
    MLC_RETURN_IF_ERROR(reduceBuffers(place, n, dtype, reduction));
    done += n;
  } while (done < count);
  return okStatus();
}

// This rank's part of everybody's data, which nobody else touches meanwhile.
void SharedCommunicator::reduceInPlace(int64_t count, DType dtype, Reduction reduction) {
  const int64_t begin = partBegin(rank(), count, size());
  for (int r = 0; r < size(); ++r)
    places_[static_cast<size_t>(r)] = window_->dataOf(r) + begin * widthOf(dtype);
  std::ranges::copy(places_, parts_.begin());
  reduceToAll(parts_, places_, partBegin(rank() + 1, count, size()) - begin, dtype, reduction);
}

Status SharedCommunicator::reduceBuffers(char* data, int64_t count, DType dtype,
                                         Reduction reduction) {
  const int64_t width = widthOf(dtype);
  const auto reduceTo = [&](void* to, int64_t begin, int64_t end) {
    for (int r = 0; r < size(); ++r) {
      const char* part = r == rank() ? data : window_->bufferOf(r, count * width);
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
  const CallSignature signature = signatureOf({Collective::kAllGather, 0, digestOf(counts), dtype});
  if (most * width >= kInPlaceBytes) {
    MLC_RETURN_IF_ERROR(window_->meet(signature, in, mine * width));
    if (isDataShared()) {
      char* to = static_cast<char*>(out);
      for (int r = 0; r < size(); ++r) {
        const int64_t bytes = counts[static_cast<size_t>(r)] * width;
        copy(to, window_->dataOf(r), bytes);
        to += bytes;
      }
      return window_->meetAgain();
    }
  }
  int64_t done = 0;
  do {
    const char* own = static_cast<const char*>(in) + done * width;
    const int64_t room = nextOf(most, done, step) * width;
    copy(window_->buffer(room), own, nextOf(mine, done, step) * width);
    MLC_RETURN_IF_ERROR(window_->meet(signature));
    char* to = static_cast<char*>(out) + done * width;
    for (int r = 0; r < size(); ++r) {
      const int64_t count = counts[static_cast<size_t>(r)];
      const int64_t bytes = nextOf(count, done, step) * width;
      copy(to, r == rank() ? own : window_->bufferOf(r, room), bytes);
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
  const int64_t total = sumBefore(counts, size());
  const CallSignature signature = signatureOf(
      {Collective::kReduceScatter, static_cast<int32_t>(reduction), digestOf(counts), dtype});
  if (total * width >= kInPlaceBytes) {
    MLC_RETURN_IF_ERROR(window_->meet(signature, in, total * width));
    if (isDataShared()) {
      const int64_t begin = sumBefore(counts, rank()) * width;
      for (int r = 0; r < size(); ++r) parts_[static_cast<size_t>(r)] = window_->dataOf(r) + begin;
      reduceParts(parts_, out, mine, dtype, reduction);
      return window_->meetAgain();
    }
  }
  int64_t done = 0;
  do {
    const char* from = static_cast<const char*>(in) + done * width;
    char* buffer = window_->buffer(SharedWindow::kBufferBytes);
    for (const int64_t count : counts) {
      copy(buffer, from, nextOf(count, done, step) * width);
      from += count * width;
      buffer += piece;
    }
    MLC_RETURN_IF_ERROR(window_->meet(signature));
    for (int r = 0; r < size(); ++r)
      parts_[static_cast<size_t>(r)] =
          window_->bufferOf(r, SharedWindow::kBufferBytes) + rank() * piece;
    reduceParts(parts_, static_cast<char*>(out) + done * width, nextOf(mine, done, step), dtype,
                reduction);
    done += step;
  } while (done < most);
  return okStatus();
}

// What a rank leaves in its buffer in an all-to-all: its counts, and its pieces where they have
// room behind them. Its pieces lie there, or in memory that the ranks share, or have to be copied
// in steps.
struct SharedCommunicator::Pieces {
  const int64_t* counts;  // as largestMatching() takes them
  const char* data;       // null: neither
  bool isInBuffer;
};

StatusOr<std::vector<SharedCommunicator::Pieces>> SharedCommunicator::showPieces(
    const void* in, const std::vector<int64_t>& sendCounts,
    const std::vector<int64_t>& receiveCounts, int64_t bytes, const CallSignature& signature) {
  const int64_t countBytes = 2 * size() * static_cast<int64_t>(sizeof(int64_t));
  constexpr int64_t kRoom = SharedWindow::kBufferBytes;
  auto* own = reinterpret_cast<int64_t*>(window_->buffer(kRoom));
  std::ranges::copy(sendCounts, own + 1);
  std::ranges::copy(receiveCounts, own + 1 + size());
  own[0] = bytes <= (window_->isShared(in, bytes) ? kCopiedPieces : kCopiedPiecesElsewhere);
  if (own[0]) copy(own + 1 + 2 * size(), in, bytes);
  MLC_RETURN_IF_ERROR(window_->meet(signature, in, bytes));
  std::vector<Pieces> all;
  for (int r = 0; r < size(); ++r) {
    const char* begin = window_->bufferOf(r, kRoom);
    const auto* words = reinterpret_cast<const int64_t*>(begin);
    const bool isInBuffer = words[0] != 0;
    all.push_back({words + 1,
                   isInBuffer ? begin + sizeof(int64_t) + countBytes : window_->dataOf(r),
                   isInBuffer});
  }
  return all;
}

Status SharedCommunicator::allToAll(const void* in, const std::vector<int64_t>& sendCounts,
                                    void* out, const std::vector<int64_t>& receiveCounts,
                                    DType dtype) {
  MLC_RETURN_IF_ERROR(checkCounts(sendCounts, size()));
  MLC_RETURN_IF_ERROR(checkCounts(receiveCounts, size()));
  const int64_t width = widthOf(dtype);
  const CallSignature signature = signatureOf({Collective::kAllToAll, 0, 0, dtype});
  MLC_ASSIGN_OR_RETURN(
      const std::vector<Pieces> all,
      showPieces(in, sendCounts, receiveCounts, sumBefore(sendCounts, size()) * width, signature));
  std::vector<const int64_t*> countsOf;
  for (const Pieces& pieces : all) countsOf.push_back(pieces.counts);
  MLC_ASSIGN_OR_RETURN(const int64_t most, largestMatching(countsOf));
  if (std::ranges::all_of(all, [](const Pieces& pieces) { return pieces.data != nullptr; })) {
    char* to = static_cast<char*>(out);
    for (const Pieces& pieces : all) {
      const std::span theirs(pieces.counts, static_cast<size_t>(size()));
      const int64_t bytes = theirs[static_cast<size_t>(rank())] * width;
      copy(to, pieces.data + sumBefore(theirs, rank()) * width, bytes);
      to += bytes;
    }
    return std::ranges::all_of(all, &Pieces::isInBuffer) ? okStatus() : window_->meetAgain();
  }
  const int64_t piece = pieceBytes(), step = piece / width;
  for (int64_t done = 0; done < most; done += step) {
    const char* from = static_cast<const char*>(in) + done * width;
    char* buffer = window_->buffer(SharedWindow::kBufferBytes);
    for (const int64_t count : sendCounts) {
      copy(buffer, from, nextOf(count, done, step) * width);
      from += count * width;
      buffer += piece;
    }
    MLC_RETURN_IF_ERROR(window_->meet(signature));
    char* to = static_cast<char*>(out) + done * width;
    for (int r = 0; r < size(); ++r) {
      const int64_t count = receiveCounts[static_cast<size_t>(r)];
      copy(to, window_->bufferOf(r, SharedWindow::kBufferBytes) + rank() * piece,
           nextOf(count, done, step) * width);
      to += count * width;
    }
  }
  return okStatus();
}

Status SharedCommunicator::broadcast(void* data, int64_t bytes, int root) {
  MLC_RETURN_IF_ERROR(checkCount(bytes));
  MLC_RETURN_IF_ERROR(checkRank(root, size()));
  const CallSignature signature =
      signatureOf({Collective::kBroadcast, root, static_cast<uint64_t>(bytes)});
  if (bytes >= kInPlaceBytes) {
    MLC_RETURN_IF_ERROR(window_->meet(signature, data, bytes));
    if (window_->dataOf(root)) {
      if (rank() != root) copy(data, window_->dataOf(root), bytes);
      return window_->meetAgain();
    }
  }
  int64_t done = 0;
  do {
    char* place = static_cast<char*>(data) + done;
    const int64_t n = nextOf(bytes, done, SharedWindow::kBufferBytes);
    if (rank() == root) copy(window_->buffer(n), place, n);
    MLC_RETURN_IF_ERROR(window_->meet(signature));
    if (rank() != root) copy(place, window_->bufferOf(root, n), n);
    done += n;
  } while (done < bytes);
  return okStatus();
}

}  // namespace mlc::collectives
