// The parts of a product of quantized tensors. Private to integer-contractions.
#pragma once

#include <string>

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/weight_table.h"
#include "mlir/IR/PatternMatch.h"

namespace mlc::transforms {

// One operand of a contraction as it is stored.
struct IntegerSide {
  graph::DequantizeOp op;
  std::string letters;      // of the operand
  std::string scaleLetter;  // of scale and zero point; empty: scalars
  bool hasZeroPoint = false;

  // None if the operand is not made of bytes with a scale per tensor or per index of a dim of the
  // result.
  static std::optional<IntegerSide> of(mlir::Value operand, const std::string& letters,
                                       const graph::ContractEquation& equation,
                                       const graph::WeightTable& weights);

  mlir::Value stored() { return op.getInput(); }
  mlir::Value scale() { return op.getScale(); }
  mlir::Value zeroPoint() { return op.getZeroPoint(); }

  // The largest magnitude of a stored value less its zero point.
  int64_t magnitude();
};

// Whether sums of so many products always fit i32.
bool sumsFit(IntegerSide& lhs, IntegerSide& rhs, int64_t depth);

// Builds the terms of the result, in the order of its dims.
class IntegerTerms {
 public:
  IntegerTerms(mlir::PatternRewriter& rewriter, mlir::Location location,
               const graph::ContractEquation& equation)
      : rewriter_(rewriter), location_(location), equation_(equation) {}

  mlir::Value cast(mlir::Value value, mlir::Type elementType);
  // A tensor with these dims, each of which the result has, so that it broadcasts to the result.
  mlir::Value aligned(mlir::Value value, const std::string& letters);
  mlir::Value scale(IntegerSide& side);      // f32
  mlir::Value zeroPoint(IntegerSide& side);  // i32
  // The stored values, summed over the dims that the result does not have, in i32.
  mlir::Value sum(IntegerSide& side);
  mlir::Value number(int64_t value);  // i32
  // The sums as real numbers.
  mlir::Value scaled(mlir::Value sums, IntegerSide& lhs, IntegerSide& rhs);

  template <typename Op>
  mlir::Value binary(mlir::Value a, mlir::Value b) {
    return Op::create(rewriter_, location_, a, b);
  }

 private:
  mlir::PatternRewriter& rewriter_;
  mlir::Location location_;
  const graph::ContractEquation& equation_;
};

void populateIntegerConvolutionPatterns(mlir::RewritePatternSet& patterns,
                                        const graph::WeightTable* weights);

}  // namespace mlc::transforms
