// A graph.loop with as many trips as something has positions, built step by step.
#pragma once

#include "compiler/import/onnx/emitter.h"

namespace mlc::onnx_import {

//   StepLoop loop(emitter, steps, initial);
//   ... ops on loop.carried() and on parts at loop.index(..) ...
//   loop.end(after, parts);
//   ... ops on loop.last(..) and loop.stacked(..) ...
class StepLoop {
 public:
  // The emitter's ops go into the body until its end.
  StepLoop(Emitter& emitter, DimExpr steps, llvm::ArrayRef<mlir::Value> initial);

  mlir::Region& body() { return body_; }
  llvm::ArrayRef<mlir::Value> carried() const { return carried_; }

  // This step's position; in reverse, the first step's is the last.
  mlir::Value index(bool isReverse);

  // The carried values behind this step, of the types that they had before it, and what is stacked.
  void end(llvm::ArrayRef<mlir::Value> after, llvm::ArrayRef<mlir::Value> parts);

  // The carried value behind the last step.
  mlir::Value last(size_t i) const { return results_[i]; }
  // Parts of all steps along a new leading dim, in the order of the steps; in reverse, of the
  // positions.
  mlir::Value stacked(size_t i, bool isReverse) const;

 private:
  Emitter& emitter_;
  const DimExpr steps_;
  mlir::Region body_;
  mlir::Block* outer_;
  mlir::Value step_, goesOn_;
  llvm::SmallVector<mlir::Value> operands_, carried_, results_;
};

}  // namespace mlc::onnx_import
