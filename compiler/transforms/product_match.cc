#include "compiler/transforms/product_match.h"

#include <cmath>

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

void multiplyInto(Product& product, Value value, ArrayRef<Value> atoms) {
  constexpr size_t kMostFactors = 8;
  std::optional<double> number = splatOf(value);
  if (number) {
    product.coefficient *= *number;
  } else if (llvm::is_contained(atoms, value) || product.factors.size() > kMostFactors) {
    product.factors.push_back(value);
  } else if (auto mul = value.getDefiningOp<MulOp>()) {
    multiplyInto(product, mul.getLhs(), atoms);
    multiplyInto(product, mul.getRhs(), atoms);
  } else if (auto div = value.getDefiningOp<DivOp>(); div && splatOf(div.getRhs())) {
    product.coefficient /= *splatOf(div.getRhs());
    multiplyInto(product, div.getLhs(), atoms);
  } else if (auto pow = value.getDefiningOp<PowOp>();
             pow && (isSplat(pow.getRhs(), 2) || isSplat(pow.getRhs(), 3))) {
    for (int i = 0; i < *splatOf(pow.getRhs()); ++i) multiplyInto(product, pow.getLhs(), atoms);
  } else {
    product.factors.push_back(value);
  }
}

}  // namespace

Scaled scaledValue(Value value) {
  Scaled scaled{value, 1};
  while (Operation* op = scaled.value.getDefiningOp()) {
    if (!isa<MulOp, DivOp>(op)) break;
    Value kept = op->getOperand(0);
    std::optional<double> number = splatOf(op->getOperand(1));
    if (!number && isa<MulOp>(op)) {
      kept = op->getOperand(1);
      number = splatOf(op->getOperand(0));
    }
    if (!number || kept.getType() != scaled.value.getType()) break;
    scaled.factor = isa<MulOp>(op) ? scaled.factor * *number : scaled.factor / *number;
    scaled.value = kept;
  }
  return scaled;
}

bool Product::is(double expected, ArrayRef<Value> values) const {
  if (std::abs(coefficient - expected) > kConstantTolerance * std::abs(expected)) return false;
  SmallVector<Value> left(factors.begin(), factors.end());
  for (Value value : values) {
    auto it = llvm::find(left, value);
    if (it == left.end()) return false;
    left.erase(it);
  }
  return left.empty();
}

Product productOf(Value value, ArrayRef<Value> atoms) {
  Product product;
  multiplyInto(product, value, atoms);
  return product;
}

}  // namespace mlc::transforms
