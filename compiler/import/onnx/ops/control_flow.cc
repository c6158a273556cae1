// If and Loop: their subgraphs become regions.
#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <set>

#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/graph_importer.h"
#include "compiler/import/onnx/held.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/step_loop.h"
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

// Symbols that an if or loop binds.
class Binds {
 public:
  explicit Binds(Emitter& emitter) : emitter_(emitter) {}

  DimExpr add() {
    names_.push_back(emitter_.newSymbol());
    return DimExpr::symbol(names_.back());
  }

  // Null if there are none.
  mlir::ArrayAttr attribute() {
    llvm::SmallVector<llvm::StringRef> texts(names_.begin(), names_.end());
    return texts.empty() ? mlir::ArrayAttr() : emitter_.builder().getStrArrayAttr(texts);
  }

 private:
  Emitter& emitter_;
  std::vector<std::string> names_;
};

void checkRanks(Node& node, const graph::Shape& a, const graph::Shape& b, const std::string& what) {
  if (a.size() != b.size()) {
    node.unsupported(what + " has rank " + std::to_string(a.size()) + " or " +
                     std::to_string(b.size()));
  }
}

// The symbols that are defined in a region, which nothing outside of it knows.
std::set<std::string> symbolsOfRegion(mlir::Region& region) {
  std::set<std::string> symbols;
  region.walk([&](mlir::Operation* op) {
    for (const std::string& symbol : graph::computedSymbols(op)) symbols.insert(symbol);
  });
  return symbols;
}

bool hasAny(const DimExpr& dim, const std::set<std::string>& symbols) {
  std::set<std::string> own;
  dim.collectSymbols(own);
  return llvm::any_of(own, [&](const std::string& symbol) { return symbols.contains(symbol); });
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
  // Dims that the branches do not agree about are known when one of them has run.
  Binds binds(e);
  llvm::SmallVector<mlir::Type> types;
  std::vector<Held> held;
  for (size_t i = 0; i < node.outputCount(); ++i) {
    if (outputs[0][i]->dtype != outputs[1][i]->dtype)
      node.invalid("its branches give different types");
    const graph::Shape &a = outputs[0][i]->shape, &b = outputs[1][i]->shape;
    checkRanks(node, a, b, "output " + std::to_string(i));
    graph::Shape shape;
    for (size_t d = 0; d < a.size(); ++d) shape.push_back(a[d] == b[d] ? a[d] : binds.add());
    types.push_back(e.typeLike(*outputs[0][i], shape));
    held.push_back(joined(outputs[0][i]->held, outputs[1][i]->held));
    if (types.back() != e.typeLike(*outputs[1][i], shape))
      node.invalid("its branches give different types");
  }
  for (int i = 0; i < 2; ++i) {
    llvm::SmallVector<Value> values;
    mlir::Block* outer = e.block();
    e.setBlock(&regions[i].front());
    for (const TensorRef& output : outputs[i]) values.push_back(e.materialize(*output));
    e.setBlock(outer);
    yield(node, regions[i].front(), values);
  }
  mlir::OperationState state(e.location(), graph::IfOp::getOperationName());
  state.addOperands(condition);
  state.addTypes(types);
  if (mlir::ArrayAttr names = binds.attribute()) state.addAttribute("binds", names);
  for (mlir::Region& region : regions) state.addRegion()->takeBody(region);
  mlir::Operation* op = e.builder().create(state);
  for (size_t i = 0; i < node.outputCount(); ++i)
    node.set(i, tensorOf(op->getResult(static_cast<unsigned>(i)), held[i]));
}

// The number of trips if nothing but the count ends the loop.
std::optional<DimExpr> knownTrips(Node& node, const Tensor& bodyCondition) {
  if (!node.has(0) || !node.input(0).elements || knownBool(bodyCondition) != true)
    return std::nullopt;
  if (node.has(1) && knownBool(node.input(1)) != true) return std::nullopt;
  return larger(node.input(0).elements->front(), 0);
}

