// The MPI transport. Built as libmlc_mpi.so; see load_mpi.h.
#include <mpi/mpi.h>
#include <sched.h>

#include <climits>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "collectives/algorithm/reduce.h"
#include "collectives/communicator.h"
#include "collectives/transport/mpi/shared_window.h"

namespace mlc::collectives {
namespace {

Status fromMpi(int error, const char* what) {
  if (error == MPI_SUCCESS) return okStatus();
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(error, text, &length);
  return deviceError(std::string(what) + " failed: " + text);
}

#define MLC_MPI(call) MLC_RETURN_IF_ERROR(fromMpi((call), #call))

// Waits without keeping other ranks of an oversubscribed host from running.
Status waitFor(MPI_Request* request) {
  for (int i = 0;; ++i) {
    int done = 0;
    MLC_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
    if (done) return okStatus();
    if (i > 200) ::sched_yield();
  }
}

// Messages longer than an int goes in pieces, each with the same tag: they arrive in order.
class MpiRequest : public Request {
 public:
  explicit MpiRequest(std::vector<MPI_Request> pieces, Status status = {})
      : pieces_(std::move(pieces)), status_(std::move(status)) {}
  ~MpiRequest() override { (void)wait(); }

  Status wait() override {
    for (MPI_Request& piece : pieces_) {
      Status status = waitFor(&piece);
      if (status_.ok()) status_ = status;
    }
    pieces_.clear();
    return status_;
  }

  bool test() override {
    int done = 0;
    const int error = MPI_Testall(static_cast<int>(pieces_.size()), pieces_.data(), &done,
                                  MPI_STATUSES_IGNORE);
    return error != MPI_SUCCESS || done;
  }

 private:
  std::vector<MPI_Request> pieces_;
  Status status_;
};

class MpiCommunicator : public Communicator {
 public:
  static StatusOr<std::unique_ptr<Communicator>> create(MPI_Comm communicator, bool world) {
    auto made = std::unique_ptr<MpiCommunicator>(new MpiCommunicator(communicator, world));
    MLC_RETURN_IF_ERROR(made->exchangeHosts());
    made->window_ = SharedWindow::create(communicator);
    return std::unique_ptr<Communicator>(std::move(made));
  }

