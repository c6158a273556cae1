#include "collectives/transport/mpi/transfer.h"

#include <unistd.h>

#include <climits>
#include <string>

#include "collectives/algorithm/arguments.h"
#include "collectives/algorithm/patience.h"
#include "collectives/transport/mpi/mpi_calls.h"

namespace mlc::collectives {
namespace {

// MPI counts in ints. Longer messages are of one element, of a type that holds them whole.
class MessageType {
 public:
  explicit MessageType(int64_t bytes) {
    if (bytes <= INT_MAX) {
      count_ = static_cast<int>(bytes);
      return;
    }
    MPI_Datatype block;
    MPI_Type_contiguous(kBlock, MPI_BYTE, &block);
    int lengths[2] = {static_cast<int>(bytes / kBlock), static_cast<int>(bytes % kBlock)};
    MPI_Aint places[2] = {0, static_cast<MPI_Aint>(bytes / kBlock * kBlock)};
    MPI_Datatype types[2] = {block, MPI_BYTE};
    MPI_Type_create_struct(2, lengths, places, types, &type_);
    MPI_Type_commit(&type_);
    MPI_Type_free(&block);
    count_ = 1;
  }
  // MPI keeps the type for transfers under way.
  ~MessageType() {
    if (type_ != MPI_BYTE) MPI_Type_free(&type_);
  }
  MessageType(const MessageType&) = delete;

  MPI_Datatype type() const { return type_; }
  int count() const { return count_; }

 private:
  static constexpr int kBlock = 1 << 20;
  MPI_Datatype type_ = MPI_BYTE;
  int count_ = 0;
};

class Transfer : public Request {
 public:
  enum class Kind { kSend, kReceive, kReceiveUpTo };

  Transfer(MpiJob& job, MPI_Request request, Kind kind, int64_t bytes, int64_t* received = nullptr)
      : job_(job), request_(request), kind_(kind), bytes_(bytes), received_(received) {
    ++job_.transfers;
  }
  ~Transfer() override {
    if (done_) return;
    if (job_.cancellation.requested()) {
      finish(job_.cancellation.cause());
      return;
    }
    // A send that MPI has begun stays: its buffer is in use until the receiver has taken it.
    if (kind_ != Kind::kSend) MPI_Cancel(&request_);
    (void)wait();
  }

  Status wait() override {
    // MPI moves messages only while somebody asks: sleep for a while, not until something happens.
    for (Patience patience(/*spins=*/200, /*yields=*/2000); !test();) {
      if (patience.pass()) continue;
      if (job_.cancellation.requested()) {
        finish(job_.cancellation.cause());
        break;
      }
      ::usleep(50);
    }
    return status_;
  }

  bool test() override {
    if (done_) return true;
    int done = 0;
    MPI_Status status = {};
    const int error = MPI_Test(&request_, &done, &status);
    if (error == MPI_SUCCESS && !done) return false;
    finish(outcome(error, status));
    return true;
  }

 private:
  void finish(Status status) {
    status_ = std::move(status);
    done_ = true;
    --job_.transfers;
  }

  Status outcome(int error, const MPI_Status& status) const {
    int errorClass = MPI_SUCCESS;
    MPI_Error_class(error, &errorClass);
    if (errorClass == MPI_ERR_TRUNCATE) return wrongSize("more", status);
    MLC_RETURN_IF_ERROR(fromMpi(error, "a transfer"));
    if (kind_ == Kind::kSend) return okStatus();
    MPI_Count received = 0;
    MPI_Get_elements_x(&status, MPI_BYTE, &received);
    if (kind_ == Kind::kReceiveUpTo) {
      *received_ = received;
      return okStatus();
    }
    return received == bytes_ ? okStatus() : wrongSize(std::to_string(received), status);
  }

  Status wrongSize(const std::string& received, const MPI_Status& status) const {
    return invalidError("rank " + std::to_string(status.MPI_SOURCE) + " sends " + received +
                        " bytes where " + std::to_string(bytes_) + " are expected (tag " +
                        std::to_string(status.MPI_TAG) + ")");
  }

  MpiJob& job_;
  MPI_Request request_;
  Kind kind_;
  int64_t bytes_;
  int64_t* received_;  // of kReceiveUpTo
  bool done_ = false;
  Status status_;
};

std::unique_ptr<Request> receive(MpiJob& job, MPI_Comm communicator, void* data, int64_t bytes,
                                 int from, int tag, Transfer::Kind kind,
                                 int64_t* received = nullptr) {
  const MessageType message(bytes);
  MPI_Request request;
  const int error =
      MPI_Irecv(data, message.count(), message.type(), from, tag, communicator, &request);
  if (error != MPI_SUCCESS) return failedRequest(fromMpi(error, "a receive"));
  return std::make_unique<Transfer>(job, request, kind, bytes, received);
}

}  // namespace

std::unique_ptr<Request> startSend(MpiJob& job, MPI_Comm communicator, const void* data,
                                   int64_t bytes, int to, int tag) {
  const MessageType message(bytes);
  MPI_Request request;
  const int error =
      MPI_Isend(data, message.count(), message.type(), to, tag, communicator, &request);
  if (error != MPI_SUCCESS) return failedRequest(fromMpi(error, "a send"));
  auto transfer = std::make_unique<Transfer>(job, request, Transfer::Kind::kSend, bytes);
  // Short messages are on their way already: nobody needs to look after them.
  (void)transfer->test();
  return transfer;
}

std::unique_ptr<Request> startReceive(MpiJob& job, MPI_Comm communicator, void* data, int64_t bytes,
                                      int from, int tag) {
  return receive(job, communicator, data, bytes, from, tag, Transfer::Kind::kReceive);
}

std::unique_ptr<Request> startReceiveUpTo(MpiJob& job, MPI_Comm communicator, void* data,
                                          int64_t capacity, int from, int tag, int64_t& received) {
  return receive(job, communicator, data, capacity, from, tag, Transfer::Kind::kReceiveUpTo,
                 &received);
}

Status waitAll(std::span<const std::unique_ptr<Request>> requests) {
  Status first;
  for (const auto& request : requests) {
    Status status = request->wait();
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace mlc::collectives
