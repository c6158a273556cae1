// Runs a rank's program of a package, together with the executors of the other ranks.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "collectives/communicator.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/status.h"
#include "runtime/device/device.h"
#include "runtime/executor/edge_buffer.h"
#include "runtime/executor/placement.h"
#include "runtime/executor/runtime_functions.h"
#include "runtime/executor/sequences.h"
#include "runtime/executor/trace.h"
#include "runtime/package/loader.h"
#include "runtime/team/team.h"

namespace mlc::executor {

// Of this rank; times of the last run, memory so far.
struct RunStatistics {
  double milliseconds = 0;         // from the call of run() to its return
  double computeMilliseconds = 0;  // inside the program, collectives included
  int64_t arenaBytes = 0;
  // Of the rank's program; ranks of one process share what is equal.
  int64_t copiedWeightBytes = 0;  // weights sliced or packed into memory of the process
  int64_t mappedWeightBytes = 0;  // weights used from their files
  int64_t peakResidentBytes = 0;  // of the process
};

// One rank. create() and run() are called by all ranks of the world together, each from one thread;
// what fails on one rank fails on all, with the same code and message. Where the others could not
// be told in step (a lack of memory once data is under way, an exception) the world has ended: so
// say this and all later calls on all ranks.
class Executor {
 public:
  // Loads the rank's program. `world` (borrowed) has as many ranks as the package. A device rank's
  // team has one thread.
  static StatusOr<std::unique_ptr<Executor>> create(collectives::Communicator& world,
                                                    std::shared_ptr<const package::Package> package,
                                                    std::shared_ptr<package::WeightStore> store,
                                                    const team::TeamOptions& teamOptions);

  // Rank 0 gives the model's inputs and gets its outputs, in the manifest's order; the others give
  // nothing and get nothing. Inputs that do not fit are kInvalid before anything runs. The states
  // are those of the sequence, which all ranks name; a run that fails leaves it as it was.
  StatusOr<std::vector<HostTensor>> run(const std::vector<HostTensor>& inputs,
                                        int64_t sequence = Sequences::kNone);

  // Sequences (see sequences.h), by identifiers that are the same on all ranks: called by all ranks
  // together, as run().
  int64_t createSequence(int64_t maxLength = 0) { return sequences_->create(maxLength); }
  StatusOr<int64_t> copySequence(int64_t sequence);
  Status dropSequence(int64_t sequence) { return sequences_->drop(sequence); }
  // Rows of its longest state. Needs no other rank.
  StatusOr<int64_t> sequenceLength(int64_t sequence) const;

  // Records what runs do from now on: the run itself, and within it, for each microbatch, the wait
  // for what it receives ("receive"), the program ("compute") and the hand-over of what it made
  // ("send"). Borrowed; null: nothing is recorded.
  void setTrace(Trace* trace) { trace_ = trace; }

  const RunStatistics& statistics() const { return statistics_; }

 private:
  // A microbatch that this rank computes.
  struct Step {
    int microbatch = 0;
    SymbolValues values;           // of all symbols
    std::vector<int64_t> symbols;  // in the program's order
    // Of the program's inputs and outputs; outputs of computed shape have none yet.
    std::vector<int64_t> inputBytes, outputBytes;
  };
  // Buffers of a step; two sets, so that messages of one step overlap with the next one's compute.
  struct Slot {
    std::vector<EdgeBuffer> inputs, outputs;
    std::vector<std::unique_ptr<collectives::Request>> receives, sends;
  };
  // The rank's piece of a model input.
  struct LocalInput {
    const char* data = nullptr;
    Region region;
    AlignedBuffer buffer;   // where data is not part of somebody else's tensor
    HostTensor references;  // data of strings, sequences and optionals: to the run's objects
  };
  // A message under way, and its bytes.
  struct Outgoing {
    AlignedBuffer buffer;
    std::unique_ptr<collectives::Request> request;
  };