  ~MpiCommunicator() override {
    window_.reset();
    MPI_Comm_free(&communicator_);
    if (world_) MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& hostOf(int rank) const override { return hosts_[rank]; }

  Status barrier() override {
    MPI_Request request;
    MLC_MPI(MPI_Ibarrier(communicator_, &request));
    return waitFor(&request);
  }

  Status allReduce(void* data, int64_t count, DType dtype, Reduction reduction) override {
    if (size_ == 1 || count == 0) return okStatus();
    if (window_) {
      window_->allReduce(data, count, dtype, reduction);
      return okStatus();
    }
    // Every rank reduces its part in rank order; then the parts are gathered.
    std::vector<int64_t> counts(size_);
    for (int r = 0; r < size_; ++r) counts[r] = count * (r + 1) / size_ - count * r / size_;
    std::vector<char> part(counts[rank_] * dtypeBytes(dtype));
    MLC_RETURN_IF_ERROR(reduceScatter(data, part.data(), counts, dtype, reduction));
    return allGather(part.data(), data, counts, dtype);
  }

  Status allGather(const void* in, void* out, const std::vector<int64_t>& counts,
                   DType dtype) override {
    const auto bytes = static_cast<int64_t>(dtypeBytes(dtype));
    char* to = static_cast<char*>(out);
    const int64_t own = std::accumulate(counts.begin(), counts.begin() + rank_, int64_t{0}) * bytes;
    if (counts[rank_] > 0 && to + own != in) std::memmove(to + own, in, counts[rank_] * bytes);
    std::vector<std::unique_ptr<Request>> requests;
    int64_t begin = 0;
    for (int r = 0; r < size_; ++r) {
      if (r != rank_ && counts[r] > 0) {
        requests.push_back(receive(to + begin, counts[r] * bytes, r, kCollectiveTag));
      }
      begin += counts[r] * bytes;
    }
    for (int r = 0; r < size_ && counts[rank_] > 0; ++r) {
      if (r != rank_) {
        requests.push_back(send(to + own, counts[rank_] * bytes, r, kCollectiveTag));
      }
    }
    return waitAll(requests);
  }

  Status reduceScatter(const void* in, void* out, const std::vector<int64_t>& counts, DType dtype,
                       Reduction reduction) override {
    std::vector<int64_t> received(size_, counts[rank_]);
    const int64_t bytes = counts[rank_] * static_cast<int64_t>(dtypeBytes(dtype));
    std::vector<char> pieces(bytes * size_);
    MLC_RETURN_IF_ERROR(allToAll(in, counts, pieces.data(), received, dtype));
    std::vector<const void*> parts;
    for (int r = 0; r < size_; ++r) parts.push_back(pieces.data() + r * bytes);
    reduceParts(parts, out, counts[rank_], dtype, reduction);
    return okStatus();
  }

  Status allToAll(const void* in, const std::vector<int64_t>& sendCounts, void* out,
                  const std::vector<int64_t>& receiveCounts, DType dtype) override {
    const auto bytes = static_cast<int64_t>(dtypeBytes(dtype));
    std::vector<std::unique_ptr<Request>> requests;
    char* to = static_cast<char*>(out);
    char* ownTo = nullptr;
    for (int r = 0; r < size_; ++r) {
      if (r == rank_) ownTo = to;
      if (r != rank_ && receiveCounts[r] > 0) {
        requests.push_back(receive(to, receiveCounts[r] * bytes, r, kCollectiveTag));
      }
      to += receiveCounts[r] * bytes;
    }
    const char* from = static_cast<const char*>(in);
    Status status;
    for (int r = 0; r < size_; ++r) {
      if (r == rank_) {
        if (sendCounts[r] != receiveCounts[r]) {
          status = invalidError("rank " + std::to_string(rank_) + " sends itself " +
                                std::to_string(sendCounts[r]) + " elements and expects " +
                                std::to_string(receiveCounts[r]));
        } else if (sendCounts[r] > 0) {
          std::memcpy(ownTo, from, sendCounts[r] * bytes);
        }
      } else if (sendCounts[r] > 0) {
        requests.push_back(send(from, sendCounts[r] * bytes, r, kCollectiveTag));
      }
      from += sendCounts[r] * bytes;
    }
    MLC_RETURN_IF_ERROR(waitAll(requests));
    return status;
  }

  Status broadcast(void* data, int64_t bytes, int root) override {
    if (root < 0 || root >= size_) return noSuchRank(root);
    char* piece = static_cast<char*>(data);
    for (int64_t left = bytes; left > 0;) {
      const int now = static_cast<int>(std::min<int64_t>(left, kPiece));
      MPI_Request request;
      MLC_MPI(MPI_Ibcast(piece, now, MPI_BYTE, root, communicator_, &request));
      MLC_RETURN_IF_ERROR(waitFor(&request));
      piece += now;
      left -= now;
    }
    return okStatus();
  }

  std::unique_ptr<Request> send(const void* data, int64_t bytes, int to, int tag) override {
    return transfer(bytes, to, [&](int64_t offset, int count, MPI_Request* request) {
      return MPI_Isend(static_cast<const char*>(data) + offset, count, MPI_BYTE, to, tag,
                       communicator_, request);
    });
  }

  std::unique_ptr<Request> receive(void* data, int64_t bytes, int from, int tag) override {
    return transfer(bytes, from, [&](int64_t offset, int count, MPI_Request* request) {
      return MPI_Irecv(static_cast<char*>(data) + offset, count, MPI_BYTE, from, tag, communicator_,
                       request);
    });
  }

  StatusOr<std::unique_ptr<Communicator>> split(int color, int key) override {
    MPI_Comm part;
    MLC_MPI(MPI_Comm_split(communicator_, color, key, &part));
    return create(part, /*world=*/false);
  }

 private:
  static constexpr int kCollectiveTag = 32767;
  static constexpr int64_t kPiece = 1 << 30;

  MpiCommunicator(MPI_Comm communicator, bool world) : communicator_(communicator), world_(world) {
    MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
  }

  Status exchangeHosts() {
    char name[MPI_MAX_PROCESSOR_NAME] = {};
    int length = 0;
    MLC_MPI(MPI_Get_processor_name(name, &length));
    std::vector<char> all(static_cast<size_t>(size_) * sizeof name);
    MLC_MPI(MPI_Allgather(name, sizeof name, MPI_CHAR, all.data(), sizeof name, MPI_CHAR,
                          communicator_));
    for (int r = 0; r < size_; ++r) hosts_.emplace_back(all.data() + r * sizeof name);
    return okStatus();
  }

  template <typename Start>
  std::unique_ptr<Request> transfer(int64_t bytes, int peer, Start start) {
    if (peer < 0 || peer >= size_) {
      return std::make_unique<MpiRequest>(std::vector<MPI_Request>(), noSuchRank(peer));
    }
    std::vector<MPI_Request> pieces;
    for (int64_t offset = 0; offset < bytes; offset += kPiece) {
      MPI_Request request;
      const int error = start(offset, static_cast<int>(std::min(kPiece, bytes - offset)), &request);
      if (error != MPI_SUCCESS) {
        return std::make_unique<MpiRequest>(std::move(pieces), fromMpi(error, "a transfer"));
      }
      pieces.push_back(request);
    }
    return std::make_unique<MpiRequest>(std::move(pieces));
  }

  Status waitAll(const std::vector<std::unique_ptr<Request>>& requests) {
    Status first;
    for (const auto& request : requests) {
      Status status = request->wait();
      if (first.ok()) first = status;
    }
    return first;
  }

  Status noSuchRank(int rank) const {
    return invalidError("there is no rank " + std::to_string(rank) + " among " +
                        std::to_string(size_));
  }

  MPI_Comm communicator_;
  bool world_;
  int rank_ = 0, size_ = 1;
  std::vector<std::string> hosts_;
  std::unique_ptr<SharedWindow> window_;
};

}  // namespace
}  // namespace mlc::collectives

extern "C" __attribute__((visibility("default"))) mlc::collectives::Communicator*
mlcCreateMpiCommunicator(std::string* error) {
  int provided = 0;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS ||
      provided < MPI_THREAD_SERIALIZED) {
    *error = "MPI cannot be initialized";
    return nullptr;
  }
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const char* tasks = std::getenv("SLURM_NTASKS");
  if (tasks && std::getenv("SLURM_STEP_ID") && std::atoi(tasks) > 1 && size == 1) {
    *error = std::string("srun started ") + tasks +
             " jobs of one rank each instead of one job: use srun --mpi=pmix or mpirun";
    return nullptr;
  }
  MPI_Comm world;
  MPI_Comm_dup(MPI_COMM_WORLD, &world);
  auto communicator = mlc::collectives::MpiCommunicator::create(world, /*world=*/true);
  if (!communicator.ok()) {
    *error = communicator.status().message();
    return nullptr;
  }
  return (*std::move(communicator)).release();
}

extern "C" __attribute__((visibility("default"))) void mlcAbortMpiJob(int exitCode) {
  MPI_Abort(MPI_COMM_WORLD, exitCode);
}
