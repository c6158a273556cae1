#include "compiler/target/cpu/contract/conv.h"

#include <optional>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/gemm.h"
#include "compiler/target/cpu/contract/im2col_panel_source.h"
#include "compiler/target/cpu/contract/kernel_function.h"
#include "compiler/target/cpu/contract/staged_panel_source.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

ConvGeometry geometryOf(graph::ConvOp op) {
  ConvGeometry geometry;
  const graph::Shape input = graph::shapeOf(op.getInput()), filter = graph::shapeOf(op.getFilter()),
                     output = graph::shapeOf(op.getResult());
  geometry.images = input[0];
  geometry.groups = op.getGroups();
  geometry.channels = filter[1] * geometry.groups;
  geometry.outChannels = filter[0];
  for (size_t i = 2; i < input.size(); ++i) {
    geometry.input.push_back(input[i]);
    geometry.kernel.push_back(filter[i]);
    geometry.output.push_back(output[i]);
  }
  geometry.strides.assign(op.getStrides().begin(), op.getStrides().end());
  geometry.pads.assign(op.getPadsLow().begin(), op.getPadsLow().end());
  geometry.dilations.assign(op.getDilations().begin(), op.getDilations().end());
  return geometry;
}

// result[image, group, channel, pixel] = filter[group, channel, element] * columns[image, group,
// element, pixel]: the filter is the left side.
LoopNest loopsOf(const ConvGeometry& geometry, const graph::Shape& result,
                 llvm::ArrayRef<graph::Shape> epilogue) {
  const DimExpr elements = geometry.groupChannels() * geometry.kernelElements();
  const DimExpr groupOut = floorDiv(geometry.outChannels, geometry.groups);
  const DimExpr pixels = geometry.inputPixels();
  const auto outStrides = stridesOf(result);
  llvm::SmallVector<llvm::SmallVector<DimExpr, 4>> operandStrides;
  for (const graph::Shape& shape : epilogue)
    operandStrides.push_back(broadcastStrides(shape, result));

  // `factor` result positions of dim `resultDim` make one step; resultDim -1: none.
  auto dim = [&](const DimExpr& size, const DimExpr& lhs, const DimExpr& rhs, int resultDim,
                 const DimExpr& factor) {
    LoopDim made{size, {lhs, rhs}};
    made.strides.push_back(resultDim < 0 ? DimExpr(0) : outStrides[resultDim] * factor);
    for (const auto& strides : operandStrides) {
      made.strides.push_back(resultDim < 0 ? DimExpr(0) : strides[resultDim] * factor);
    }
    return made;
  };
  LoopNest nest;
  // The right side's strides are used where the input is that matrix itself.
  nest.batch.push_back(dim(geometry.images, 0, geometry.channels * pixels, 0, 1));
  nest.batch.push_back(
      dim(geometry.groups, groupOut * elements, geometry.groupChannels() * pixels, 1, groupOut));
  nest.m.push_back(dim(groupOut, elements, 0, 1, 1));
  const auto inputStrides = stridesOf(geometry.input);
  for (size_t i = 0; i < geometry.output.size(); ++i) {
    nest.n.push_back(dim(geometry.output[i], 0, inputStrides[i], static_cast<int>(i) + 2, 1));
  }
  nest.k.push_back(dim(elements, 1, pixels, -1, 1));
  nest.collapse();
  return nest;
}

}  // namespace

mlir::FailureOr<mlir::func::FuncOp> lowerConv(mlir::func::FuncOp kernel, graph::ConvOp root,
                                              const Epilogue& epilogue, const CpuTarget& target,
                                              mlir::OpBuilder& intoModule) {
  const ConvGeometry geometry = geometryOf(root);
  const LoopNest nest =
      loopsOf(geometry, graph::shapeOf(root.getResult()), epilogue.operandShapes());

  Gemm gemm;
  gemm.nest = &nest;
  gemm.epilogue = &epilogue;
  auto elementOf = [](Value tensor) {
    return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
  };
  const mlir::Type element = elementOf(root.getInput());
  gemm.product = Product::of(target, elementOf(root.getFilter()), element, /*packed=*/false);
  gemm.tile = TileShape::of(target, gemm.product);
  const bool isStaged = gemm.product.isGrouped() && !geometry.isPointwise();
  const DimExpr rows = geometry.groupChannels() * geometry.kernelElements();
  if (isStaged) gemm.sourceBytes = StagedPanelSource::stagingBytes(rows, gemm.tile);

  KernelFunction function(kernel, gemm.scratchBytes(), intoModule);
  gemm.thread = function.thread();
  gemm.threads = function.threads();
  gemm.lhs = function.view(root.getFilter());
  gemm.rhs = function.view(root.getInput());
  gemm.out = function.outView();
  for (Value operand : epilogue.operands()) gemm.operands.push_back(function.view(operand));
  gemm.scratch = function.scratch();
  const StridedPanelSource strided(nest, gemm.tile, gemm.rhs, element, gemm.product.accumulator);
  const GroupedPanelSource grouped(nest, gemm.tile, gemm.product, gemm.rhs);
  const Im2colPanelSource im2col(
      geometry, gemm.tile, gemm.rhs, element,
      isStaged ? conversion::storageType(element) : gemm.product.accumulator);
  std::optional<StagedPanelSource> staged;
  if (isStaged)
    staged.emplace(im2col, rows, gemm.tile, gemm.product, gemm.sourceScratch(function.code()));
  if (staged) {
    gemm.source = &*staged;
  } else if (!geometry.isPointwise()) {
    gemm.source = &im2col;
  } else if (gemm.product.isGrouped()) {
    gemm.source = &grouped;
  } else {
    gemm.source = &strided;
  }
  gemm.emit(function.code());
  function.finish();
  return function.function();
}

}  // namespace mlc::cpu
