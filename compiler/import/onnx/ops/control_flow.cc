// If and Loop: their subgraphs become regions.
#include <algorithm>
#include <limits>

#include "compiler/import/onnx/graph_importer.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/shape/dim_facts.h"

using mlir::Value;

namespace mlc::onnx_import {

using namespace sizes;

namespace {

void yield(Node& node, mlir::Block& block, llvm::ArrayRef<Value> values) {
  mlir::Block* outer = node.emitter.block();
  node.emitter.setBlock(&block);
  graph::YieldOp::create(node.emitter.builder(), node.emitter.location(), mlir::ValueRange(values));
  node.emitter.setBlock(outer);
}

// Both ends of a branch or a loop must have one type.
graph::Shape commonShape(Node& node, const graph::Shape& a, const graph::Shape& b,
                         const std::string& what) {
  if (a.size() != b.size())
    node.unsupported(what + " has rank " + std::to_string(a.size()) + " or " +
                     std::to_string(b.size()));
  graph::Shape shape;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].isConstant() != b[i].isConstant() || (a[i].isConstant() && !(a[i] == b[i]))) {
      node.unsupported(what + " has a dim of " + a[i].str() + " or " + b[i].str() +
                       ", so shapes would depend on data");
    }
    shape.push_back(node.emitter.equal(a[i], b[i], what));
  }
  return shape;
}

Value scalarBool(Node& node, const TensorRef& tensor) {
  if (tensor->dtype != DType::kBool || constantCount(tensor->shape) != 1)
    node.invalid("its condition must be one bool");
  return node.emitter.reshape(node.emitter.materialize(*tensor), {});
}

std::optional<bool> knownBool(const Tensor& tensor) {
  if (!tensor.elements || tensor.elements->size() != 1 || !tensor.elements->front().isConstant())
    return std::nullopt;
  return *tensor.elements->front().constant() != 0;
}

// A condition that is known chooses its branch now.
void importKnownIf(Node& node, bool condition) {
  const onnx::GraphProto& branch = node.graph(condition ? "then_branch" : "else_branch");
  std::vector<TensorRef> outputs = node.importer.importSubgraph(branch, {}, node.emitter.block());
  if (outputs.size() != node.outputCount())
    node.invalid("its branches must have as many outputs as it has");
  for (size_t i = 0; i < outputs.size(); ++i) node.set(i, outputs[i]);
}

void importIf(Node& node) {
  if (const std::optional<bool> condition = knownBool(node.input(0))) {
    importKnownIf(node, *condition);
    return;
  }
  Emitter& e = node.emitter;
  Value condition = scalarBool(node, node.inputRef(0));
  mlir::Region regions[2];
  std::vector<TensorRef> outputs[2];
  const char* names[2] = {"then_branch", "else_branch"};
  for (int i = 0; i < 2; ++i) {
    outputs[i] = node.importer.importSubgraph(node.graph(names[i]), {}, &regions[i].emplaceBlock());
    if (outputs[i].size() != node.outputCount())
      node.invalid("its branches must have as many outputs as it has");
  }
  llvm::SmallVector<mlir::Type> types;
  for (size_t i = 0; i < node.outputCount(); ++i) {
    if (outputs[0][i]->dtype != outputs[1][i]->dtype)
      node.invalid("its branches give different types");
    types.push_back(e.type(commonShape(node, outputs[0][i]->shape, outputs[1][i]->shape,
                                       "output " + std::to_string(i)),
                           outputs[0][i]->dtype));
  }
  for (int i = 0; i < 2; ++i) {
    llvm::SmallVector<Value> values;
    mlir::Block* outer = e.block();
    e.setBlock(&regions[i].front());
    for (auto [output, type] : llvm::zip(outputs[i], types))
      values.push_back(e.reshape(e.materialize(*output), graph::shapeOf(type)));
    e.setBlock(outer);
    yield(node, regions[i].front(), values);
  }
  mlir::OperationState state(e.location(), graph::IfOp::getOperationName());
  state.addOperands(condition);
  state.addTypes(types);
  for (mlir::Region& region : regions) state.addRegion()->takeBody(region);
  mlir::Operation* op = e.builder().create(state);
  for (size_t i = 0; i < node.outputCount(); ++i)
    node.set(i, op->getResult(static_cast<unsigned>(i)));
}

