// The sizes of a convolution on channel blocks. Private to the folder.
#pragma once

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/loop_nest.h"

namespace mlc::cpu {

struct BlockedConvGeometry {
  DimExpr images;
  int64_t inBlocks, inBlock, height, width;  // of the input
  int64_t kernelHeight, kernelWidth;
  int64_t strideY, strideX, padY, padX, dilationY, dilationX;
  int64_t channels, block, outHeight, outWidth;  // of the result
  bool isPadded;                                 // on any side

  static BlockedConvGeometry of(graph::BlockedConvOp op);

  int64_t outPixels() const { return outHeight * outWidth; }

  // Strides of the result and of the epilogue's operands: images, (lines, pixels), (blocks,
  // elements of a block) as batch, m and n.
  LoopNest loops(graph::BlockedConvOp op, llvm::ArrayRef<graph::Shape> epilogue) const;
};

}  // namespace mlc::cpu
