#include "compiler/partition/build_block_graph.h"

#include <algorithm>
#include <set>

#include "compiler/dialect/graph/computed_symbols.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/node_name.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlc::partition {
namespace {

using mlir::Operation;
using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

constexpr int64_t kNominalBatch = 1, kNominalDim = 128;

bool isLinear(Operation* op) {
  return op->hasTrait<graph::Linear>() &&
         llvm::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(op->getResult(0).getType()));
}

// Whether the result is a state's rows.
bool holdsState(Operation* op) {
  if (llvm::isa<graph::AppendOp>(op)) return true;
  if (!llvm::isa<graph::TransposeOp, graph::ReshapeOp>(op)) return false;
  Operation* producer = op->getOperand(0).getDefiningOp();
  return producer && holdsState(producer);
}

// Callers before callees.
void orderFunctions(FuncOp function, mlir::ModuleOp module, std::vector<FuncOp>& postorder) {
  if (llvm::is_contained(postorder, function)) return;
  function.walk([&](CallOp call) {
    if (auto callee = module.lookupSymbol<FuncOp>(call.getCallee()))
      orderFunctions(callee, module, postorder);
  });
  postorder.push_back(function);
}

class Builder {
 public:
  Builder(mlir::ModuleOp module, const NominalSizes& sizes)
      : module_(module), definitions_(graph::symbolDefinitions(module)) {
    for (const auto& [name, size] : sizes) symbols_[name] = size;
  }

  ModelGraph build() {
    auto main = module_.lookupSymbol<FuncOp>("main");
    orderFunctions(main, module_, result_.functions);
    std::reverse(result_.functions.begin(), result_.functions.end());
    nominalSymbols(main);
    for (size_t i = 0; i < result_.functions.size(); ++i) addFunction(result_.functions[i]);
    result_.sizes = symbols_;
    return std::move(result_);
  }

 private:
  void nominalSymbols(FuncOp main) {
    for (mlir::Type type : main.getArgumentTypes()) {
      graph::Shape shape = graph::shapeOf(type);
      if (!shape.empty() && !shape[0].isConstant())
        symbols_.try_emplace(shape[0].str(), kNominalBatch);
    }
  }

  int64_t nominal(const DimExpr& expr) {
    std::set<std::string> names;
    expr.collectSymbols(names);
    for (const std::string& name : names) symbols_.try_emplace(name, kNominalDim);
    StatusOr<int64_t> value = expr.evaluate(symbols_);
    return value.ok() ? std::max<int64_t>(*value, 0) : kNominalDim;
  }

  int addTensor(Value value, bool isWeight, int producer) {
    Tensor tensor;
    tensor.name = value.getDefiningOp() ? graph::nodeNameOf(value.getDefiningOp()) : "argument";
    tensor.dtype = graph::dtypeOf(value.getType());
    tensor.bytes = dtypeBits(tensor.dtype) / 8.0;
    for (const DimExpr& dim : graph::shapeOf(value)) {
      tensor.dims.push_back(nominal(dim));
      tensor.dimTexts.push_back(dim.str());
      tensor.bytes *= static_cast<double>(tensor.dims.back());
    }
    tensor.isWeight = isWeight;
    tensor.producer = producer;
    const int id = static_cast<int>(function_->tensors.size());
    function_->tensors.push_back(std::move(tensor));
    result_.tensors.back().push_back(value);
    ids_[value] = id;
    return id;
  }

  void addFunction(FuncOp function) {
    const int index = static_cast<int>(result_.graph.functions.size());
    function_ = &result_.graph.functions.emplace_back();
    function_->name = function.getName().str();
    result_.ops.emplace_back();
    result_.tensors.emplace_back();
    for (mlir::BlockArgument argument : function.getArguments()) {
      const int id =
          addTensor(argument, index > 0 && isWeightArgument(function, argument.getArgNumber()), -1);
      const llvm::StringRef name = attr::argumentName(function, argument.getArgNumber());
      if (!name.empty()) function_->tensors[id].name = name.str();
      function_->inputs.push_back(id);
    }
    for (Operation& op : function.front().without_terminator()) {
      if (op.hasTrait<graph::Parameter>() || op.hasTrait<graph::StoredLeaf>()) {
        const int id = addTensor(op.getResult(0), true, -1);
        function_->tensors[id].isState = llvm::isa<graph::StateOp>(op);
      } else {
        if (function_->firstComputed < 0 && (definesSymbols(&op) || touchesReferences(&op)))
          function_->firstComputed = static_cast<int>(function_->ops.size());
        addOp(&op);
      }
    }
    for (Value output : function.front().getTerminator()->getOperands())
      function_->outputs.push_back(ids_.lookup(output));
  }

  // Whether types of ops behind it may have symbols that it binds.
  bool definesSymbols(Operation* op) const {
    return llvm::any_of(
        definitions_, [&](const auto& definition) { return op->isAncestor(definition.second.op); });
  }

  // Whether every call gives a weight. Callers were added before.
  bool isWeightArgument(FuncOp function, unsigned argument) {
    for (size_t caller = 0; caller + 1 < result_.graph.functions.size(); ++caller) {
      for (size_t i = 0; i < result_.ops[caller].size(); ++i) {
        auto call = llvm::dyn_cast<CallOp>(result_.ops[caller][i]);
        if (!call || call.getCallee() != function.getName()) continue;
        const Function& data = result_.graph.functions[caller];
        if (!data.tensors[data.ops[i].operands[argument]].isWeight) return false;
      }
    }
    return true;
  }

