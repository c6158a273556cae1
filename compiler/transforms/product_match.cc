#include "compiler/transforms/product_match.h"

#include <cmath>

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

void multiplyByNumber(Product& product, double number, Value constant, bool divides) {
  int exponent;
  if (std::abs(std::frexp(number, &exponent)) == 0.5 && std::abs(exponent) < 100) {
    product.power = divides ? product.power / number : product.power * number;
  } else {
    Type type = cast<RankedTensorType>(constant.getType()).getElementType();
    product.numbers.push_back({number, type, divides});
  }
}

// The number as a constant of the type states it.
double rounded(double number, Type type) {
  auto floating = dyn_cast<FloatType>(type);
  if (!floating) return number;
  APFloat value(number);
  bool lossy;
  value.convert(floating.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
  return value.convertToDouble();
}

void multiplyInto(Product& product, Value value, ArrayRef<Value> atoms) {
  constexpr size_t kMostFactors = 8;
  std::optional<double> number = splatOf(value);
  if (number) {
    multiplyByNumber(product, *number, value, /*divides=*/false);
  } else if (llvm::is_contained(atoms, value) || product.factors.size() > kMostFactors) {
    product.factors.push_back(value);
  } else if (auto mul = value.getDefiningOp<MulOp>()) {
    multiplyInto(product, mul.getLhs(), atoms);
    multiplyInto(product, mul.getRhs(), atoms);
  } else if (auto div = value.getDefiningOp<DivOp>(); div && splatOf(div.getRhs())) {
    multiplyByNumber(product, *splatOf(div.getRhs()), div.getRhs(), /*divides=*/true);
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
  const double rest = expected / power;
  if (numbers.size() > 1 || (numbers.empty() && rest != 1)) return false;
  for (const Number& number : numbers) {
    if (number.value != rounded(number.divides ? 1 / rest : rest, number.type)) return false;
  }
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
