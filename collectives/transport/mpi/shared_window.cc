#include "collectives/transport/mpi/shared_window.h"

#include <immintrin.h>
#include <sched.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "collectives/algorithm/reduce.h"

namespace mlc::collectives {
namespace {

constexpr int64_t kLine = 4096;         // the flag's page
constexpr int64_t kChunk = 512 * 1024;  // bytes of one buffer
constexpr int64_t kOneShotBytes = 32 * 1024;

std::atomic<uint32_t>& flagOf(char* part) {
  return *reinterpret_cast<std::atomic<uint32_t>*>(part);
}

}  // namespace

std::unique_ptr<SharedWindow> SharedWindow::create(MPI_Comm communicator) {
  int size = 0, rank = 0, local = 0;
  MPI_Comm_size(communicator, &size);
  MPI_Comm_rank(communicator, &rank);
  MPI_Comm host;
  MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &host);
  MPI_Comm_size(host, &local);
  MPI_Win window = MPI_WIN_NULL;
  char* own = nullptr;
  int usable = local == size && size > 1;
  if (usable) {
    usable = MPI_Win_allocate_shared(kLine + 3 * kChunk, 1, MPI_INFO_NULL, host, &own, &window) ==
             MPI_SUCCESS;
  }
  MPI_Comm_free(&host);
  int all = 0;
  MPI_Allreduce(&usable, &all, 1, MPI_INT, MPI_MIN, communicator);
  if (!all) {
    if (window != MPI_WIN_NULL) MPI_Win_free(&window);
    return nullptr;
  }
  std::vector<char*> parts(size);
  for (int r = 0; r < size; ++r) {
    MPI_Aint bytes = 0;
    int unit = 0;
    MPI_Win_shared_query(window, r, &bytes, &unit, &parts[r]);
  }
  new (own) std::atomic<uint32_t>(0);
  MPI_Barrier(communicator);
  return std::unique_ptr<SharedWindow>(new SharedWindow(window, rank, std::move(parts)));
}

SharedWindow::SharedWindow(MPI_Win window, int rank, std::vector<char*> parts)
    : window_(window), rank_(rank), parts_(std::move(parts)), inputs_(parts_.size()) {
  // More ranks than cores: a waiting rank gives its core away at once.
  spins_ = parts_.size() <= std::thread::hardware_concurrency() ? 5000 : 20;
}

SharedWindow::~SharedWindow() { MPI_Win_free(&window_); }

void SharedWindow::arriveAndWait() {
  flagOf(parts_[rank_]).store(++epoch_, std::memory_order_release);
  for (char* part : parts_) {
    for (int i = 0; static_cast<int32_t>(flagOf(part).load(std::memory_order_acquire) - epoch_) < 0;
         ++i) {
      if (i < spins_) {
        _mm_pause();
      } else {
        ::sched_yield();
      }
    }
  }
}

void SharedWindow::allReduce(void* data, int64_t count, DType dtype, Reduction reduction) {
  const auto elementBytes = static_cast<int64_t>(dtypeBytes(dtype));
  const int64_t perChunk = kChunk / elementBytes;
  for (int64_t begin = 0; begin < count; begin += perChunk) {
    reduceChunk(static_cast<char*>(data) + begin * elementBytes, std::min(perChunk, count - begin),
                elementBytes, dtype, reduction);
  }
}

// The inputs alternate between two buffers: a rank that is one chunk ahead does not overwrite what
// others still read. The result buffer is safe because nobody writes it before all have arrived
// with the next chunk's input.
void SharedWindow::reduceChunk(char* data, int64_t count, int64_t elementBytes, DType dtype,
                               Reduction reduction) {
  const auto size = static_cast<int64_t>(parts_.size());
  const int64_t bytes = count * elementBytes;
  const int64_t input = kLine + (chunk_++ % 2) * kChunk, result = kLine + 2 * kChunk;
  std::memcpy(parts_[rank_] + input, data, bytes);
  arriveAndWait();
  if (bytes <= kOneShotBytes) {
    for (int64_t r = 0; r < size; ++r) inputs_[r] = parts_[r] + input;
    reduceParts(inputs_, data, count, dtype, reduction);
    return;
  }
  auto begin = [&](int64_t r) { return count * r / size * elementBytes; };
  const int64_t own = begin(rank_), ownBytes = begin(rank_ + 1) - own;
  for (int64_t r = 0; r < size; ++r) inputs_[r] = parts_[r] + input + own;
  reduceParts(inputs_, parts_[rank_] + result, ownBytes / elementBytes, dtype, reduction);
  arriveAndWait();
  for (int64_t r = 0; r < size; ++r) {
    std::memcpy(data + begin(r), parts_[r] + result, begin(r + 1) - begin(r));
  }
}

}  // namespace mlc::collectives
