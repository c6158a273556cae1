// How data moves during a run: inputs out to the ranks, from stage to stage, outputs back to rank
// 0.
#include <algorithm>
#include <chrono>
#include <new>
#include <span>

#include "runtime/base/shape_bytes.h"
#include "runtime/base/strided_view.h"
#include "runtime/executor/executor.h"
#include "runtime/executor/message_tags.h"

namespace mlc::executor {
namespace {

using package::ProgramInput;
using package::ProgramOutput;

StridedView viewOf(const HostTensor& tensor, const Region& region) {
  return sliceOf(tensor.raw(), tensor.dtype(), tensor.shape(), region.offsets, region.sizes);
}

Status waitAll(std::vector<std::unique_ptr<collectives::Request>>& requests) {
  for (auto& request : requests) MLC_RETURN_IF_ERROR(request->wait());
  requests.clear();
  return okStatus();
}

bool isAligned(const void* data) {
  return reinterpret_cast<uintptr_t>(data) % kBufferAlignment == 0;
}

}  // namespace

// Rank 0 cuts out and sends every rank's piece, in the order of the rank's program inputs; each
// rank receives its own.
Status Executor::distributeInputs(const std::vector<HostTensor>& inputs,
                                  std::vector<Outgoing>& outgoing) {
  const TraceScope scope(trace_, "inputs");
  const package::Manifest& manifest = loaded_.package->manifest();
  for (int rank = 1; world_.rank() == 0 && rank < world_.size(); ++rank) {
    const int index = manifest.ranks[static_cast<size_t>(rank)].program;
    if (index < 0) continue;
    for (const ProgramInput& input : manifest.programs[static_cast<size_t>(index)].inputs) {
      if (input.kind != ProgramInput::Kind::kModelInput) continue;
      const HostTensor& whole = inputs[static_cast<size_t>(input.index)];
      if (isReference(whole.dtype())) {
        MLC_RETURN_IF_ERROR(sendReferences(whole, rank, outgoing));
        continue;
      }
      const StridedView view =
          viewOf(whole, placement_->inputPiece(input, coordinatesOf(manifest, rank)));
      const int64_t bytes = view.bytes();
      if (bytes == 0) continue;
      Outgoing message;
      const void* data = view.data;
      if (!view.contiguous()) {
        MLC_ASSIGN_OR_RETURN(message.buffer, AlignedBuffer::allocate(static_cast<size_t>(bytes),
                                                                     "an input's piece"));
        copyOut(view, message.buffer.data());
        data = message.buffer.data();
      }
      message.request = world_.send(data, bytes, rank, kInputTag);
      outgoing.push_back(std::move(message));
    }
  }
  localInputs_.clear();
  if (!loaded_.program) return okStatus();
  localInputs_.resize(loaded_.program->inputs.size());
  for (size_t i = 0; i < localInputs_.size(); ++i) {
    if (loaded_.program->inputs[i].kind == ProgramInput::Kind::kModelInput) {
      MLC_RETURN_IF_ERROR(takeInput(inputs, i));
    }
  }
  return okStatus();
}

Status Executor::takeInput(const std::vector<HostTensor>& inputs, size_t index) {
  const ProgramInput& input = loaded_.program->inputs[index];
  LocalInput& local = localInputs_[index];
  local.region = placement_->inputPiece(input, at_);
  if (isReference(input.spec.dtype)) return takeReferences(inputs, index);
  const int64_t bytes = sliceOf(nullptr, input.spec.dtype, local.region.sizes, {}, {}).bytes();
  if (world_.rank() == 0) {
    const StridedView view = viewOf(inputs[static_cast<size_t>(input.index)], local.region);
    local.data = view.data;
    if (view.contiguous()) return okStatus();
    MLC_ASSIGN_OR_RETURN(local.buffer,
                         AlignedBuffer::allocate(static_cast<size_t>(bytes), "an input's piece"));
    copyOut(view, local.buffer.data());
    local.data = local.buffer.data();
    return okStatus();
  }
  MLC_ASSIGN_OR_RETURN(local.buffer,
                       AlignedBuffer::allocate(static_cast<size_t>(bytes), "an input's piece"));
  local.data = local.buffer.data();
  if (bytes == 0) return okStatus();
  return world_.receive(local.buffer.data(), bytes, 0, kInputTag)->wait();
}

Status Executor::runSteps() {
  double compute = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    Slot& slot = slots_[i % 2];
    if (i == 0) postReceives(step, slot);
    // The other slot's step is done: its buffers can take the next step's data while this one
    // computes.
    if (i + 1 < steps_.size()) postReceives(steps_[i + 1], slots_[(i + 1) % 2]);
    std::vector<void*> inputs;
    MLC_RETURN_IF_ERROR(stageInputs(step, slot, inputs));
    MLC_RETURN_IF_ERROR(waitAll(slot.sends));
    std::vector<void*> outputs;
    for (size_t output = 0; output < slot.outputs.size(); ++output) {
      if (package::hasComputedShape(loaded_.program->outputs[output].spec,
                                    loaded_.package->manifest())) {
        outputs.push_back(nullptr);
        continue;
      }
      HostTensor* piece = device_->isHostMemory() ? pieceOf(step.microbatch, output) : nullptr;
      outputs.push_back(piece ? piece->raw() : slot.outputs[output].deviceData());
    }
    const std::vector<void*> states = sequences_->pointersOf(*sequence_, step.microbatch);
    const MlcInvocation invocation = {step.symbols.data(), inputs.data(), outputs.data(),
                                      weights_.data(),     arena_.data(), states.data()};
    const auto start = std::chrono::steady_clock::now();
    Status status;
    {
      const TraceScope scope(trace_, "compute", step.microbatch);
      status = host_->run(loaded_.run, invocation, *objects_,
                          [&](int64_t index, std::span<const int64_t> dims) {
                            return allocateOutput(step, slot, index, dims);
                          });
    }
    compute +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (failure_.ok()) failure_ = status;
    MLC_RETURN_IF_ERROR(deliverOutputs(step, slot));
  }
  for (Slot& slot : slots_) MLC_RETURN_IF_ERROR(waitAll(slot.sends));
  statistics_.computeMilliseconds = compute;
  return okStatus();
}

