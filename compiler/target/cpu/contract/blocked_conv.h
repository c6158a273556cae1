// Lowers kernels around a convolution on channel blocks. Private to the folder.
//
// Dense: the filter is a packed right side, pixels are the rows of the left side, read where they
// lie; images with padding are first copied, a few lines at a time, into lines with borders of
// zeros in scratch. Depthwise: a vector of channels at a time, a few pixels of a line together.
#pragma once

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/epilogue.h"
#include "compiler/target/cpu/cpu_target.h"

namespace mlc::cpu {

mlir::FailureOr<mlir::func::FuncOp> lowerBlockedConv(mlir::func::FuncOp kernel,
                                                     graph::BlockedConvOp root,
                                                     const Epilogue& epilogue,
                                                     const CpuTarget& target,
                                                     mlir::OpBuilder& intoModule);

}  // namespace mlc::cpu
