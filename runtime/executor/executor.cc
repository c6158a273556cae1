#include "runtime/executor/executor.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <set>

#include "runtime/base/exceptions.h"
#include "runtime/base/shape_bytes.h"
#include "runtime/executor/agreement.h"
#include "runtime/executor/symbols.h"

namespace mlc::executor {
namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

int64_t peakResidentBytes() {
  rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace

StatusOr<std::unique_ptr<Executor>> Executor::create(
    collectives::Communicator& world, std::shared_ptr<const package::Package> package,
    std::shared_ptr<package::WeightStore> store, const team::TeamOptions& teamOptions) {
  const size_t ranks = package->manifest().ranks.size();
  if (static_cast<size_t>(world.size()) != ranks) {
    return usageError("the package was made for " + std::to_string(ranks) +
                      " ranks, this job has " + std::to_string(world.size()));
  }
  StatusOr<package::LoadedProgram> loaded = loadProgram(package, world.rank(), store);
  MLC_RETURN_IF_ERROR(agree(world, loaded.status()));
  std::unique_ptr<Executor> executor(new Executor(world, *std::move(loaded)));
  MLC_RETURN_IF_ERROR(agree(world, executor->setUp(teamOptions)));
  MLC_RETURN_IF_ERROR(agree(world, executor->splitAxes()));
  return executor;
}

Status Executor::setUp(const team::TeamOptions& teamOptions) {
  const package::Manifest& manifest = loaded_.package->manifest();
  at_ = coordinatesOf(manifest, world_.rank());
  if (loaded_.program) {
    const std::string& name = manifest.ranks[static_cast<size_t>(world_.rank())].device;
    MLC_ASSIGN_OR_RETURN(device_, device::openDevice(name, loaded_));
  }
  sequences_ = std::make_unique<Sequences>(manifest, loaded_.program, device_.get());
  if (!loaded_.program) return okStatus();
  team::TeamOptions options = teamOptions;
  if (!device_->isHostMemory()) options.threads = 1;
  MLC_ASSIGN_OR_RETURN(team_, team::Team::create(options));
  return placeWeights();
}

Status Executor::placeWeights() {
  for (size_t i = 0; i < loaded_.weights.size(); ++i) {
    const package::Weight& weight = loaded_.weights[i];
    if (device_->isHostMemory()) {
      weights_.push_back(weight.data);
      continue;
    }
    const std::string purpose = "weight '" + loaded_.program->weights[i].name + "'";
    MLC_ASSIGN_OR_RETURN(device::DeviceBuffer buffer,
                         device::DeviceBuffer::allocate(*device_, weight.bytes, purpose));
    MLC_RETURN_IF_ERROR(
        device_->copy(buffer.data(), weight.data, weight.bytes, device::CopyDirection::kToDevice));
    weights_.push_back(buffer.data());
    deviceWeights_.push_back(std::move(buffer));
  }
  std::set<const void*> counted;
  for (const package::Weight& weight : loaded_.weights) {
    if (!counted.insert(weight.data).second) continue;
    (weight.mapped ? statistics_.mappedWeightBytes : statistics_.copiedWeightBytes) += weight.bytes;
  }
  return okStatus();
}

Status Executor::splitAxes() {
  const package::Manifest& manifest = loaded_.package->manifest();
  // Ranks of an axis have the same other two coordinates.
  const int colors[3] = {at_.pp * manifest.tp + at_.tp, at_.dp * manifest.tp + at_.tp,
                         at_.dp * manifest.pp + at_.pp};
  const int keys[3] = {at_.dp, at_.pp, at_.tp};
  for (size_t axis = 0; axis < 3; ++axis) {
    MLC_ASSIGN_OR_RETURN(axes_[axis], world_.split(colors[axis], keys[axis]));
  }
  if (loaded_.program) {
    host_ = std::make_unique<ProgramHost>(
        *team_, *device_, world_, std::array{axes_[0].get(), axes_[1].get(), axes_[2].get()});
  }
  return okStatus();
}

StatusOr<std::vector<HostTensor>> Executor::run(const std::vector<HostTensor>& inputs,
                                                int64_t sequence) {
  const TraceScope scope(trace_, "run");
  const Clock::time_point start = Clock::now();
  StatusOr<std::vector<HostTensor>> outputs = runOnce(inputs, sequence);
  statistics_.milliseconds = millisecondsSince(start);
  statistics_.peakResidentBytes = peakResidentBytes();
  return outputs;
}

StatusOr<int64_t> Executor::copySequence(int64_t sequence) {
  const StatusOr<int64_t> copied = sequences_->copy(sequence);
  const Status agreed = agree(world_, copied.status());
  if (agreed.ok()) return copied;
  if (copied.ok()) MLC_RETURN_IF_ERROR(sequences_->drop(*copied));
  return agreed;
}

StatusOr<int64_t> Executor::sequenceLength(int64_t sequence) const {
  MLC_ASSIGN_OR_RETURN(const Sequence* found, sequences_->find(sequence));
  const auto longest = std::max_element(found->lengths.begin(), found->lengths.end());
  return longest == found->lengths.end() ? 0 : *longest;
}

Status Executor::chooseSequence(int64_t sequence) {
  MLC_ASSIGN_OR_RETURN(sequence_, sequences_->find(sequence));
  MLC_ASSIGN_OR_RETURN(lengths_, sequences_->lengthsOf(*sequence_));
  return okStatus();
}

StatusOr<std::vector<HostTensor>> Executor::runOnce(const std::vector<HostTensor>& inputs,
                                                    int64_t sequence) {
  // Every rank finds the same.
  MLC_RETURN_IF_ERROR(chooseSequence(sequence));
  MLC_RETURN_IF_ERROR(shareShapes(inputs));
  MLC_RETURN_IF_ERROR(agree(world_, withoutExceptions([&] { return allocateForRun(); })));
  // From here on every rank goes to the end, whatever its program reports. What ends the run on one
  // rank alone (a broken communicator, no memory for an input's piece) ends the world.
  if (Status status = moveData(inputs); !status.ok()) return endWorld(world_, status);
  MLC_RETURN_IF_ERROR(agree(world_, failure_));
  std::map<int, SymbolValues> symbols;
  for (const Step& step : steps_) symbols.emplace(step.microbatch, step.values);
  MLC_RETURN_IF_ERROR(sequences_->commit(*sequence_, placement_->symbols(), symbols));
  return std::move(outputs_);
}

Status Executor::moveData(const std::vector<HostTensor>& inputs) {
  failure_ = okStatus();
  objects_ = std::make_shared<Objects>();
  std::vector<Outgoing> outgoing;
  MLC_RETURN_IF_ERROR(distributeInputs(inputs, outgoing));
  MLC_RETURN_IF_ERROR(runSteps());
  MLC_RETURN_IF_ERROR(collectOutputs());
  for (Outgoing& message : outgoing) MLC_RETURN_IF_ERROR(message.request->wait());
  localInputs_.clear();
  objects_.reset();
  return okStatus();
}

Status Executor::checkInputs(const std::vector<HostTensor>& inputs) const {
  const package::Manifest& manifest = loaded_.package->manifest();
  std::vector<std::vector<int64_t>> shapes;
  for (const HostTensor& input : inputs) shapes.push_back(input.shape());
  MLC_ASSIGN_OR_RETURN(const Placement placement, Placement::make(manifest, shapes, lengths_));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const package::TensorSpec& spec = manifest.inputs[i];
    const std::string wanted =
        "input '" + spec.name + "' should be " + valueTypeText(spec.dtype, spec.holds) + ", but ";
    if (inputs[i].dtype() != spec.dtype)
      return invalidError(wanted + "is " + std::string(dtypeName(inputs[i].dtype())));
    if (!holdsOnly(inputs[i], spec.holds)) return invalidError(wanted + "holds something else");
  }
  return sequences_->check(*sequence_, placement.symbols());
}

// Rank 0 checks the inputs and tells their shapes; each rank then works out what that means for it.
Status Executor::shareShapes(const std::vector<HostTensor>& inputs) {
  const package::Manifest& manifest = loaded_.package->manifest();
  Status status;
  std::vector<std::vector<int64_t>> shapes;
  if (world_.rank() == 0) {
    for (const HostTensor& input : inputs) shapes.push_back(input.shape());
    status = checkInputs(inputs);
  }
  std::vector<int64_t> message = {status.ok() ? 1 : 0};
  for (size_t i = 0; i < manifest.inputs.size(); ++i) {
    for (size_t dim = 0; dim < manifest.inputs[i].dims.size(); ++dim) {
      message.push_back(world_.rank() == 0 && status.ok() ? shapes[i][dim] : 0);
    }
  }
  const int64_t bytes = static_cast<int64_t>(message.size() * sizeof(int64_t));
  MLC_RETURN_IF_ERROR(world_.broadcast(message.data(), bytes, 0));
  if (message[0] == 0) return agree(world_, status);
  shapes.clear();
  auto next = message.begin() + 1;
  for (const package::TensorSpec& spec : manifest.inputs) {
    const auto end = next + static_cast<ptrdiff_t>(spec.dims.size());
    shapes.emplace_back(next, end);
    next = end;
  }
  if (placement_ && shapes == shapes_ && lengths_ == placedLengths_) return okStatus();
  shapes_ = std::move(shapes);
  placedLengths_ = lengths_;
  status = prepare();
  if (!status.ok()) placement_.reset();
  const Status agreed = agree(world_, status);
  if (!agreed.ok()) placement_.reset();
  return agreed;
}

Status Executor::prepare() {
  const package::Manifest& manifest = loaded_.package->manifest();
  MLC_ASSIGN_OR_RETURN(placement_, Placement::make(manifest, shapes_, lengths_));
  MLC_ASSIGN_OR_RETURN(pieces_, placement_->outputPieces());
  outputShapes_.clear();
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    outputShapes_.emplace_back();
    if (package::hasComputedShape(manifest.outputs[i], manifest)) continue;
    MLC_ASSIGN_OR_RETURN(outputShapes_.back(), placement_->outputShape(static_cast<int>(i)));
  }
  steps_.clear();
  if (!loaded_.program) return okStatus();
  for (int microbatch = 0; microbatch < manifest.microbatches; ++microbatch) {
    if (!placement_->isEmpty(at_.dp, microbatch)) MLC_RETURN_IF_ERROR(prepareStep(microbatch));
  }
  return okStatus();
}

