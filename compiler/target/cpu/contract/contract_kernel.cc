#include "compiler/target/cpu/contract/contract_kernel.h"

#include <memory>

#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/target/cpu/contract/block_panel_source.h"
#include "compiler/target/cpu/contract/blocked_conv.h"
#include "compiler/target/cpu/contract/conv.h"
#include "compiler/target/cpu/contract/gemm.h"
#include "compiler/target/cpu/contract/grouped_panel_source.h"
#include "compiler/target/cpu/contract/kernel_function.h"
#include "compiler/target/cpu/contract/panel_source.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

mlir::Type elementOf(Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

// The operand's letters must be batch.., k, n or batch.., n, k: the loader packs matrices of the
// last two dims. In front of them a dim of 1 is as good as a batch.
std::optional<bool> isTransposed(const graph::ContractEquation& equation,
                                 const graph::Shape& shape) {
  std::string kinds;
  for (auto [i, letter] : llvm::enumerate(equation.rhs)) {
    const char kind = !equation.inLhs(letter)     ? (equation.inResult(letter) ? 'n' : 'x')
                      : equation.inResult(letter) ? 'b'
                                                  : 'k';
    const bool isUnit = i + 2 < shape.size() && shape[i] == DimExpr(1);
    if (!kinds.empty() || !(kind == 'b' || isUnit)) kinds += kind;
  }
  if (kinds == "kn") return false;
  if (kinds == "nk") return true;
  return std::nullopt;
}

// How a kernel's argument arrives; none: row-major.
std::optional<PanelLayout> layoutOf(mlir::func::FuncOp kernel, Value operand) {
  auto argument = mlir::dyn_cast<mlir::BlockArgument>(operand);
  if (!argument) return std::nullopt;
  const attr::PanelsAttr panels = attr::panelsOf(kernel, argument.getArgNumber());
  if (!panels) return std::nullopt;
  return PanelLayout{panels.getColumns(), panels.getTransposed(), panels.getGroup()};
}

// Batch strides of a right side that lies in panels.
void setPackedStrides(LoopNest& nest, const PanelLayout& layout) {
  const DimExpr rows = ceilDiv(sizeOf(nest.k), layout.group) * DimExpr(layout.group);
  DimExpr stride = ceilDiv(sizeOf(nest.n), layout.panel) * DimExpr(layout.panel) * rows;
  for (LoopDim& dim : llvm::reverse(nest.batch)) {
    dim.strides[kRhs] = stride;
    stride = stride * dim.size;
  }
  for (LoopDims* dims : {&nest.n, &nest.k}) {
    for (LoopDim& dim : *dims) dim.strides[kRhs] = 0;
  }
}

// Stores are vectors only along columns: the result's innermost dim should be one of the right
// side's.
bool shouldSwap(const LoopNest& nest) {
  auto contiguous = [](const LoopDims& dims) {
    return llvm::any_of(dims, [](const LoopDim& dim) { return dim.isContiguous(kOut); });
  };
  return !contiguous(nest.n) && contiguous(nest.m);
}

mlir::FailureOr<mlir::func::FuncOp> lowerContract(mlir::func::FuncOp kernel, graph::ContractOp root,
                                                  const Epilogue& epilogue, const CpuTarget& target,
                                                  mlir::OpBuilder& intoModule) {
  auto equation = graph::ContractEquation::parse(root.getEquation());
  if (!equation.ok()) return root.emitError(equation.status().message());
  Value lhs = root.getLhs(), rhs = root.getRhs();
  auto stored = rhs.getDefiningOp<graph::DequantizeOp>();
  const std::optional<PanelLayout> panel = layoutOf(kernel, stored ? stored.getInput() : rhs);
  LoopNest nest = contractLoops(*equation, graph::shapeOf(lhs), graph::shapeOf(rhs),
                                epilogue.operandShapes(), panel.has_value());
  if (panel) setPackedStrides(nest, *panel);
  nest.collapse();
  if (!panel && shouldSwap(nest)) {
    nest.swapSides();
    std::swap(lhs, rhs);
  }

  Gemm gemm;
  gemm.nest = &nest;
  gemm.epilogue = &epilogue;
  gemm.packed = panel && !stored;
  gemm.product = Product::of(target, elementOf(lhs), elementOf(rhs), gemm.packed);
  gemm.tile = TileShape::of(target, gemm.product);
  if (stored) gemm.blocks = BlockStorage::of(stored, *isTransposed(*equation, graph::shapeOf(rhs)));
  const int64_t group = stored ? gemm.blocks->group() : gemm.product.group();
  if (panel && (panel->panel != gemm.tile.columns() || panel->group != group)) {
    return root.emitError("its right operand is packed for another CPU");
  }

  KernelFunction function(kernel, gemm.scratchBytes(), intoModule);
  gemm.thread = function.thread();
  gemm.threads = function.threads();
  gemm.lhs = function.view(lhs);
  if (stored) {
    gemm.blockViews = {function.view(stored.getInput()), function.view(stored.getScale()), {}};
    if (!gemm.blocks->zero) gemm.blockViews.zeros = function.view(stored.getZeroPoint());
  } else {
    gemm.rhs = function.view(rhs);
  }
  gemm.out = function.outView();
  for (Value operand : epilogue.operands()) gemm.operands.push_back(function.view(operand));
  gemm.scratch = function.scratch();
  std::unique_ptr<PanelSource> source;
  if (stored) {
    source = std::make_unique<BlockPanelSource>(gemm.tile, *gemm.blocks, gemm.blockViews);
  } else if (gemm.product.isGrouped()) {
    source = std::make_unique<GroupedPanelSource>(nest, gemm.tile, gemm.product, gemm.rhs);
  } else {
    source = std::make_unique<StridedPanelSource>(nest, gemm.tile, gemm.rhs, elementOf(rhs),
                                                  gemm.product.accumulator);
  }
  gemm.source = source.get();
  gemm.emit(function.code());
  function.finish();
  return function.function();
}

bool hasContractElements(mlir::Operation* root) {
  mlir::Type lhs = elementOf(root->getOperand(0)), rhs = elementOf(root->getOperand(1));
  if (mlir::isa<mlir::FloatType>(lhs)) return lhs == rhs;
  return lhs.isInteger() && rhs.isInteger() && !lhs.isInteger(1) && !rhs.isInteger(1);
}

}  // namespace

