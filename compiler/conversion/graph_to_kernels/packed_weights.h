// Which weights arrive packed in panels: those that only feed right sides of contractions that want
// one layout, as they are or through a dequantize.
#pragma once

#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/conversion/graph_to_kernels/weight_arguments.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"

namespace mlc::conversion {

// Computed before kernels are formed, over @main and the outlined blocks. A block's argument counts
// as a weight if every call passes one.
class PackedWeights {
 public:
  PackedWeights(mlir::ModuleOp module, const KernelPolicy& policy);

  // The layout in which this value (a graph.weight or a block argument) arrives; null: row-major.
  attr::PanelsAttr layoutOf(mlir::Value value) const { return layouts_.lookup(value); }

  // Writes the layouts (mlc.panels) of block arguments and of graph.weight, and why others that are
  // factors of contractions have none (mlc.unpacked).
  void annotate() const;

 private:
  // Takes back the layouts of the parts of a storage that is not packed as a whole; whether there
  // were any.
  bool dropUnlessWhole(graph::DequantizeOp op);
  bool drop(mlir::Value value);
  void note(mlir::Value weight, llvm::StringRef reason);

  WeightArguments arguments_;
  llvm::DenseMap<mlir::Value, attr::PanelsAttr> layouts_;
  llvm::MapVector<mlir::Value, std::string> unpacked_;  // reasons
};

}  // namespace mlc::conversion
