#include "compiler/target/cpu/contract/blocked_conv_geometry.h"

namespace mlc::cpu {

BlockedConvGeometry BlockedConvGeometry::of(graph::BlockedConvOp op) {
  const graph::Shape input = graph::shapeOf(op.getInput()), filter = graph::shapeOf(op.getFilter()),
                     output = graph::shapeOf(op.getResult());
  const size_t kernel = op.getDepthwise() ? 1 : 2;
  auto size = [](const DimExpr& dim) { return *dim.constant(); };
  BlockedConvGeometry g;
  g.images = input[0];
  g.inBlocks = size(input[1]);
  g.height = size(input[2]);
  g.width = size(input[3]);
  g.inBlock = size(input[4]);
  g.kernelHeight = size(filter[kernel]);
  g.kernelWidth = size(filter[kernel + 1]);
  g.strideY = op.getStrides()[0];
  g.strideX = op.getStrides()[1];
  g.padY = op.getPadsLow()[0];
  g.padX = op.getPadsLow()[1];
  g.dilationY = op.getDilations()[0];
  g.dilationX = op.getDilations()[1];
  g.channels = static_cast<int64_t>(op.getChannels());
  g.block = static_cast<int64_t>(op.getBlock());
  g.outHeight = size(output[2]);
  g.outWidth = size(output[3]);
  g.isPadded = llvm::any_of(op.getPadsLow(), [](int64_t pad) { return pad != 0; }) ||
               llvm::any_of(op.getPadsHigh(), [](int64_t pad) { return pad != 0; });
  return g;
}

LoopNest BlockedConvGeometry::loops(graph::BlockedConvOp op,
                                    llvm::ArrayRef<graph::Shape> epilogue) const {
  const graph::Shape result = graph::shapeOf(op.getResult());
  llvm::SmallVector<llvm::SmallVector<DimExpr, 4>> strides = {stridesOf(result)};
  for (const graph::Shape& shape : epilogue) strides.push_back(broadcastStrides(shape, result));
  auto dim = [&](size_t i) {
    LoopDim made{result[i], {DimExpr(0), DimExpr(0)}};
    for (const auto& list : strides) made.strides.push_back(list[i]);
    return made;
  };
  LoopNest nest;
  nest.batch = {dim(0)};
  nest.n = {dim(1), dim(4)};
  nest.m = {dim(2), dim(3)};
  nest.collapse();
  return nest;
}

}  // namespace mlc::cpu
