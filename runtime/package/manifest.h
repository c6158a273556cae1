// The manifest of a package (manifest.json): what the compiler tells the runtime. Plain structs,
// filled by the compiler (compiler/pipeline.cc, partition, target, package), read by
// runtime/package; JSON keys are the field names in snake_case.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/base/size_constraint.h"
#include "runtime/base/status.h"

namespace mlc::package {

inline constexpr int kFormatVersion = 5;

// A tensor at the edge of the model or of a program. Dims are DimExpr texts ("1", "batch", "batch *
// seq").
struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::string> dims;
  std::string holds;  // of a sequence or optional: "f32", "sequence(f32)" (runtime/base/objects.h)
};

// How a rank's local piece lies in a whole tensor along one dim: rank i of the axis has shares[i]
// of sum(shares) parts. With dims of static size D the parts are exact (D * shares[i] / sum); else
// rank i's piece is [D * prefix(i) / sum, D * prefix(i + 1) / sum), rounded down.
struct Split {
  int dim = 0;
  std::string axis;  // "dp" or "tp"; microbatches cut further along the dp split's dim
  std::vector<int64_t> shares;
  friend bool operator==(const Split&, const Split&) = default;
};

// The symbol whose value in a program is the rank's coordinate on the tp axis: ranks with equal
// shares run the same program.
inline constexpr const char* kTpRankSymbol = "mlc.tp_rank";

// Where a program's input comes from. Its TensorSpec has the local shape; symbols are bound from
// it.
struct ProgramInput {
  enum class Kind { kModelInput, kReceive } kind = Kind::kModelInput;
  TensorSpec spec;
  int index = 0;              // kModelInput: index into Manifest::inputs
  std::vector<Split> splits;  // kModelInput
  int from_stage = 0;  // kReceive: the pp coordinate of the sender; same dp and tp coordinates
  int channel = 0;     // kReceive, kSend: pairs a send with its receive; unique per (stage, stage)
};

// Where a program's output goes. A value may be listed more than once (sent to several stages and a
// model output).
struct ProgramOutput {
  enum class Kind { kModelOutput, kSend } kind = Kind::kModelOutput;
  TensorSpec spec;
  int index = 0;              // kModelOutput: index into Manifest::outputs
  std::vector<Split> splits;  // kModelOutput: how the pieces of dp (and microbatches) form the
                              // whole; tp pieces are gathered by the program
  int to_stage = 0;           // kSend
  int channel = 0;            // kSend
};

// A tensor of the program's own, of which every sequence has an instance that lives from run to
// run. Dim 0 is its length: a symbol, which the sequence binds; 0 when it begins. Runs add rows
// behind those that are there.
struct StateSpec {
  TensorSpec spec;
  std::string next;  // the length after a run, an expression: "past + seq"
};

// A rank's part of a state, as the program sees it: its spec has the local shape.
struct ProgramState {
  TensorSpec spec;
  int index = 0;  // into Manifest::states
};

// How a weight's bytes are laid out for the kernels.
//   kPlain       row-major, as in the file (after slicing)
//   kPanels      a [K, N] matrix (or a batch of them in front) as [N / panel][K / group][panel][group],
//                the last panel and the last group filled up with zeros;
//                `transposed` says that the file has [N, K]
enum class WeightLayout { kPlain, kPanels };

// One step from a weight's shape to the one that kernels read.
struct LayoutStep {
  enum class Kind {
    kReshape,    // the same elements, in dims of these sizes
    kTranspose,  // dim i is dim dims[i] of before
    kPad,        // dims of these sizes, filled up with zeros at their ends
  } kind = Kind::kReshape;
  std::vector<int64_t> dims;
  friend bool operator==(const LayoutStep&, const LayoutStep&) = default;
};

// A weight as one program wants it: source, the rank's piece of it, layout. The loader makes it at
// load.
struct WeightSlot {
  std::string name;           // of the model's tensor, for messages
  int source = 0;             // index into Manifest::weights
  std::vector<Split> splits;  // the piece of the source tensor, over "tp"; parts are exact
  WeightLayout layout = WeightLayout::kPlain;
  bool transposed = false;
  int64_t panel = 0;              // columns of a panel
  int64_t group = 1;              // rows of a panel whose elements lie side by side
  std::vector<LayoutStep> steps;  // kPlain: taken one after the other, after slicing
};

