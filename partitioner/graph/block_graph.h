// The model as the partitioner sees it: plain data, made by compiler/partition/build_block_graph.h
// from a graph module (or by hand in tests). Sizes are numbers for a nominal binding of the model's
// symbols.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/base/status.h"

namespace mlc::partition {

// As in compiler/dialect/graph/factors.h.
enum class FactorKind { kParallel, kReduceSum, kReduceMax, kReduceMin, kWhole };

struct Factor {
  int64_t size = 1;
  FactorKind kind = FactorKind::kParallel;
  std::string text;      // the size as a DimExpr
  bool isStatic = true;  // the size is a constant; only then tp may split it
};

using DimFactors = std::vector<int>;            // factors that index a dim, major first
using TensorFactors = std::vector<DimFactors>;  // one entry per dim

struct Op {
  std::string name;  // the model's node
  std::string kind;  // "graph.contract"
  double operations = 0;
  double bytes = 0;           // read and written
  DType dtype = DType::kF32;  // of the arithmetic
  // The op is linear in its operands taken together, so partial sums pass through it (add,
  // transpose, reshape, ...).
  bool isLinear = false;
  int callee = -1;  // index of the called function; factors are then empty
  std::vector<Factor> factors;
  std::vector<int> operands, results;  // tensors
  std::vector<TensorFactors> operandFactors, resultFactors;
};

struct Tensor {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<std::string> dimTexts;  // DimExpr texts
  double bytes = 0;
  DType dtype = DType::kF32;
  // A weight or constant, or a block's argument that is one at every call: every rank can take any
  // slice of it for free.
  bool isWeight = false;
  // A state's rows (of a weight: as a run finds them; of a result: with what an append added), in
  // any order of dims. They stay where they are: no stage sends them.
  bool isState = false;
  int producer = -1;  // the op, or -1: an input or a weight
};

struct Function {
  std::string name;
  std::vector<Op> ops;  // in a topological order
  std::vector<Tensor> tensors;
  std::vector<int> inputs, outputs;  // tensors; the inputs may include weights (of a block)
  // The ops from this one on stay in one stage: they have sizes that the program computes, or
  // strings, sequences and optionals, which are not sent. -1: there is none.
  int firstComputed = -1;
};

struct BlockGraph {
  std::vector<Function> functions;  // [0] is main; callees come after their callers
};

// Ids in range, operands produced before they are used, factor lists as long as tensors have dims.
Status verifyBlockGraph(const BlockGraph& graph);

// The dim's factors but those of size 1; the first of them is the only one whose split leaves each
// part contiguous.
int majorFactor(const Op& op, const DimFactors& dim);  // -1: none

// Whether the factor indexes any dim of the tensor.
bool indexes(const TensorFactors& tensor, int factor);

}  // namespace mlc::partition
