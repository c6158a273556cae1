// Lowers kernels around a convolution. Private to the folder.
#pragma once

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/epilogue.h"
#include "compiler/target/cpu/cpu_target.h"

namespace mlc::cpu {

mlir::FailureOr<mlir::func::FuncOp> lowerConv(mlir::func::FuncOp kernel, graph::ConvOp root,
                                              const Epilogue& epilogue, const CpuTarget& target,
                                              mlir::OpBuilder& intoModule);

}  // namespace mlc::cpu