void Executor::postReceives(const Step& step, Slot& slot) {
  for (size_t i = 0; i < loaded_.program->inputs.size(); ++i) {
    const ProgramInput& input = loaded_.program->inputs[i];
    if (input.kind != ProgramInput::Kind::kReceive || step.inputBytes[i] == 0) continue;
    const int from = rankOf(loaded_.package->manifest(), {at_.dp, input.from_stage, at_.tp});
    slot.receives.push_back(world_.receive(slot.inputs[i].hostData(), step.inputBytes[i], from,
                                           kFirstChannelTag + input.channel));
  }
}

Status Executor::stageInputs(const Step& step, Slot& slot, std::vector<void*>& pointers) {
  const TraceScope scope(trace_, "receive", step.microbatch);
  MLC_RETURN_IF_ERROR(waitAll(slot.receives));
  for (size_t i = 0; i < loaded_.program->inputs.size(); ++i) {
    const ProgramInput& input = loaded_.program->inputs[i];
    EdgeBuffer& buffer = slot.inputs[i];
    if (input.kind == ProgramInput::Kind::kModelInput) {
      const LocalInput& local = localInputs_[i];
      const Region part = placement_->microbatchPiece(input, at_, step.microbatch);
      const StridedView view =
          sliceOf(local.data, input.spec.dtype, local.region.sizes, part.offsets, part.sizes);
      if (device_->isHostMemory() && view.contiguous() && isAligned(view.data)) {
        // Read-only for the program; the ABI's inputs are not const.
        pointers.push_back(const_cast<char*>(view.data));
        continue;
      }
      copyOut(view, buffer.hostData());
    }
    if (Status status = buffer.toDevice(*device_, step.inputBytes[i]); failure_.ok())
      failure_ = status;
    pointers.push_back(buffer.deviceData());
  }
  return okStatus();
}

HostTensor* Executor::pieceOf(int microbatch, size_t programOutput) {
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Placement::OutputPiece& piece = pieces_[i];
    if (piece.rank == world_.rank() && piece.microbatch == microbatch &&
        piece.programOutput == static_cast<int>(programOutput)) {
      return &pieceTensors_[i];
    }
  }
  return nullptr;
}

// The piece's tensor in host memory, and the device's memory for the program where that is not the
// same.
StatusOr<void*> Executor::allocateOutput(const Step& step, Slot& slot, int64_t index,
                                         std::span<const int64_t> dims) {
  const std::vector<int64_t> shape(dims.begin(), dims.end());
  const package::TensorSpec& spec = loaded_.program->outputs[static_cast<size_t>(index)].spec;
  const std::optional<int64_t> bytes = bytesOf(spec.dtype, shape);
  if (!bytes) {
    std::string text;
    for (int64_t dim : shape) text += (text.empty() ? "" : " x ") + std::to_string(dim);
    return invalidError("output '" + spec.name + "' would have the shape " + text);
  }
  HostTensor* piece = pieceOf(step.microbatch, static_cast<size_t>(index));
  EdgeBuffer& buffer = slot.outputs[static_cast<size_t>(index)];
  // Ranks whose copy nobody takes compute it all the same.
  if (!piece || !device_->isHostMemory())
    MLC_RETURN_IF_ERROR(buffer.reserve(*device_, *bytes, "output '" + spec.name + "'"));
  if (!piece) return buffer.deviceData();
  try {
    *piece = HostTensor::uninitialized(spec.dtype, shape);
  } catch (const std::bad_alloc&) {
    return outOfMemoryError("not enough memory for output '" + spec.name + "' of " +
                            std::to_string(*bytes) + " bytes");
  }
  std::vector<int64_t>& told = computedShapes_[static_cast<size_t>(piece - pieceTensors_.data())];
  std::copy(shape.begin(), shape.end(), told.begin() + 1);
  told.front() = 0;
  return device_->isHostMemory() ? piece->raw() : buffer.deviceData();
}

