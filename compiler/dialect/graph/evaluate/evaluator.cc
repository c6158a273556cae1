#include "compiler/dialect/graph/evaluate/evaluator.h"

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "runtime/base/objects.h"

namespace mlc::graph {
namespace {

using mlir::Operation;
using mlir::Value;
using mlir::func::FuncOp;
using Tensors = llvm::SmallVector<HostTensor>;

// One call of a function: its values and symbols.
class Evaluation {
 public:
  Evaluation(const EvaluationContext& context, const ForeignOp& foreign)
      : context_(context), foreign_(foreign) {}

  mlir::FailureOr<Tensors> call(FuncOp function, llvm::ArrayRef<HostTensor> inputs,
                                const Progress& progress = {}) {
    for (auto [argument, input] : llvm::zip(function.getArguments(), inputs)) {
      if (mlir::failed(bindSymbols(function, argument.getType(), input))) return mlir::failure();
      values_[argument] = input;
    }
    mlir::Block& body = function.getBody().front();
    if (mlir::failed(run(body, progress))) return mlir::failure();
    return operandsOf(body.getTerminator());
  }

 private:
  llvm::LogicalResult bindSymbols(FuncOp function, mlir::Type type, const HostTensor& input) {
    const Shape shape = shapeOf(type);
    if (shape.size() != input.shape().size()) {
      return function.emitError("input has rank ") << input.rank() << ", expected " << shape.size();
    }
    for (auto [dim, size] : llvm::zip(shape, input.shape())) {
      // Dims that are one symbol bind it; the others are checked once all inputs are bound, by the
      // ops.
      if (const std::string symbol = dim.symbolName(); !symbol.empty())
        context_.symbols.try_emplace(symbol, size);
    }
    for (auto [dim, size] : llvm::zip(shape, input.shape())) {
      StatusOr<int64_t> expected = dim.evaluate(context_.symbols);
      if (expected.ok() && *expected != size) {
        return function.emitError("input has a dim of ")
               << size << " where '" << dim.str() << "' is " << *expected;
      }
    }
    return mlir::success();
  }

  Tensors operandsOf(Operation* op) {
    Tensors operands;
    for (Value operand : op->getOperands()) operands.push_back(values_.lookup(operand));
    return operands;
  }

  llvm::LogicalResult run(mlir::Block& block, const Progress& progress = {}) {
    const size_t total = progress ? block.getOperations().size() - 1 : 0;
    for (auto [done, op] : llvm::enumerate(block.without_terminator())) {
      if (progress) progress(done, total);
      Tensors results;
      if (mlir::failed(evaluate(&op, results))) return mlir::failure();
      for (auto [result, tensor] : llvm::zip(op.getResults(), results)) {
        if (mlir::failed(check(&op, result, tensor))) return mlir::failure();
        values_[result] = tensor;
      }
      release(&op);
    }
    return mlir::success();
  }

  llvm::LogicalResult check(Operation* op, Value result, const HostTensor& tensor) {
    for (auto [dim, size] : llvm::zip(shapeOf(result), tensor.shape())) {
      StatusOr<int64_t> stated = dim.evaluate(context_.symbols);
      if (stated.ok() && *stated != size) {
        return op->emitError("has a result dim of ") << size << " where its type says " << *stated;
      }
    }
    return mlir::success();
  }

  // Frees operands that no later op of the same block reads.
  void release(Operation* op) {
    for (Value operand : op->getOperands()) {
      if (operand.getParentBlock() != op->getBlock()) continue;
      const bool last = llvm::all_of(operand.getUsers(), [&](Operation* user) {
        Operation* inBlock = op->getBlock()->findAncestorOpInBlock(*user);
        return inBlock && (inBlock == op || inBlock->isBeforeInBlock(op));
      });
      if (last) values_.erase(operand);
    }
  }

