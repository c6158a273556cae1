// Sizes that a model computes from data: symbols that the program binds while it runs
// (graph.define_size).
#pragma once

#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

// A new symbol for a scalar i64 value. The run fails, saying `what`, where the value is negative or
// above `most`.
DimExpr defineSize(Emitter& emitter, mlir::Value value, const std::string& what,
                   std::optional<DimExpr> most = std::nullopt);

// The run fails with this message where a scalar i1 value holds, and does nothing behind it.
void failIf(Emitter& emitter, mlir::Value condition, const std::string& message);

// The elements of a small integer tensor that are sizes: those that are known, or a new symbol for
// each. `what` names them in errors. Unsupported where even their number is not known.
Elements sizesOf(Node& node, size_t input, const char* what);

// The elements as scalar i64 values.
llvm::SmallVector<mlir::Value> scalarsOf(Node& node, size_t input, const char* what);

// An expression as a scalar i64 value.
mlir::Value sizeValue(Emitter& emitter, const DimExpr& expr);

// Makes the run fail where a relation does not hold between two sizes, one of which is computed.
void checkComputed(Emitter& emitter, sizes::Relation relation, const DimExpr& left,
                   const DimExpr& right, const std::string& why);

// Reshape, Expand, Slice and Range whose parameters are computed from data.
void reshapeToComputed(Node& node);
void expandToComputed(Node& node);
void sliceComputed(Node& node);
void computedRange(Node& node);

}  // namespace mlc::onnx_import