Status Executor::prepareStep(int microbatch) {
  Step step;
  step.microbatch = microbatch;
  MLC_ASSIGN_OR_RETURN(const SymbolValues symbols, placement_->symbolsOf(at_, microbatch));
  for (const std::string& symbol : loaded_.program->symbols) {
    const auto it = symbols.find(symbol);
    if (it == symbols.end()) return invalidError("no input tells the dimension '" + symbol + "'");
    step.symbols.push_back(it->second);
  }
  step.values = symbols;
  for (const package::ProgramInput& input : loaded_.program->inputs) {
    MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, shapeOf(input.spec, symbols));
    step.inputBytes.push_back(*bytesOf(input.spec.dtype, shape));
  }
  for (const package::ProgramOutput& output : loaded_.program->outputs) {
    step.outputBytes.push_back(0);
    if (package::hasComputedShape(output.spec, loaded_.package->manifest())) continue;
    MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, shapeOf(output.spec, symbols));
    step.outputBytes.back() = *bytesOf(output.spec.dtype, shape);
  }
  steps_.push_back(std::move(step));
  return okStatus();
}

// The memory of the run, so that a lack of it is agreed on before anything is sent; but for copies
// of the inputs' pieces and outputs of computed shape, whose lack ends the world.
// Where the device's memory is the host's, collectives of what lies in it need no copies.
StatusOr<device::DeviceBuffer> Executor::allocateArena(int64_t bytes) {
  const std::string purpose = "the arena";
  if (!device_->isHostMemory()) return device::DeviceBuffer::allocate(*device_, bytes, purpose);
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<void> memory, world_.allocate(bytes, purpose));
  return device::DeviceBuffer(std::move(memory), bytes);
}