  llvm::LogicalResult evaluate(Operation* op, Tensors& results) {
    if (auto call = mlir::dyn_cast<mlir::func::CallOp>(op)) {
      auto callee = op->getParentOfType<mlir::ModuleOp>().lookupSymbol<FuncOp>(call.getCallee());
      mlir::FailureOr<Tensors> made = Evaluation(context_, foreign_).call(callee, operandsOf(op));
      if (mlir::failed(made)) return mlir::failure();
      results = std::move(*made);
      return mlir::success();
    }
    if (auto size = mlir::dyn_cast<DefineSizeOp>(op)) return defineSize(size);
    if (auto branch = mlir::dyn_cast<IfOp>(op)) return evaluateIf(branch, results);
    if (auto loop = mlir::dyn_cast<LoopOp>(op)) return evaluateLoop(loop, results);
    if (auto evaluation = mlir::dyn_cast<ReferenceEvaluation>(op)) {
      return evaluation.evaluate(operandsOf(op), context_, results);
    }
    if (foreign_) return foreign_(op, operandsOf(op), results);
    return op->emitError("has no reference evaluation");
  }

  llvm::LogicalResult defineSize(DefineSizeOp op) {
    const int64_t value = loadInteger(values_.lookup(op.getValue()), 0);
    if (value < 0) return op.emitError(op.getWhat()) << " is " << value;
    if (op.getMost()) {
      StatusOr<int64_t> most = exprsOf(*op.getMost())[0].evaluate(context_.symbols);
      if (!most.ok()) return op.emitError(most.status().message());
      if (value > *most)
        return op.emitError(op.getWhat()) << " is " << value << ", at most " << *most;
    }
    context_.symbols[op.getSymbol().str()] = value;
    return mlir::success();
  }

  // Symbols that an if or loop binds, where they are a dim of the type.
  void bind(std::optional<mlir::ArrayAttr> binds, mlir::Type type, const HostTensor& tensor) {
    if (!binds) return;
    for (auto [dim, size] : llvm::zip(shapeOf(type), tensor.shape())) {
      for (auto symbol : binds->getAsRange<mlir::StringAttr>()) {
        if (dim == DimExpr::symbol(symbol.str())) context_.symbols[symbol.str()] = size;
      }
    }
  }

  llvm::LogicalResult evaluateIf(IfOp op, Tensors& results) {
    const bool holds = loadInteger(values_.lookup(op.getCondition()), 0) != 0;
    mlir::Block& block = (holds ? op.getThenRegion() : op.getElseRegion()).front();
    if (mlir::failed(run(block))) return mlir::failure();
    results = operandsOf(block.getTerminator());
    for (auto [result, tensor] : llvm::zip(op.getResults(), results))
      bind(op.getBinds(), result.getType(), tensor);
    return mlir::success();
  }

  llvm::LogicalResult evaluateLoop(LoopOp op, Tensors& results) {
    const int64_t trips = loadInteger(values_.lookup(op.getTripCount()), 0);
    bool holds = loadInteger(values_.lookup(op.getCondition()), 0) != 0;
    mlir::Block& body = op.getBody().front();
    Tensors carried;
    for (Value value : op.getCarried()) carried.push_back(values_.lookup(value));
    llvm::SmallVector<Tensors> scanned(op.getNumResults() - carried.size());
    for (int64_t trip = 0; trip < trips && holds; ++trip) {
      HostTensor iteration = HostTensor::uninitialized(DType::kI64, {});
      storeInteger(iteration, 0, trip);
      HostTensor condition = HostTensor::uninitialized(DType::kBool, {});
      storeInteger(condition, 0, holds);
      values_[body.getArgument(0)] = iteration;
      values_[body.getArgument(1)] = condition;
      for (size_t i = 0; i < carried.size(); ++i) {
        values_[body.getArgument(2 + i)] = carried[i];
        bind(op.getBinds(), body.getArgument(2 + i).getType(), carried[i]);
      }
      if (mlir::failed(run(body))) return mlir::failure();
      Tensors yielded = operandsOf(body.getTerminator());
      holds = loadInteger(yielded[0], 0) != 0;
      for (size_t i = 0; i < carried.size(); ++i) carried[i] = yielded[1 + i];
      for (size_t i = 0; i < scanned.size(); ++i)
        scanned[i].push_back(yielded[1 + carried.size() + i]);
    }
    results = carried;
    for (size_t i = 0; i < scanned.size(); ++i) {
      results.push_back(stack(scanned[i], op.getResult(carried.size() + i)));
    }
    for (auto [result, tensor] : llvm::zip(op.getResults(), results))
      bind(op.getBinds(), result.getType(), tensor);
    return mlir::success();
  }

