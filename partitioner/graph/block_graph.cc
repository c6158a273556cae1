#include "partitioner/graph/block_graph.h"

#include <algorithm>

namespace mlc::partition {
namespace {

Status verifyTensorFactors(const Function& function, const Op& op, int tensor,
                           const TensorFactors& factors) {
  if (factors.size() != function.tensors[tensor].dims.size()) {
    return invalidError("op '" + op.name + "': factors do not match the dims of '" +
                        function.tensors[tensor].name + "'");
  }
  for (const DimFactors& dim : factors) {
    for (int factor : dim) {
      if (factor < 0 || factor >= static_cast<int>(op.factors.size())) {
        return invalidError("op '" + op.name + "': no factor " + std::to_string(factor));
      }
    }
  }
  return okStatus();
}

Status verifyOp(const BlockGraph& graph, const Function& function, int index,
                std::vector<bool>& defined) {
  const Op& op = function.ops[index];
  auto isTensor = [&](int id) { return id >= 0 && id < static_cast<int>(function.tensors.size()); };
  for (int operand : op.operands) {
    if (!isTensor(operand) || !defined[operand]) {
      return invalidError("op '" + op.name + "' uses a tensor before it is made");
    }
  }
  for (int result : op.results) {
    if (!isTensor(result) || defined[result] || function.tensors[result].producer != index) {
      return invalidError("op '" + op.name + "': wrong result");
    }
    defined[result] = true;
  }
  if (op.callee >= 0) {
    if (op.callee >= static_cast<int>(graph.functions.size()) || op.callee == 0) {
      return invalidError("op '" + op.name + "' calls no block");
    }
    const Function& callee = graph.functions[op.callee];
    if (callee.inputs.size() != op.operands.size() || callee.outputs.size() != op.results.size()) {
      return invalidError("op '" + op.name + "' does not fit block '" + callee.name + "'");
    }
    return okStatus();
  }
  if (op.operandFactors.size() != op.operands.size() ||
      op.resultFactors.size() != op.results.size()) {
    return invalidError("op '" + op.name + "': factors of some tensors are missing");
  }
  for (size_t i = 0; i < op.operands.size(); ++i) {
    MLC_RETURN_IF_ERROR(verifyTensorFactors(function, op, op.operands[i], op.operandFactors[i]));
  }
  for (size_t i = 0; i < op.results.size(); ++i) {
    MLC_RETURN_IF_ERROR(verifyTensorFactors(function, op, op.results[i], op.resultFactors[i]));
  }
  return okStatus();
}

}  // namespace

Status verifyBlockGraph(const BlockGraph& graph) {
  if (graph.functions.empty()) return invalidError("the block graph has no main function");
  for (const Function& function : graph.functions) {
    std::vector<bool> defined(function.tensors.size());
    for (size_t i = 0; i < function.tensors.size(); ++i) {
      const Tensor& tensor = function.tensors[i];
      defined[i] = tensor.producer < 0;
      if (tensor.dimTexts.size() != tensor.dims.size())
        return invalidError("tensor '" + tensor.name + "': dims without texts");
    }
    for (size_t i = 0; i < function.ops.size(); ++i) {
      MLC_RETURN_IF_ERROR(
          verifyOp(graph, function, static_cast<int>(i), defined).withContext(function.name));
    }
    for (int output : function.outputs) {
      if (output < 0 || output >= static_cast<int>(defined.size()) || !defined[output]) {
        return invalidError(function.name + ": an output is not made");
      }
    }
  }
  return okStatus();
}

int majorFactor(const Op& op, const DimFactors& dim) {
  for (int factor : dim) {
    if (!(op.factors[factor].isStatic && op.factors[factor].size == 1)) return factor;
  }
  return -1;
}

bool indexes(const TensorFactors& tensor, int factor) {
  return std::any_of(tensor.begin(), tensor.end(), [&](const DimFactors& dim) {
    return std::find(dim.begin(), dim.end(), factor) != dim.end();
  });
}

}  // namespace mlc::partition
