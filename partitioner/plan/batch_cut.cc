#include "partitioner/plan/batch_cut.h"

#include <algorithm>
#include <set>

#include "runtime/base/dim_expr.h"

namespace mlc::partition {
namespace {

bool hasSymbol(const std::string& text, const std::string& symbol) {
  auto expr = DimExpr::parse(text);
  std::set<std::string> symbols;
  if (expr.ok()) expr->collectSymbols(symbols);
  return symbols.contains(symbol);
}

bool isStatic(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// The dim that the factor is the major part of; -1: it does not index the tensor; -2: it does, but
// not so.
int majorDim(const Op& op, const TensorFactors& tensor, int factor) {
  int found = -1;
  for (size_t dim = 0; dim < tensor.size(); ++dim) {
    if (std::find(tensor[dim].begin(), tensor[dim].end(), factor) == tensor[dim].end()) continue;
    if (found >= 0 || majorFactor(op, tensor[dim]) != factor) return -2;
    found = static_cast<int>(dim);
  }
  return found;
}

class Finder {
 public:
  explicit Finder(const BlockGraph& graph) : graph_(graph), isVisited_(graph.functions.size()) {
    for (const Function& function : graph.functions) {
      cut_.factorOf.emplace_back(function.ops.size(), -1);
      cut_.dimOf.emplace_back(function.tensors.size(), -1);
    }
  }

  StatusOr<BatchCut> run() {
    const Function& main = graph_.functions[0];
    MLC_RETURN_IF_ERROR(chooseBatch(main));
    for (int input : main.inputs) {
      const Tensor& tensor = main.tensors[input];
      if (hasBatchLeading(tensor)) cut_.dimOf[0][input] = 0;
      if (cut_.symbol.empty()) continue;
      for (size_t dim = 0; dim < tensor.dims.size(); ++dim) {
        if (dim == 0 && cut_.dimOf[0][input] == 0) continue;
        if (hasSymbol(tensor.dimTexts[dim], cut_.symbol)) {
          return fail("input '" + tensor.name + "' has '" + cut_.symbol +
                      "' in a dim other than the first");
        }
      }
    }
    for (size_t i = 0; i < main.tensors.size(); ++i) {
      // A state's first dim is its length.
      if (main.tensors[i].isState && main.tensors[i].producer < 0 && hasBatchAt(main.tensors[i], 1))
        cut_.dimOf[0][i] = 1;
    }
    MLC_RETURN_IF_ERROR(visit(0));
    for (int output : main.outputs) {
      const Tensor& tensor = main.tensors[output];
      if (cut_.dimOf[0][output] != 0 || !hasBatchLeading(tensor)) {
        return fail("the first dim of output '" + tensor.name + "' is not the batch");
      }
    }
    return std::move(cut_);
  }

 private:
  static Status fail(const std::string& reason) {
    return unsupportedError("the batch cannot be cut: " + reason);
  }

  Status chooseBatch(const Function& main) {
    for (int input : main.inputs) {
      const Tensor& tensor = main.tensors[input];
      if (tensor.dims.empty()) continue;
      const std::string& text = tensor.dimTexts[0];
      cut_.size = tensor.dims[0];
      if (!isStatic(text)) {
        cut_.symbol = text;
        auto expr = DimExpr::parse(text);
        if (!expr.ok() || text.find_first_of(" *+-/%(") != std::string::npos)
          return fail("input '" + tensor.name + "' has first dim " + text);
      } else if (cut_.size < 2) {
        return fail("it is 1");
      }
      return okStatus();
    }
    return fail("no input has dims");
  }

  bool hasBatchLeading(const Tensor& tensor) const { return hasBatchAt(tensor, 0); }

  bool hasBatchAt(const Tensor& tensor, size_t dim) const {
    if (tensor.dims.size() <= dim) return false;
    return cut_.symbol.empty() ? isStatic(tensor.dimTexts[dim]) && tensor.dims[dim] == cut_.size
                               : tensor.dimTexts[dim] == cut_.symbol;
  }

  Status visit(int function) {
    isVisited_[function] = true;
    for (size_t i = 0; i < graph_.functions[function].ops.size(); ++i) {
      const Op& op = graph_.functions[function].ops[i];
      MLC_RETURN_IF_ERROR(op.callee >= 0 ? visitCall(function, op)
                                         : visitOp(function, static_cast<int>(i)));
    }
    return okStatus();
  }

  Status visitCall(int function, const Op& op) {
    const Function& callee = graph_.functions[op.callee];
    std::vector<int>& outer = cut_.dimOf[function];
    std::vector<int>& inner = cut_.dimOf[op.callee];
    const bool isFirst = !isVisited_[op.callee];
    for (size_t i = 0; i < op.operands.size(); ++i) {
      if (isFirst) inner[callee.inputs[i]] = outer[op.operands[i]];
      if (inner[callee.inputs[i]] != outer[op.operands[i]])
        return fail("calls of block '" + callee.name + "' differ in what they cut");
    }
    if (isFirst) MLC_RETURN_IF_ERROR(visit(op.callee));
    for (size_t i = 0; i < op.results.size(); ++i) outer[op.results[i]] = inner[callee.outputs[i]];
    return okStatus();
  }

  Status visitOp(int function, int index) {
    const Op& op = graph_.functions[function].ops[index];
    std::vector<int>& dimOf = cut_.dimOf[function];
    std::set<int> batch;
    for (size_t i = 0; i < op.operands.size(); ++i) {
      const int dim = dimOf[op.operands[i]];
      if (dim >= 0) batch.insert(majorFactor(op, op.operandFactors[i][dim]));
    }
    for (size_t i = 0; i < op.factors.size() && !cut_.symbol.empty(); ++i) {
      if (hasSymbol(op.factors[i].text, cut_.symbol)) batch.insert(static_cast<int>(i));
    }
    if (batch.empty()) return okStatus();
    const int factor = *batch.begin();
    if (batch.size() > 1 || factor < 0 || op.factors[factor].kind != FactorKind::kParallel ||
        op.factors[factor].size % cut_.size != 0) {
      return fail("'" + op.name + "' (" + op.kind + ") mixes it");
    }
    cut_.factorOf[function][index] = factor;
    for (size_t i = 0; i < op.operands.size(); ++i) {
      const int dim = majorDim(op, op.operandFactors[i], factor);
      const bool isSliced = dim >= 0 && dimOf[op.operands[i]] < 0;
      if (dim == -2 || isSliced) return fail("'" + op.name + "' (" + op.kind + ") mixes it");
    }
    for (size_t i = 0; i < op.results.size(); ++i) {
      const int dim = majorDim(op, op.resultFactors[i], factor);
      if (dim < 0) return fail("'" + op.name + "' (" + op.kind + ") mixes it");
      dimOf[op.results[i]] = dim;
    }
    return okStatus();
  }

  const BlockGraph& graph_;
  std::vector<bool> isVisited_;
  BatchCut cut_;
};

}  // namespace

StatusOr<BatchCut> findBatchCut(const BlockGraph& graph) {
  const Function& main = graph.functions[0];
  if (main.firstComputed >= 0) {
    return unsupportedError("the batch cannot be cut: '" +
                            main.ops[static_cast<size_t>(main.firstComputed)].name +
                            "' has sizes that are computed while the model runs");
  }
  for (int input : main.inputs) {
    const Tensor& tensor = main.tensors[static_cast<size_t>(input)];
    if (isReference(tensor.dtype)) {
      return unsupportedError("the batch cannot be cut: input '" + tensor.name +
                              "' has elements of type " + std::string(dtypeName(tensor.dtype)));
    }
  }
  return Finder(graph).run();
}

}  // namespace mlc::partition
