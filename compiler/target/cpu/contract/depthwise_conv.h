// Lowers kernels around a depthwise convolution on channel blocks. Private to the folder.
#pragma once

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/epilogue.h"

namespace mlc::cpu {

mlir::FailureOr<mlir::func::FuncOp> lowerDepthwiseConv(mlir::func::FuncOp kernel,
                                                       graph::BlockedConvOp root,
                                                       const Epilogue& epilogue,
                                                       mlir::OpBuilder& intoModule);

}  // namespace mlc::cpu
