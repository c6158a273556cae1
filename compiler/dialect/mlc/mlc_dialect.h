// The mlc dialect: attributes that passes leave for later ones. See mlc.td.
#pragma once

#include <optional>

#include "llvm/ADT/StringRef.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Dialect.h"
#include "runtime/base/dim_expr.h"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/mlc/mlc_attributes.h.inc"
#include "compiler/dialect/mlc/mlc_dialect.h.inc"

namespace mlc::attr {

// mlc.name of an argument or result of a function; empty if it has none.
llvm::StringRef argumentName(mlir::func::FuncOp function, unsigned argument);
llvm::StringRef resultName(mlir::func::FuncOp function, unsigned result);
// A dictionary with that attribute.
mlir::DictionaryAttr nameAttr(mlir::MLIRContext* context, llvm::StringRef name);

// mlc.kernel
bool isKernel(mlir::func::FuncOp function);
void setKernel(mlir::func::FuncOp function);

// mlc.panels; null: the tensor is row-major.
PanelsAttr panelsOf(mlir::func::FuncOp function, unsigned argument);
PanelsAttr panelsOf(mlir::Operation* weight);
void setPanels(mlir::func::FuncOp function, unsigned argument, PanelsAttr panels);
void setPanels(mlir::Operation* weight, PanelsAttr panels);

// mlc.layout: by turns "reshape", "transpose" or "pad" and the dims of that step
// (package::LayoutStep); null: the weight arrives as it is.
mlir::ArrayAttr layoutOf(mlir::Operation* weight);
void setLayout(mlir::Operation* weight, mlir::ArrayAttr layout);

// mlc.unpacked of a graph.weight or an argument of a function; empty if it has none.
llvm::StringRef unpackedReasonOf(mlir::Value weight);
void setUnpackedReason(mlir::Value weight, llvm::StringRef reason);

// mlc.scratch_bytes; zero where there is none.
DimExpr scratchBytesOf(mlir::func::FuncOp kernel);
void setScratchBytes(mlir::func::FuncOp kernel, const DimExpr& bytes);

// mlc.points, which kernels lowered to loops have.
DimExpr pointsOf(mlir::func::FuncOp kernel);
void setPoints(mlir::func::FuncOp kernel, const DimExpr& points);

}  // namespace mlc::attr