  Executor(collectives::Communicator& world, package::LoadedProgram loaded)
      : world_(world), loaded_(std::move(loaded)) {}
  Status setUp(const team::TeamOptions& teamOptions);
  Status splitAxes();
  Status placeWeights();

  StatusOr<std::vector<HostTensor>> runOnce(const std::vector<HostTensor>& inputs,
                                            int64_t sequence);
  Status moveData(const std::vector<HostTensor>& inputs);
  Status chooseSequence(int64_t sequence);
  Status checkInputs(const std::vector<HostTensor>& inputs) const;
  Status shareShapes(const std::vector<HostTensor>& inputs);
  Status prepare();
  Status prepareStep(int microbatch);
  Status allocateForRun();
  StatusOr<device::DeviceBuffer> allocateArena(int64_t bytes);
  Status distributeInputs(const std::vector<HostTensor>& inputs, std::vector<Outgoing>& outgoing);
  Status takeInput(const std::vector<HostTensor>& inputs, size_t index);
  // Strings, sequences and optionals travel with what they refer to (references.cc).
  Status sendReferences(const HostTensor& tensor, int rank, std::vector<Outgoing>& outgoing);
  StatusOr<HostTensor> receiveReferences(int rank, int tag);
  Status takeReferences(const std::vector<HostTensor>& inputs, size_t index);
  void sendReferencePiece(size_t piece);
  Status receiveReferencePiece(size_t piece);
  Status runSteps();
  void postReceives(const Step& step, Slot& slot);
  Status stageInputs(const Step& step, Slot& slot, std::vector<void*>& pointers);
  StatusOr<void*> allocateOutput(const Step& step, Slot& slot, int64_t index,
                                 std::span<const int64_t> dims);
  Status deliverOutputs(const Step& step, Slot& slot);
  void sendPieces(const Step& step);
  Status receiveComputed(size_t piece);
  const package::TensorSpec& specOf(const Placement::OutputPiece& piece) const {
    return loaded_.package->manifest().outputs[static_cast<size_t>(piece.output)];
  }
  HostTensor* pieceOf(int microbatch, size_t programOutput);
  Status collectOutputs();

  collectives::Communicator& world_;
  package::LoadedProgram loaded_;
  Coordinates at_;
  std::array<std::unique_ptr<collectives::Communicator>, 3> axes_;
  std::unique_ptr<device::Device> device_;
  std::unique_ptr<team::Team> team_;
  std::unique_ptr<ProgramHost> host_;
  std::vector<device::DeviceBuffer> deviceWeights_;
  std::vector<const void*> weights_;

  std::unique_ptr<Sequences> sequences_;
  Sequence* sequence_ = nullptr;  // of the run
  SymbolValues lengths_;          // of its states

  // Of the last input shapes and lengths of states, kept while they stay the same.
  std::vector<std::vector<int64_t>> shapes_;
  SymbolValues placedLengths_;
  std::optional<Placement> placement_;
  std::vector<Step> steps_;
  std::vector<Placement::OutputPiece> pieces_;
  std::vector<std::vector<int64_t>> outputShapes_;

  // Of the run.
  std::array<Slot, 2> slots_;
  device::DeviceBuffer arena_;
  std::vector<LocalInput> localInputs_;
  // By index into pieces_; of this rank's pieces, and of all on rank 0.
  std::vector<HostTensor> pieceTensors_;
  // By index into pieces_: the shapes of computed ones, as they are told to rank 0; a first dim of
  // -1 where the program did not get so far.
  std::vector<std::vector<int64_t>> computedShapes_;
  std::vector<HostTensor> outputs_;  // rank 0
  std::vector<std::unique_ptr<collectives::Request>> outputSends_;
  std::deque<std::string> outputMessages_;  // under way, at fixed addresses
  std::shared_ptr<Objects> objects_;        // what references of the run are to
  Status failure_;                          // of the program
  Trace* trace_ = nullptr;
  RunStatistics statistics_;
};

}  // namespace mlc::executor