  // Trips of a scanned value, along a new leading dim.
  HostTensor stack(const Tensors& trips, Value result) {
    std::vector<int64_t> shape{static_cast<int64_t>(trips.size())};
    if (trips.empty()) {
      const Shape stacked = shapeOf(result);
      for (const DimExpr& dim : llvm::drop_begin(stacked)) {
        StatusOr<int64_t> size = dim.evaluate(context_.symbols);
        shape.push_back(size.ok() ? *size : 0);
      }
      return HostTensor::uninitialized(resultType(result), shape);
    }
    shape.insert(shape.end(), trips[0].shape().begin(), trips[0].shape().end());
    HostTensor stacked = HostTensor::uninitialized(trips[0].dtype(), shape);
    for (size_t i = 0; i < trips.size(); ++i) {
      std::memcpy(stacked.data<char>() + i * trips[i].bytes(), trips[i].raw(), trips[i].bytes());
    }
    return stacked;
  }

  EvaluationContext context_;
  const ForeignOp& foreign_;
  llvm::DenseMap<Value, HostTensor> values_;
};

}  // namespace

mlir::FailureOr<Tensors> evaluateFunction(FuncOp function, llvm::ArrayRef<HostTensor> inputs,
                                          const EvaluationContext& context,
                                          const ForeignOp& foreign, const Progress& progress) {
  if (inputs.size() != function.getNumArguments()) {
    return function.emitError("is evaluated with ") << inputs.size() << " inputs";
  }
  EvaluationContext own = context;
  if (!own.objects) own.objects = std::make_shared<Objects>();
  Tensors adoptedInputs;
  for (const HostTensor& input : inputs) adoptedInputs.push_back(adopted(input, own.objects));
  mlir::FailureOr<Tensors> results =
      Evaluation(own, foreign).call(function, adoptedInputs, progress);
  if (mlir::failed(results)) return mlir::failure();
  for (HostTensor& result : *results) {
    if (isReference(result.dtype())) result = result.withObjects(own.objects);
  }
  return results;
}

mlir::FailureOr<Tensors> evaluateOp(Operation* op, llvm::ArrayRef<HostTensor> operands,
                                    const EvaluationContext& context) {
  Tensors results;
  if (mlir::failed(mlir::cast<ReferenceEvaluation>(op).evaluate(operands, context, results))) {
    return mlir::failure();
  }
  return results;
}

llvm::LogicalResult FailIfOp::evaluate(llvm::ArrayRef<HostTensor> operands,
                                       const EvaluationContext&,
                                       llvm::SmallVectorImpl<HostTensor>&) {
  if (loadInteger(operands[0], 0) != 0) return emitError(getMessage());
  return mlir::success();
}

// If and loop need values of their enclosing function: evaluateFunction runs them.

llvm::LogicalResult IfOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext&,
                                   llvm::SmallVectorImpl<HostTensor>&) {
  return emitError("is evaluated with its function");
}

llvm::LogicalResult LoopOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext&,
                                     llvm::SmallVectorImpl<HostTensor>&) {
  return emitError("is evaluated with its function");
}

}  // namespace mlc::graph
