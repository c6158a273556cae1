// How strings, sequences and optionals travel between ranks: with all that they refer to, their
// bytes behind a message of their number.
#include <cstring>

#include "runtime/executor/executor.h"
#include "runtime/executor/message_tags.h"

namespace mlc::executor {
namespace {

StatusOr<AlignedBuffer> messageOf(const void* data, size_t bytes) {
  MLC_ASSIGN_OR_RETURN(AlignedBuffer buffer, AlignedBuffer::allocate(bytes, "a message"));
  if (bytes > 0) std::memcpy(buffer.data(), data, bytes);
  return buffer;
}

}  // namespace

Status Executor::sendReferences(const HostTensor& tensor, int rank,
                                std::vector<Outgoing>& outgoing) {
  const std::string bytes = encodeTensor(tensor);
  const auto size = static_cast<int64_t>(bytes.size());
  for (const auto& [data, count] : {std::pair<const void*, size_t>(&size, sizeof(size)),
                                    std::pair<const void*, size_t>(bytes.data(), bytes.size())}) {
    Outgoing message;
    MLC_ASSIGN_OR_RETURN(message.buffer, messageOf(data, count));
    message.request =
        world_.send(message.buffer.data(), static_cast<int64_t>(count), rank, kInputTag);
    outgoing.push_back(std::move(message));
  }
  return okStatus();
}

// A tensor of no rank and no memory where the sender has failed.
StatusOr<HostTensor> Executor::receiveReferences(int rank, int tag) {
  int64_t size = 0;
  MLC_RETURN_IF_ERROR(world_.receive(&size, sizeof(size), rank, tag)->wait());
  if (size == 0) return HostTensor();
  std::string bytes(static_cast<size_t>(size), '\0');
  MLC_RETURN_IF_ERROR(world_.receive(bytes.data(), size, rank, tag)->wait());
  return decodeTensor(bytes);
}

Status Executor::takeReferences(const std::vector<HostTensor>& inputs, size_t index) {
  const int number = loaded_.program->inputs[index].index;
  LocalInput& local = localInputs_[index];
  HostTensor tensor;
  if (world_.rank() == 0) {
    tensor = inputs[static_cast<size_t>(number)];
  } else {
    MLC_ASSIGN_OR_RETURN(tensor, receiveReferences(0, kInputTag));
  }
  local.references = adopted(tensor, objects_);
  local.data = local.references.data<char>();
  return okStatus();
}

void Executor::sendReferencePiece(size_t piece) {
  const HostTensor& tensor = pieceTensors_[piece];
  // What a failed program left there refers to nothing.
  std::string bytes;
  if (failure_.ok()) bytes = encodeTensor(tensor.withObjects(objects_));
  const auto size = static_cast<int64_t>(bytes.size());
  outputMessages_.emplace_back(reinterpret_cast<const char*>(&size), sizeof(size));
  if (size > 0) outputMessages_.push_back(std::move(bytes));
  const size_t messages = size > 0 ? 2 : 1;
  for (size_t i = outputMessages_.size() - messages; i < outputMessages_.size(); ++i) {
    outputSends_.push_back(world_.send(
        outputMessages_[i].data(), static_cast<int64_t>(outputMessages_[i].size()), 0, kOutputTag));
  }
}

Status Executor::receiveReferencePiece(size_t piece) {
  HostTensor& tensor = pieceTensors_[piece];
  if (pieces_[piece].rank == 0) {
    tensor = tensor.withObjects(objects_);
    return okStatus();
  }
  MLC_ASSIGN_OR_RETURN(tensor, receiveReferences(pieces_[piece].rank, kOutputTag));
  return okStatus();
}

}  // namespace mlc::executor
