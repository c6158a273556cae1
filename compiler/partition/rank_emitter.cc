#include "compiler/partition/rank_emitter.h"

#include <algorithm>
#include <numeric>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"

namespace mlc::partition {
namespace {

using mlir::OpBuilder;
using mlir::RankedTensorType;
using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

// Attributes that say how large a dim is, besides the result type.
void adaptAttributes(mlir::Operation* op) {
  auto conv = llvm::dyn_cast<graph::ConvOp>(op);
  if (!conv || conv.getGroups() == 1) return;
  const std::optional<int64_t> channels = graph::shapeOf(conv.getInput())[1].constant(),
                               perGroup = graph::shapeOf(conv.getFilter())[1].constant();
  // Channels of an open size are never split.
  if (channels && perGroup) conv.setGroups(*channels / *perGroup);
}

// Ops that only a part that the rank does not have would use. Collectives stay: the other ranks
// wait for them.
void eraseDead(mlir::ModuleOp module) {
  for (FuncOp function : module.getOps<FuncOp>()) {
    for (mlir::Operation& op : llvm::make_early_inc_range(llvm::reverse(function.front()))) {
      if (mlir::isOpTriviallyDead(&op)) op.erase();
    }
  }
}

// What adds nothing to a reduction of that kind.
mlir::Attribute neutralElement(mlir::Type type, FactorKind kind) {
  const bool isMax = kind == FactorKind::kReduceMax, isMin = kind == FactorKind::kReduceMin;
  if (auto floating = llvm::dyn_cast<mlir::FloatType>(type)) {
    llvm::APFloat value = llvm::APFloat::getZero(floating.getFloatSemantics());
    if (isMax || isMin)
      value = llvm::APFloat::getInf(floating.getFloatSemantics(), /*Negative=*/isMax);
    return mlir::FloatAttr::get(type, value);
  }
  const unsigned width = type.getIntOrFloatBitWidth();
  const bool isUnsigned = type.isUnsignedInteger() || width == 1;
  llvm::APInt value = llvm::APInt::getZero(width);
  if (isMax)
    value = isUnsigned ? llvm::APInt::getMinValue(width) : llvm::APInt::getSignedMinValue(width);
  if (isMin)
    value = isUnsigned ? llvm::APInt::getMaxValue(width) : llvm::APInt::getSignedMaxValue(width);
  return mlir::IntegerAttr::get(type, value);
}

// The result of an op of which a rank has no part: empty, or a partial sum of nothing.
Value nothing(OpBuilder& builder, mlir::Location location, RankedTensorType type, FactorKind kind) {
  auto scalar = RankedTensorType::get({}, type.getElementType());
  mlir::Attribute element = neutralElement(type.getElementType(), kind);
  Value value =
      graph::ConstantOp::create(builder, location, mlir::DenseElementsAttr::get(scalar, element));
  return scalar == type ? value : graph::BroadcastOp::create(builder, location, type, value);
}

}  // namespace

RankEmitter::RankEmitter(const ModelGraph& model, const RankSetting& setting)
    : model_(model),
      setting_(setting),
      argumentLayouts_(model.functions.size()),
      isEmitted_(model.functions.size()) {}

Status RankEmitter::checkSharding(int function, int index) const {
  const Op& op = model_.graph.functions[function].ops[index];
  const OpSharding& sharding = setting_.shardings[function]->ops[index];
  const auto wrong = [&] {
    return invalidError("the plan does not fit the model: factor of '" + op.name + "'");
  };
  // Only what is linear gives partial results of partial operands.
  if (sharding.factor == OpSharding::kPassPartial) return op.isLinear ? okStatus() : wrong();
  if (sharding.factor < 0) return okStatus();
  if (op.callee >= 0 || sharding.factor >= static_cast<int>(op.factors.size()) ||
      !canSplit(op, sharding.factor))
    return wrong();
  const int64_t units = std::accumulate(sharding.shares.begin(), sharding.shares.end(), int64_t{0});
  if (static_cast<int>(sharding.shares.size()) != setting_.tpSize || units < 1 ||
      op.factors[sharding.factor].size % units != 0)
    return wrong();
  return okStatus();
}

RankedTensorType RankEmitter::localType(int function, int tensor, const Layout& layout) const {
  const Value whole = model_.tensors[function][tensor];
  graph::Shape shape = graph::shapeOf(whole);
  if (setting_.batchCut) {
    if (const int dim = setting_.batchCut->dimOf[function][tensor]; dim >= 0) {
      shape[dim] = DimExpr(*shape[dim].constant() / setting_.batchCut->size * setting_.localBatch);
    }
  }
  if (layout.kind == Layout::Kind::kSplit) {
    shape[layout.dim] =
        DimExpr(pieceSizes(*shape[layout.dim].constant(), layout.shares)[setting_.tpRank]);
  }
  return graph::tensorType(shape, mlir::getElementTypeOrSelf(whole.getType()));
}

const std::vector<Layout>& RankEmitter::argumentLayouts(int function) {
  std::optional<std::vector<Layout>>& known = argumentLayouts_[function];
  if (known) return *known;
  const Function& data = model_.graph.functions[function];
  std::vector<std::vector<Layout>> wanted(data.tensors.size());
  for (size_t i = 0; i < data.ops.size(); ++i) {
    const Op& op = data.ops[i];
    for (size_t operand = 0; operand < op.operands.size(); ++operand) {
      const int tensor = op.operands[operand];
      if (!data.tensors[tensor].isWeight) continue;
      const Layout layout = op.callee >= 0 ? argumentLayouts(op.callee)[operand]
                                           : operandLayout(op, setting_.shardings[function]->ops[i],
                                                           static_cast<int>(operand));
      if (std::find(wanted[tensor].begin(), wanted[tensor].end(), layout) == wanted[tensor].end())
        wanted[tensor].push_back(layout);
    }
  }
  for (int output : data.outputs) wanted[output].push_back(Layout::replicated());
  known.emplace();
  for (int input : data.inputs)
    known->push_back(wanted[input].size() == 1 ? wanted[input][0] : Layout::replicated());
  return *known;
}

Status RankEmitter::emitOp(Body& body, int index) {
  const Op& op = body.data->ops[index];
  if (op.callee >= 0) return emitCall(body, index);
  MLC_RETURN_IF_ERROR(checkSharding(body.function, index));
  const OpSharding& sharding = setting_.shardings[body.function]->ops[index];
  mlir::Operation* source = model_.ops[body.function][index];
  // Of what an op's regions capture; an operand may be there twice, in two layouts.
  mlir::IRMapping mapping;
  llvm::SmallVector<Value> operands;
  for (size_t i = 0; i < op.operands.size(); ++i) {
    const Value value = body.values.get(body.builder, source->getLoc(), op.operands[i],
                                        operandLayout(op, sharding, static_cast<int>(i)));
    if (!value)
      return invalidError("the plan does not fit the model: '" + op.name +
                          "' wants partial sums that are not there");
    mapping.map(model_.tensors[body.function][op.operands[i]], value);
    if (i < source->getNumOperands()) operands.push_back(value);
  }
  const bool hasPart = sharding.factor < 0 || sharding.shares[setting_.tpRank] > 0;
  mlir::Operation* copy = hasPart ? body.builder.clone(*source, mapping) : nullptr;
  if (copy) copy->setOperands(operands);
  for (size_t i = 0; i < op.results.size(); ++i) {
    const Layout layout = resultLayout(op, sharding, static_cast<int>(i));
    const RankedTensorType type = localType(body.function, op.results[i], layout);
    if (!hasPart) {
      body.values.add(op.results[i], layout,
                      nothing(body.builder, source->getLoc(), type, layout.reduction));
      continue;
    }
    copy->getResult(i).setType(type);
    body.values.add(op.results[i], layout, copy->getResult(i));
  }
  if (hasPart) adaptAttributes(copy);
  return okStatus();
}

Status RankEmitter::emitCall(Body& body, int index) {
  const Op& op = body.data->ops[index];
  if (!setting_.shardings[op.callee])
    return invalidError("the plan does not fit the model: no sharding of a block");
  MLC_RETURN_IF_ERROR(emitBlock(op.callee));
  const std::vector<Layout> layouts = argumentLayouts(op.callee);
  mlir::Operation* source = model_.ops[body.function][index];
  llvm::SmallVector<Value> operands;
  for (size_t i = 0; i < op.operands.size(); ++i) {
    operands.push_back(body.values.get(body.builder, source->getLoc(), op.operands[i], layouts[i]));
  }
  llvm::SmallVector<mlir::Type> types;
  for (int result : op.results)
    types.push_back(localType(body.function, result, Layout::replicated()));
  auto call = CallOp::create(body.builder, source->getLoc(), llvm::cast<CallOp>(source).getCallee(),
                             types, operands);
  for (size_t i = 0; i < op.results.size(); ++i)
    body.values.add(op.results[i], Layout::replicated(), call.getResult(i));
  return okStatus();
}

Status RankEmitter::emitBlock(int function) {
  if (isEmitted_[function]) return okStatus();
  isEmitted_[function] = true;
  const Function& data = model_.graph.functions[function];
  FuncOp source = model_.functions[function];
  const std::vector<Layout> layouts = argumentLayouts(function);
  llvm::SmallVector<mlir::Type> arguments, results;
  for (size_t i = 0; i < data.inputs.size(); ++i)
    arguments.push_back(localType(function, data.inputs[i], layouts[i]));
  for (int output : data.outputs)
    results.push_back(localType(function, output, Layout::replicated()));

  OpBuilder builder(module_->getContext());
  builder.setInsertionPointToEnd(module_->getBody());
  auto target = FuncOp::create(builder, source.getLoc(), source.getName(),
                               builder.getFunctionType(arguments, results));
  target.setPrivate();
  mlir::Block* entry = target.addEntryBlock();
  Body body{function, &data, OpBuilder::atBlockEnd(entry), LayoutValues(data, setting_.tpRank)};
  for (size_t i = 0; i < data.inputs.size(); ++i)
    body.values.add(data.inputs[i], layouts[i], entry->getArgument(i));
  for (size_t i = 0; i < data.tensors.size(); ++i) {
    mlir::Operation* weight = model_.tensors[function][i].getDefiningOp();
    if (weight && data.tensors[i].isWeight) body.values.addWeight(static_cast<int>(i), weight);
  }
  for (size_t i = 0; i < data.ops.size(); ++i)
    MLC_RETURN_IF_ERROR(emitOp(body, static_cast<int>(i)));
  llvm::SmallVector<Value> values;
  for (int output : data.outputs)
    values.push_back(body.values.get(body.builder, source.getLoc(), output, Layout::replicated()));
  mlir::func::ReturnOp::create(body.builder, source.getLoc(), values);
  return okStatus();
}

StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> RankEmitter::emit(const StageEdges& edges) {
  const Function& data = model_.graph.functions[0];
  FuncOp source = model_.functions[0];
  module_ = mlir::ModuleOp::create(source->getParentOfType<mlir::ModuleOp>().getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(module_->getBody());
  llvm::SmallVector<mlir::Type> arguments, results;
  for (const StageInput& input : edges.inputs)
    arguments.push_back(localType(0, input.tensor, Layout::replicated()));
  for (const StageOutput& output : edges.outputs)
    results.push_back(localType(0, output.tensor, Layout::replicated()));
  auto target =
      FuncOp::create(builder, source.getLoc(), "main", builder.getFunctionType(arguments, results));
  mlir::Block* entry = target.addEntryBlock();
  Body body{0, &data, OpBuilder::atBlockEnd(entry), LayoutValues(data, setting_.tpRank)};
  for (size_t i = 0; i < edges.inputs.size(); ++i)
    body.values.add(edges.inputs[i].tensor, Layout::replicated(), entry->getArgument(i));
  for (size_t i = 0; i < data.tensors.size(); ++i) {
    mlir::Operation* weight = model_.tensors[0][i].getDefiningOp();
    if (!weight || !data.tensors[i].isWeight) continue;
    if (data.tensors[i].isState) {
      // As large as the rank's part of the batch; not used: dead.
      weight = body.builder.clone(*weight);
      weight->getResult(0).setType(localType(0, static_cast<int>(i), Layout::replicated()));
    }
    body.values.addWeight(static_cast<int>(i), weight);
  }
  for (int op : edges.ops) MLC_RETURN_IF_ERROR(emitOp(body, op));
  llvm::SmallVector<Value> values;
  for (const StageOutput& output : edges.outputs) {
    values.push_back(
        body.values.get(body.builder, source.getLoc(), output.tensor, Layout::replicated()));
  }
  mlir::func::ReturnOp::create(body.builder, source.getLoc(), values);
  eraseDead(*module_);
  if (mlir::failed(mlir::verify(*module_))) return invalidError("the plan does not fit the model");
  return std::move(module_);
}

}  // namespace mlc::partition