// A loop's body, imported for carried values of given types.
struct LoopBody {
  mlir::Region region;
  std::vector<TensorRef> arguments, outputs;
  std::set<size_t> unwrapped;  // carried optionals for which it gives their values
};

std::unique_ptr<LoopBody> importBody(Node& node, llvm::ArrayRef<mlir::Type> carried,
                                     llvm::ArrayRef<Held> held) {
  Emitter& e = node.emitter;
  auto body = std::make_unique<LoopBody>();
  mlir::Block& block = body->region.emplaceBlock();
  auto argument = [&](mlir::Type type) {
    body->arguments.push_back(tensorOf(block.addArgument(type, e.location())));
  };
  argument(e.type({}, DType::kI64));
  argument(e.type({}, DType::kBool));
  for (size_t i = 0; i < carried.size(); ++i) {
    argument(carried[i]);
    body->arguments.back()->held = held[i];
  }
  body->outputs = node.importer.importSubgraph(node.graph("body"), body->arguments, &block);
  return body;
}

// What is known of the tensors of a carried sequence that is empty at first: what the body says.
void addDeclared(const onnx::ValueInfoProto& input, Held& held) {
  if (!held.isEmpty) return;
  if (const TensorRef declared = declaredValue(input.type());
      declared && declared->held.dtype == held.dtype && declared->held.dims) {
    held = declared->held;
  }
}

// Imports the body until the carried values' types, and what is known of what they hold, stay: a
// dim that a trip changes becomes a symbol, bound anew by what each trip gets.
std::unique_ptr<LoopBody> importStableBody(Node& node, llvm::SmallVectorImpl<mlir::Type>& carried,
                                           std::vector<Held>& held, Binds& binds,
                                           std::set<std::string>& changing) {
  Emitter& e = node.emitter;
  while (true) {
    std::unique_ptr<LoopBody> body = importBody(node, carried, held);
    bool isStable = true;
    for (size_t i = 0; i < carried.size(); ++i) {
      const Tensor& before = *body->arguments[i + 2];
      const std::string what = "loop value " + std::to_string(i);
      // An optional may get a value that is none itself.
      if (before.dtype == DType::kOptional && body->outputs[i + 1]->dtype != DType::kOptional) {
        body->outputs[i + 1] = optionalOf(body->outputs[i + 1]);
        body->unwrapped.insert(i);
      }
      const Tensor& after = *body->outputs[i + 1];
      if (after.dtype != before.dtype) node.invalid(what + " changes its type");
      checkRanks(node, before.shape, after.shape, what);
      graph::Shape shape = before.shape;
      for (size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] == after.shape[d] || changing.contains(shape[d].str())) continue;
        shape[d] = binds.add();
        changing.insert(shape[d].str());
        isStable = false;
      }
      carried[i] = e.typeLike(before, shape);
      if (carried[i] != e.typeLike(after, shape)) node.invalid(what + " changes its type");
      const Held both = joined(held[i], after.held);
      isStable &= both == held[i];
      held[i] = both;
    }
    if (isStable) return body;
  }
}

// The type in which parts are stacked: one of whole bytes, as a part of packed elements may end
// inside of a byte.
DType stackedType(DType type) {
  if (!isPacked(type)) return type;
  return isFloat(type) ? DType::kF16 : isUnsigned(type) ? DType::kU8 : DType::kI8;
}