// The number of trips if nothing but the count ends the loop.
std::optional<DimExpr> knownTrips(Node& node, const Tensor& bodyCondition) {
  if (!node.has(0) || !node.input(0).elements || knownBool(bodyCondition) != true)
    return std::nullopt;
  if (node.has(1) && knownBool(node.input(1)) != true) return std::nullopt;
  return larger(node.input(0).elements->front(), 0);
}

void importLoop(Node& node) {
  Emitter& e = node.emitter;
  const onnx::GraphProto& graph = node.graph("body");
  const size_t carriedCount = node.inputCount() - std::min<size_t>(2, node.inputCount());
  if (static_cast<size_t>(graph.output_size()) != node.outputCount() + 1 ||
      node.outputCount() < carriedCount) {
    node.invalid("its body must have one output more than it has, the condition");
  }
  mlir::Region body;
  mlir::Block& block = body.emplaceBlock();
  std::vector<TensorRef> arguments;
  auto argument = [&](mlir::Type type) {
    arguments.push_back(tensorOf(block.addArgument(type, e.location())));
  };
  argument(e.type({}, DType::kI64));
  argument(e.type({}, DType::kBool));
  llvm::SmallVector<Value> operands;
  operands.push_back(node.has(0) ? e.reshape(e.cast(node.value(0), DType::kI64), {})
                                 : e.constant(*constantOf({std::numeric_limits<int64_t>::max()},
                                                          DType::kI64, {})));
  operands.push_back(node.has(1) ? scalarBool(node, node.inputRef(1)) : e.scalar(1, DType::kBool));
  for (size_t i = 0; i < carriedCount; ++i) {
    operands.push_back(node.value(i + 2));
    argument(operands.back().getType());
  }
  std::vector<TensorRef> outputs = node.importer.importSubgraph(graph, arguments, &block);

  // A body that hands its condition on never ends the loop.
  const bool passedOn = outputs[0] == arguments[1];
  Tensor always;
  always.elements = Elements{DimExpr(1)};
  const std::optional<DimExpr> trips = knownTrips(node, passedOn ? always : *outputs[0]);
  llvm::SmallVector<mlir::Type> types;
  for (size_t i = 0; i < node.outputCount(); ++i) {
    const Tensor& output = *outputs[i + 1];
    const std::string what = "loop value " + std::to_string(i);
    if (i < carriedCount) {
      const Tensor& before = *arguments[i + 2];
      if (output.dtype != before.dtype) node.invalid(what + " changes its type");
      commonShape(node, before.shape, output.shape, what);
      types.push_back(e.type(before.shape, output.dtype));
    } else {
      if (!trips)
        node.unsupported(what + " is stacked over a number of trips that depends on data");
      graph::Shape shape = output.shape;
      shape.insert(shape.begin(), *trips);
      types.push_back(e.type(shape, output.dtype));
    }
  }
  llvm::SmallVector<Value> values;
  mlir::Block* outer = e.block();
  e.setBlock(&block);
  values.push_back(scalarBool(node, outputs[0]));
  e.setBlock(outer);
  e.setBlock(&block);
  for (size_t i = 1; i < outputs.size(); ++i) {
    Value value = e.materialize(*outputs[i]);
    // A carried value has the type that it began with.
    values.push_back(i <= carriedCount ? e.reshape(value, arguments[i + 1]->shape) : value);
  }
  e.setBlock(outer);
  yield(node, block, values);

  mlir::OperationState state(e.location(), graph::LoopOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(types);
  state.addRegion()->takeBody(body);
  mlir::Operation* op = e.builder().create(state);
  for (size_t i = 0; i < node.outputCount(); ++i)
    node.set(i, op->getResult(static_cast<unsigned>(i)));
}

}  // namespace

std::vector<OpEntry> controlFlowOps() {
  return {
      {"If", 7, kLastOpset, 1, 1, "then_branch else_branch", importIf},
      {"Loop", 7, kLastOpset, 0, kAnyNumber, "body", importLoop},
  };
}

}  // namespace mlc::onnx_import
