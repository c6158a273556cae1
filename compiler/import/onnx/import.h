// Imports ONNX models: the one way into this folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/dialect/graph/weight_table.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/base/size_constraint.h"
#include "runtime/base/status.h"

namespace mlc {

struct ImportOptions {
  // Sizes for symbolic dims, by their names in the model ("batch") or their symbols (input_0_d1 for
  // the unnamed dim 1 of input 0).
  std::map<std::string, int64_t> dims;
};

// A verified module of the graph dialect. func.func @main takes the model's inputs and gives its
// outputs, in order, each with its name as attribute mlc.name; an op's location is a NameLoc of its
// node. Weights that are in files stay there.
struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  graph::WeightTable weights;
  // What must hold of sizes in every run; over the symbols of @main.
  std::vector<SizeConstraint> constraints;
};

// Reads the model at `path` (opsets 7 to 28). The context must have func and graph registered or
// loadable. Errors name nodes and tensors: kInvalid for files and graphs that are wrong, kUsage for
// a bound dim that the model does not have, kUnsupported with every op, attribute and type that is
// not taken.
StatusOr<ImportedModel> importOnnx(mlir::MLIRContext& context, const std::string& path,
                                   const ImportOptions& options = {});

// The ops that are taken, for the documentation.
struct SupportedOp {
  std::string domain;  // empty: ONNX's own
  std::string name;
  int firstOpset;
  int lastOpset;
  std::string attributes;  // separated by spaces
};
std::vector<SupportedOp> supportedOnnxOps();

}  // namespace mlc