  void addOp(Operation* source) {
    const int index = static_cast<int>(function_->ops.size());
    Op op;
    op.name = graph::nodeNameOf(source);
    op.kind = source->getName().getStringRef().str();
    op.dtype =
        source->getNumResults() > 0 ? graph::dtypeOf(source->getResult(0).getType()) : DType::kF32;
    for (Value operand : source->getOperands()) op.operands.push_back(ids_.lookup(operand));
    if (auto call = llvm::dyn_cast<CallOp>(source)) {
      for (size_t i = 0; i < result_.functions.size(); ++i) {
        if (result_.functions[i].getName() == call.getCallee()) op.callee = static_cast<int>(i);
      }
    } else {
      op.isLinear = isLinear(source);
      addFactors(source, op);
    }
    for (Value result : source->getResults()) {
      op.results.push_back(addTensor(result, false, index));
      function_->tensors[op.results.back()].isState = holdsState(source);
    }
    function_->ops.push_back(std::move(op));
    result_.ops.back().push_back(source);
  }

  // Whether values are read or made that only the rank that has them can look behind.
  static bool touchesReferences(Operation* source) {
    auto isReferenceType = [](mlir::Type type) { return isReference(graph::dtypeOf(type)); };
    bool touches = false;
    source->walk([&](Operation* op) {
      touches |= llvm::any_of(op->getOperandTypes(), isReferenceType) ||
                 llvm::any_of(op->getResultTypes(), isReferenceType);
    });
    return touches;
  }

  // Whether elements that share bytes are computed or read, weights aside: collectives and slices
  // move whole bytes. Slices of weights are cut out by the loader, which can do that.
  bool touchesPackedData(Operation* source) {
    auto isPackedValue = [](Value value) { return isPacked(graph::dtypeOf(value.getType())); };
    return llvm::any_of(source->getResults(), isPackedValue) ||
           llvm::any_of(source->getOperands(), [&](Value operand) {
             return isPackedValue(operand) && !function_->tensors[ids_.lookup(operand)].isWeight;
           });
  }

  void addFactors(Operation* source, Op& op) {
    graph::OpFactors factors = llvm::cast<graph::Factored>(source).getFactors();
    graph::OpWork work = llvm::cast<graph::Work>(source).getWork();
    op.operations = static_cast<double>(nominal(work.operations));
    op.bytes = static_cast<double>(nominal(work.bytes));
    const bool whole = touchesPackedData(source) || touchesReferences(source);
    for (const graph::Factor& factor : factors.factors) {
      addFactor(op, factor.size, whole ? FactorKind::kWhole : static_cast<FactorKind>(factor.kind));
    }
    auto convert = [](const graph::TensorFactors& tensor) {
      TensorFactors dims;
      for (const graph::DimFactors& dim : tensor) dims.emplace_back(dim.begin(), dim.end());
      return dims;
    };
    for (const auto& operand : factors.operands) op.operandFactors.push_back(convert(operand));
    for (const auto& result : factors.results) op.resultFactors.push_back(convert(result));

    // Sizes that an op's meaning depends on, besides those of its tensors' dims.
    if (auto slice = llvm::dyn_cast<graph::SliceOp>(source)) addExprs(op, slice.getStarts());
    if (auto size = llvm::dyn_cast<graph::SizeOp>(source)) addExprs(op, size.getExpr());
    llvm::SetVector<Value> captured;
    mlir::getUsedValuesDefinedAbove(source->getRegions(), captured);
    for (Value value : captured) {
      op.operands.push_back(ids_.lookup(value));
      TensorFactors& whole = op.operandFactors.emplace_back();
      for (const DimExpr& dim : graph::shapeOf(value))
        whole.push_back({addFactor(op, dim, FactorKind::kWhole)});
    }
    source->walk([&](graph::SizeOp size) {
      if (size.getOperation() != source) addExprs(op, size.getExpr());
    });
  }

  int addFactor(Op& op, const DimExpr& size, FactorKind kind) {
    op.factors.push_back({nominal(size), kind, size.str(), size.isConstant()});
    return static_cast<int>(op.factors.size()) - 1;
  }

  void addExprs(Op& op, graph::DimsAttr exprs) {
    for (const DimExpr& expr : graph::exprsOf(exprs)) {
      if (!expr.isConstant()) addFactor(op, expr, FactorKind::kWhole);
    }
  }

  mlir::ModuleOp module_;
  SymbolValues symbols_;
  const std::map<std::string, graph::SymbolDefinition> definitions_;
  ModelGraph result_;
  Function* function_ = nullptr;
  llvm::DenseMap<Value, int> ids_;
};

static_assert(static_cast<int>(FactorKind::kReduceMin) ==
              static_cast<int>(graph::FactorKind::kReduceMin));
static_assert(static_cast<int>(FactorKind::kWhole) == static_cast<int>(graph::FactorKind::kWhole));

}  // namespace

ModelGraph buildBlockGraph(mlir::ModuleOp module, const NominalSizes& sizes) {
  return Builder(module, sizes).build();
}

}  // namespace mlc::partition