std::optional<PanelLayout> packedOperandLayout(graph::ContractOp op, const CpuTarget& target) {
  auto equation = graph::ContractEquation::parse(op.getEquation());
  if (!equation.ok() || !hasContractElements(op)) return std::nullopt;
  std::optional<bool> transposed = isTransposed(*equation, graph::shapeOf(op.getRhs()));
  if (!transposed) return std::nullopt;
  auto stored = op.getRhs().getDefiningOp<graph::DequantizeOp>();
  const Product product =
      Product::of(target, elementOf(op.getLhs()), elementOf(op.getRhs()), /*packed=*/!stored);
  const int64_t columns = TileShape::of(target, product).columns();
  if (!stored) return PanelLayout{columns, *transposed, product.group()};
  const std::optional<BlockStorage> storage = BlockStorage::of(stored, *transposed);
  if (!storage || !product.accumulator.isF32()) return std::nullopt;
  return PanelLayout{columns, *transposed, storage->group()};
}

ContractMatch matchContract(mlir::func::FuncOp kernel) {
  mlir::Operation* root = kernelRoot(kernel);
  if (!root || !root->hasTrait<graph::SumOfProducts>()) return {};
  if (!hasContractElements(root)) return {{}, "no micro-kernel multiplies elements of these types"};
  mlir::FailureOr<Epilogue> epilogue = Epilogue::of(kernel, root);
  if (mlir::failed(epilogue)) return {{}, "what is fused behind it is no epilogue"};
  const bool inMemory = llvm::all_of(root->getOperands(), [&](Value operand) {
    // Grouping puts a dequantize into a kernel where its weights arrive in panels.
    if (auto stored = operand.getDefiningOp<graph::DequantizeOp>())
      return operand == root->getOperand(1) && layoutOf(kernel, stored.getInput()).has_value();
    return mlir::isa<mlir::BlockArgument>(operand) || operand.getDefiningOp<graph::ConstantOp>();
  });
  if (!inMemory) return {{}, "an operand is computed in the kernel"};
  return {ContractKernel{kernel, root, *std::move(epilogue)}, ""};
}

mlir::FailureOr<mlir::func::FuncOp> lowerContractKernel(const ContractKernel& kernel,
                                                        const CpuTarget& target,
                                                        mlir::OpBuilder& intoModule) {
  const auto& [function, root, epilogue] = kernel;
  if (auto contract = mlir::dyn_cast<graph::ContractOp>(root)) {
    return lowerContract(function, contract, epilogue, target, intoModule);
  }
  if (auto blocked = mlir::dyn_cast<graph::BlockedConvOp>(root)) {
    return lowerBlockedConv(function, blocked, epilogue, target, intoModule);
  }
  return lowerConv(function, mlir::cast<graph::ConvOp>(root), epilogue, target, intoModule);
}

}  // namespace mlc::cpu