void importLoop(Node& node) {
  Emitter& e = node.emitter;
  const onnx::GraphProto& graph = node.graph("body");
  const size_t carriedCount = node.inputCount() - std::min<size_t>(2, node.inputCount());
  if (static_cast<size_t>(graph.output_size()) != node.outputCount() + 1 ||
      node.outputCount() < carriedCount) {
    node.invalid("its body must have one output more than it has, the condition");
  }
  llvm::SmallVector<Value> operands;
  operands.push_back(node.has(0) ? e.reshape(e.cast(node.value(0), DType::kI64), {})
                                 : e.constant(*constantOf({std::numeric_limits<int64_t>::max()},
                                                          DType::kI64, {})));
  operands.push_back(node.has(1) ? scalarBool(node, node.inputRef(1)) : e.scalar(1, DType::kBool));
  llvm::SmallVector<mlir::Type> carried;
  std::vector<Held> held;
  for (size_t i = 0; i < carriedCount; ++i) {
    operands.push_back(node.value(i + 2));
    carried.push_back(operands.back().getType());
    held.push_back(node.input(i + 2).held);
    if (static_cast<int>(i) + 2 < graph.input_size())
      addDeclared(graph.input(static_cast<int>(i) + 2), held.back());
  }
  Binds binds(e);
  std::set<std::string> changing;  // symbols of the carried values in the body
  std::unique_ptr<LoopBody> body = importStableBody(node, carried, held, binds, changing);
  const std::vector<TensorRef>& outputs = body->outputs;
  mlir::Block& block = body->region.front();

  // A body that hands its condition on never ends the loop.
  const bool passedOn = outputs[0] == body->arguments[1];
  Tensor always;
  always.elements = Elements{DimExpr(1)};
  const std::optional<DimExpr> trips = knownTrips(node, passedOn ? always : *outputs[0]);
  std::set<std::string> inner = symbolsOfRegion(body->region);
  inner.insert(changing.begin(), changing.end());
  // What only the body knows is known outside when the loop has ended.
  auto outside = [&](const DimExpr& dim) { return hasAny(dim, inner) ? binds.add() : dim; };
  llvm::SmallVector<mlir::Type> types;
  for (size_t i = 0; i < node.outputCount(); ++i) {
    const bool isScanned = i >= carriedCount;
    const Tensor& source = isScanned ? *outputs[i + 1] : *body->arguments[i + 2];
    graph::Shape shape;
    if (isScanned) shape.push_back(trips ? *trips : binds.add());
    for (const DimExpr& dim : source.shape) shape.push_back(outside(dim));
    if (isScanned && (source.dtype == DType::kSequence || source.dtype == DType::kOptional))
      node.unsupported("stacks sequences or optionals");
    types.push_back(isScanned && isPacked(source.dtype) ? e.type(shape, stackedType(source.dtype))
                                                        : e.typeLike(source, shape));
  }
  held.resize(node.outputCount());
  llvm::SmallVector<Value> values;
  mlir::Block* outer = e.block();
  e.setBlock(&block);
  values.push_back(scalarBool(node, outputs[0]));
  for (size_t i = 1; i < outputs.size(); ++i) {
    Value value = e.materialize(*outputs[i]);
    values.push_back(i > carriedCount ? e.cast(value, stackedType(outputs[i]->dtype)) : value);
  }
  e.setBlock(outer);
  yield(node, block, values);

  mlir::OperationState state(e.location(), graph::LoopOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(types);
  if (mlir::ArrayAttr names = binds.attribute()) state.addAttribute("binds", names);
  state.addRegion()->takeBody(body->region);
  mlir::Operation* op = e.builder().create(state);
  for (size_t i = 0; i < node.outputCount(); ++i) {
    Value result = op->getResult(static_cast<unsigned>(i));
    node.set(i, body->unwrapped.contains(i)
                    ? valueOfOptional(node, result, held[i])
                    : tensorOf(e.cast(result, outputs[i + 1]->dtype), held[i]));
  }
}

// An axis or direction of each scanned value; 0 where none is given.
std::vector<int64_t> listOrZeros(Node& node, const char* name, size_t count) {
  std::vector<int64_t> list = node.integerList(name).value_or(std::vector<int64_t>(count, 0));
  if (list.size() != count) node.invalid(std::string(name) + " must have one entry for each");
  return list;
}

// A stacked value with its steps along another axis.
Value stepsAlong(Node& node, Value stacked, int64_t axis) {
  const auto rank = static_cast<int64_t>(graph::shapeOf(stacked).size());
  std::vector<int64_t> permutation(rank - 1);
  std::iota(permutation.begin(), permutation.end(), 1);
  permutation.insert(permutation.begin() + node.axis(axis, rank), 0);
  return node.emitter.transpose(stacked, permutation);
}

// A scan is a loop over the positions of its inputs.
void importScan(Node& node) {
  Emitter& e = node.emitter;
  const onnx::GraphProto& graph = node.graph("body");
  const auto scans = static_cast<size_t>(node.integer("num_scan_inputs", 0));
  if (scans < 1 || scans > node.inputCount() ||
      static_cast<size_t>(graph.input_size()) != node.inputCount() ||
      static_cast<size_t>(graph.output_size()) != node.outputCount() ||
      node.outputCount() + scans < node.inputCount()) {
    node.invalid("its body's inputs and outputs are not its own, or num_scan_inputs is wrong");
  }
  const size_t states = node.inputCount() - scans, stacked = node.outputCount() - states;
  const std::vector<int64_t> inAxes = listOrZeros(node, "scan_input_axes", scans),
                             inReverse = listOrZeros(node, "scan_input_directions", scans),
                             outAxes = listOrZeros(node, "scan_output_axes", stacked),
                             outReverse = listOrZeros(node, "scan_output_directions", stacked);
  DimExpr trips = 0;
  for (size_t i = 0; i < scans; ++i) {
    const int64_t axis = node.axis(inAxes[i], node.rank(states + i));
    const DimExpr& size = node.shape(states + i)[axis];
    trips = i == 0 ? size : e.equal(trips, size, "lengths of scanned inputs");
  }
  llvm::SmallVector<Value> initial, scanned;
  for (size_t i = 0; i < states; ++i) initial.push_back(node.value(i));
  for (size_t i = 0; i < scans; ++i) scanned.push_back(node.value(states + i));
  StepLoop loop(e, trips, initial);
  std::vector<TensorRef> arguments;
  for (Value value : loop.carried()) arguments.push_back(tensorOf(value));
  for (size_t i = 0; i < scans; ++i) {
    arguments.push_back(tensorOf(e.emit<graph::GatherOp>(
        scanned[i], loop.index(inReverse[i] != 0), node.axis(inAxes[i], node.rank(states + i)))));
  }
  const std::vector<TensorRef> outputs = node.importer.importSubgraph(graph, arguments, e.block());
  const std::set<std::string> inner = symbolsOfRegion(loop.body());
  llvm::SmallVector<Value> after, parts;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i < states && !(outputs[i]->shape == graph::shapeOf(initial[i])))
      node.unsupported("state " + std::to_string(i) + " changes its shape");
    Value value = e.materialize(*outputs[i]);
    if (graph::hasSymbolOf(value.getType(), inner))
      node.unsupported("stacks parts whose sizes its body computes");
    if (i < states) {
      after.push_back(value);
    } else {
      parts.push_back(e.cast(value, stackedType(outputs[i]->dtype)));
    }
  }
  loop.end(after, parts);
  for (size_t i = 0; i < states; ++i) node.set(i, loop.last(i));
  for (size_t i = 0; i < stacked; ++i) {
    Value whole = stepsAlong(node, loop.stacked(i, outReverse[i] != 0), outAxes[i]);
    node.set(states + i, e.cast(whole, outputs[states + i]->dtype));
  }
}

}  // namespace

std::vector<OpEntry> controlFlowOps() {
  return {
      {"If", 7, kLastOpset, 1, 1, "then_branch else_branch", importIf},
      {"Loop", 7, kLastOpset, 0, kAnyNumber, "body", importLoop},
      {"Scan", 9, kLastOpset, 1, kAnyNumber,
       "body num_scan_inputs scan_input_axes scan_input_directions scan_output_axes "
       "scan_output_directions",
       importScan},
  };
}

}  // namespace mlc::onnx_import