Status Executor::allocateForRun() {
  const package::Manifest& manifest = loaded_.package->manifest();
  const bool first = world_.rank() == 0;
  try {
    outputs_.clear();
    for (size_t i = 0; first && i < outputShapes_.size(); ++i) {
      const bool isComputed = package::hasComputedShape(manifest.outputs[i], manifest);
      outputs_.push_back(
          isComputed ? HostTensor()
                     : HostTensor::uninitialized(manifest.outputs[i].dtype, outputShapes_[i]));
    }
    pieceTensors_.assign(pieces_.size(), HostTensor());
    computedShapes_.assign(pieces_.size(), {});
    for (size_t i = 0; i < pieces_.size(); ++i) {
      const auto output = static_cast<size_t>(pieces_[i].output);
      if (pieces_[i].isComputed) {
        // A shape of no dims is told by its first entry too.
        computedShapes_[i].assign(manifest.outputs[output].dims.size() + 1, -1);
        continue;
      }
      if (first && pieces_[i].region.sizes == outputShapes_[output]) {
        pieceTensors_[i] = outputs_[output];
      } else if (first || pieces_[i].rank == world_.rank()) {
        pieceTensors_[i] =
            HostTensor::uninitialized(manifest.outputs[output].dtype, pieces_[i].region.sizes);
      }
    }
  } catch (const std::bad_alloc&) {
    return outOfMemoryError("not enough memory for the model's outputs");
  }
  int64_t arenaBytes = 0;
  for (const Step& step : steps_) {
    MLC_RETURN_IF_ERROR(sequences_->reserve(*sequence_, step.microbatch, step.values));
    const int64_t stepBytes = loaded_.arenaBytes(step.symbols.data(), team_->size());
    if (stepBytes < 0)
      return outOfMemoryError("with inputs of these sizes, 64 bits do not count the arena's bytes");
    arenaBytes = std::max(arenaBytes, stepBytes);
    for (Slot& slot : slots_) {
      slot.inputs.resize(step.inputBytes.size());
      slot.outputs.resize(step.outputBytes.size());
      for (size_t i = 0; i < step.inputBytes.size(); ++i) {
        MLC_RETURN_IF_ERROR(slot.inputs[i].reserve(*device_, step.inputBytes[i], "the inputs"));
      }
      for (size_t i = 0; i < step.outputBytes.size(); ++i) {
        MLC_RETURN_IF_ERROR(slot.outputs[i].reserve(*device_, step.outputBytes[i], "the outputs"));
      }
    }
  }
  if (!steps_.empty() && (!arena_.data() || arenaBytes > arena_.size())) {
    arena_ = {};
    MLC_ASSIGN_OR_RETURN(arena_, allocateArena(arenaBytes));
    statistics_.arenaBytes = arenaBytes;
  }
  return okStatus();
}

}  // namespace mlc::executor