Status Executor::deliverOutputs(const Step& step, Slot& slot) {
  const TraceScope scope(trace_, "send", step.microbatch);
  const package::Manifest& manifest = loaded_.package->manifest();
  for (size_t i = 0; i < loaded_.program->outputs.size(); ++i) {
    const ProgramOutput& output = loaded_.program->outputs[i];
    const int64_t bytes = step.outputBytes[i];
    if (output.kind == ProgramOutput::Kind::kSend) {
      if (bytes == 0) continue;
      if (Status status = slot.outputs[i].toHost(*device_, bytes); failure_.ok()) failure_ = status;
      const int to = rankOf(manifest, {at_.dp, output.to_stage, at_.tp});
      slot.sends.push_back(
          world_.send(slot.outputs[i].hostData(), bytes, to, kFirstChannelTag + output.channel));
      continue;
    }
    HostTensor* piece = pieceOf(step.microbatch, i);
    if (!piece || !piece->raw() || device_->isHostMemory()) continue;
    const Status status =
        device_->copy(piece->raw(), slot.outputs[i].deviceData(),
                      static_cast<int64_t>(piece->bytes()), device::CopyDirection::kToHost);
    if (failure_.ok()) failure_ = status;
  }
  if (world_.rank() != 0) sendPieces(step);
  return okStatus();
}

// In the order of pieces_, in which rank 0 takes them; computed shapes before their bytes.
void Executor::sendPieces(const Step& step) {
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Placement::OutputPiece& piece = pieces_[i];
    if (piece.rank != world_.rank() || piece.microbatch != step.microbatch) continue;
    if (isReference(specOf(piece).dtype)) {
      sendReferencePiece(i);
      continue;
    }
    if (piece.isComputed) {
      outputSends_.push_back(world_.send(
          computedShapes_[i].data(),
          static_cast<int64_t>(computedShapes_[i].size() * sizeof(int64_t)), 0, kOutputTag));
    }
    if (!pieceTensors_[i].raw()) continue;
    const auto bytes = static_cast<int64_t>(pieceTensors_[i].bytes());
    if (bytes > 0)
      outputSends_.push_back(world_.send(pieceTensors_[i].raw(), bytes, 0, kOutputTag));
  }
}

// Rank 0 takes an output of computed shape from the rank that made it.
Status Executor::receiveComputed(size_t index) {
  const Placement::OutputPiece& piece = pieces_[index];
  std::vector<int64_t>& shape = computedShapes_[index];
  MLC_RETURN_IF_ERROR(world_
                          .receive(shape.data(),
                                   static_cast<int64_t>(shape.size() * sizeof(int64_t)), piece.rank,
                                   kOutputTag)
                          ->wait());
  if (shape.front() < 0) return okStatus();
  const package::TensorSpec& spec = specOf(piece);
  try {
    pieceTensors_[index] = HostTensor::uninitialized(spec.dtype, {shape.begin() + 1, shape.end()});
  } catch (const std::bad_alloc&) {
    return outOfMemoryError("not enough memory for output '" + spec.name + "'");
  }
  const auto bytes = static_cast<int64_t>(pieceTensors_[index].bytes());
  if (bytes == 0) return okStatus();
  return world_.receive(pieceTensors_[index].raw(), bytes, piece.rank, kOutputTag)->wait();
}

Status Executor::collectOutputs() {
  const TraceScope scope(trace_, "outputs");
  if (world_.rank() == 0) {
    std::vector<std::unique_ptr<collectives::Request>> receives;
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (isReference(specOf(pieces_[i]).dtype)) {
        MLC_RETURN_IF_ERROR(receiveReferencePiece(i));
        continue;
      }
      if (pieces_[i].isComputed) {
        if (pieces_[i].rank != 0) MLC_RETURN_IF_ERROR(receiveComputed(i));
        continue;
      }
      const auto bytes = static_cast<int64_t>(pieceTensors_[i].bytes());
      if (pieces_[i].rank == 0 || bytes == 0) continue;
      receives.push_back(
          world_.receive(pieceTensors_[i].raw(), bytes, pieces_[i].rank, kOutputTag));
    }
    MLC_RETURN_IF_ERROR(waitAll(receives));
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].isComputed || isReference(specOf(pieces_[i]).dtype)) {
        outputs_[static_cast<size_t>(pieces_[i].output)] = pieceTensors_[i];
        continue;
      }
      const HostTensor& whole = outputs_[static_cast<size_t>(pieces_[i].output)];
      // Pieces that are the whole were made in place.
      if (pieceTensors_[i].raw() == whole.raw()) continue;
      copyIn(pieceTensors_[i].raw(), viewOf(whole, pieces_[i].region));
    }
  }
  MLC_RETURN_IF_ERROR(waitAll(outputSends_));
  outputMessages_.clear();
  pieceTensors_.clear();
  return okStatus();
}

}  // namespace mlc::executor
