// Which piece of the model's inputs and outputs belongs to which rank and microbatch of a run.
// Every rank computes this alike, from the inputs' shapes.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/base/dim_expr.h"
#include "runtime/base/status.h"
#include "runtime/package/manifest.h"

namespace mlc::executor {

struct Coordinates {
  int dp = 0, pp = 0, tp = 0;
};

Coordinates coordinatesOf(const package::Manifest& manifest, int rank);
int rankOf(const package::Manifest& manifest, const Coordinates& at);

// A box inside a tensor.
struct Region {
  std::vector<int64_t> offsets;
  std::vector<int64_t> sizes;
};

class Placement {
 public:
  // Shapes of the model's inputs, and the symbols that no input binds: lengths of states. Fails
  // with kInvalid where they do not fit the manifest.
  static StatusOr<Placement> make(const package::Manifest& manifest,
                                  const std::vector<std::vector<int64_t>>& inputShapes,
                                  const SymbolValues& lengths = {});

  // Of the whole model.
  const SymbolValues& symbols() const { return global_; }

  // Whether there is nothing to compute for that replica in that microbatch (the batch is smaller
  // than the pieces).
  bool isEmpty(int dp, int microbatch) const;

  // A rank's piece of the model input that feeds a program input: of all its microbatches, and of
  // one. The second's offsets count in the first.
  Region inputPiece(const package::ProgramInput& input, const Coordinates& at) const;
  Region microbatchPiece(const package::ProgramInput& input, const Coordinates& at,
                         int microbatch) const;

  // The values of the symbols for a rank and microbatch: bound from the pieces of the model's
  // inputs that the ranks of the same dp and tp coordinates see.
  StatusOr<SymbolValues> symbolsOf(const Coordinates& at, int microbatch) const;

  // A piece of a model output that one rank hands over.
  struct OutputPiece {
    int output = 0;         // index into Manifest::outputs
    int rank = 0;           // who makes it
    int programOutput = 0;  // index into its program's outputs
    int microbatch = 0;
    Region region;
    // The output's shape is computed while the model runs; the piece is all of it, and its region
    // is empty.
    bool isComputed = false;
  };
  // All pieces of all outputs, in the order in which each rank hands over its own.
  StatusOr<std::vector<OutputPiece>> outputPieces() const;
  // Not for outputs of computed shape.
  StatusOr<std::vector<int64_t>> outputShape(int output) const;

 private:
  explicit Placement(const package::Manifest& manifest) : manifest_(&manifest) {}
  const package::Program* programAt(const Coordinates& at) const;
  // The first that has a share of the batch: it computes what is not cut.
  int firstReplica() const;

  const package::Manifest* manifest_;
  std::vector<std::vector<int64_t>> inputShapes_;
  SymbolValues lengths_, global_;
  // An input that is cut over dp: it says how the batch is cut.
  const package::ProgramInput* batchInput_ = nullptr;
};

}  // namespace mlc::executor