// Bytes of a weight: in a data file of the package or of the model; or one repeated value.
struct WeightSource {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  // Pieces that are hashed, and may be stored, each by itself: at most one split, over "tp", that
  // of all slots which read the weight. Without it the weight is one piece.
  std::vector<Split> splits;
  std::string file;  // relative to the package, or absolute (by reference); empty: fill
  // Bytes: one, of the whole weight, row-major; or one for each piece, row-major by itself. -1
  // where the package does not have it (package_part.h).
  std::vector<int64_t> offsets;
  std::string fill;  // the bytes of the smallest run of whole bytes, in hex, when file is empty
  int64_t first_hash = 0;  // in the file of hashes: see weight_hashes.h
};

struct DeviceKernel {
  std::string name;  // entry point in the PTX, cubin or emulation object
};

// One compiled program. Ranks with equal programs share one.
struct Program {
  std::string target;          // where the kernels run: "cpu", "cuda" or "fake"
  std::string object;          // shared object, relative to the package
  std::string cpu = "x86-64";  // architecture of the object: "x86-64" or "aarch64"
  // Of the object: checked with CPUID at load, e.g. "avx2", "fma".
  std::vector<std::string> cpu_features;
  std::string ptx, cubin;            // target cuda; relative; cubin may be empty
  std::string emulation;             // target fake: shared object that emulates the kernels
  std::vector<std::string> symbols;  // order of MlcInvocation::symbols
  std::vector<ProgramInput> inputs;
  std::vector<ProgramOutput> outputs;
  std::vector<WeightSlot> weights;
  std::vector<ProgramState> states;  // order of MlcInvocation::states
  std::vector<DeviceKernel> device_kernels;
};

struct RankEntry {
  int program = -1;    // index into programs; -1: the rank has no work
  std::string device;  // "cpu", "cuda:0", "fake:0"
};

struct FileEntry {
  std::string path;  // relative to the package
  int64_t bytes = 0;
  std::string checksum;  // BLAKE2b-256, hex; empty: weights, whose chunks have hashes
};

struct Manifest {
  int format_version = kFormatVersion;
  int abi_version = 0;
  std::string producer;  // "mlc <version>"
  std::string model;     // file name of the model
  std::vector<TensorSpec> inputs, outputs;
  std::vector<StateSpec> states;
  int dp = 1, pp = 1, tp = 1;      // rank = (dp_index * pp + pp_index) * tp + tp_index
  std::vector<int64_t> dp_shares;  // relative speed of the dp replicas; empty: equal
  int microbatches = 1;            // per run; the batch dim is cut into that many pieces
  std::string plan;                // plan.json, relative
  std::vector<Program> programs;
  std::vector<RankEntry> ranks;
  std::vector<WeightSource> weights;
  std::string weight_hashes;     // the file of the chunks' hashes; empty: no weight has a file
  std::vector<FileEntry> files;  // every file of the package but the manifest itself
  double predicted_ms = 0;
  // What must hold of the sizes in every run. Those of function "main" are over the symbols of the
  // inputs' dims.
  std::vector<SizeConstraint> constraints;
  // Symbols whose values a program computes while it runs. Dims of outputs may have them: such
  // outputs get their shape from the run.
  std::vector<std::string> computed_symbols;
  std::string checksum;  // of the manifest itself, see checksumOfManifest
};

// Whether a tensor's shape is only known when a program has computed it.
bool hasComputedShape(const TensorSpec& spec, const Manifest& manifest);

// Reads manifest.json's text. Fails with a message that names the key that is missing or wrong.
StatusOr<Manifest> parseManifest(const std::string& json);

// Canonical text: sorted keys, two spaces, a newline at the end.
std::string printManifest(const Manifest& manifest);

// The files that a manifest lists, if mlc wrote it, in whatever version.
StatusOr<std::vector<std::string>> filesOfAnyVersion(const std::string& json);

// BLAKE2b-256, hex, of the canonical text with an empty checksum.
std::string checksumOfManifest(Manifest manifest);

}  // namespace mlc::package
