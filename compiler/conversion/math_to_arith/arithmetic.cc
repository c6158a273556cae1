#include "compiler/conversion/math_to_arith/arithmetic.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::math_to_arith {

namespace arith = mlir::arith;
namespace math = mlir::math;

Arithmetic::Arithmetic(mlir::OpBuilder& builder, mlir::Location loc, mlir::Type type)
    : b_(builder), loc_(loc), type_(type), isDouble_(mlir::getElementTypeOrSelf(type).isF64()) {
  integerType_ = shaped(isDouble_ ? b_.getI64Type() : b_.getI32Type());
}

mlir::Type Arithmetic::shaped(mlir::Type element) const {
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(type_)) return vector.clone(element);
  return element;
}

Arithmetic Arithmetic::inDouble() const { return {b_, loc_, shaped(b_.getF64Type())}; }
Value Arithmetic::toDouble(Value single) {
  return arith::ExtFOp::create(b_, loc_, shaped(b_.getF64Type()), single);
}
Value Arithmetic::toSingle(Value wide) {
  return arith::TruncFOp::create(b_, loc_, shaped(b_.getF32Type()), wide);
}

Value Arithmetic::number(double value) {
  mlir::Type element = mlir::getElementTypeOrSelf(type_);
  mlir::TypedAttr attribute = b_.getFloatAttr(element, value);
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(type_)) {
    attribute = mlir::DenseElementsAttr::get(vector, attribute);
  }
  return arith::ConstantOp::create(b_, loc_, attribute);
}

Value Arithmetic::integer(int64_t value) {
  mlir::TypedAttr attribute = b_.getIntegerAttr(mlir::getElementTypeOrSelf(integerType_), value);
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(integerType_)) {
    attribute = mlir::DenseElementsAttr::get(vector, attribute);
  }
  return arith::ConstantOp::create(b_, loc_, attribute);
}

Value Arithmetic::add(Value a, Value b) { return arith::AddFOp::create(b_, loc_, a, b); }
Value Arithmetic::sub(Value a, Value b) { return arith::SubFOp::create(b_, loc_, a, b); }
Value Arithmetic::mul(Value a, Value b) { return arith::MulFOp::create(b_, loc_, a, b); }
Value Arithmetic::div(Value a, Value b) { return arith::DivFOp::create(b_, loc_, a, b); }
Value Arithmetic::fma(Value a, Value b, Value c) { return math::FmaOp::create(b_, loc_, a, b, c); }
Value Arithmetic::neg(Value a) { return arith::NegFOp::create(b_, loc_, a); }
Value Arithmetic::abs(Value a) { return math::AbsFOp::create(b_, loc_, a); }
Value Arithmetic::sqrt(Value a) { return math::SqrtOp::create(b_, loc_, a); }
Value Arithmetic::roundEven(Value a) { return math::RoundEvenOp::create(b_, loc_, a); }
Value Arithmetic::floor(Value a) { return math::FloorOp::create(b_, loc_, a); }
Value Arithmetic::copySign(Value a, Value b) { return math::CopySignOp::create(b_, loc_, a, b); }

Value Arithmetic::less(Value a, Value b) {
  return arith::CmpFOp::create(b_, loc_, arith::CmpFPredicate::OLT, a, b);
}
Value Arithmetic::equal(Value a, Value b) {
  return arith::CmpFOp::create(b_, loc_, arith::CmpFPredicate::OEQ, a, b);
}
Value Arithmetic::isNan(Value a) {
  return arith::CmpFOp::create(b_, loc_, arith::CmpFPredicate::UNO, a, a);
}
Value Arithmetic::both(Value a, Value b) { return arith::AndIOp::create(b_, loc_, a, b); }
Value Arithmetic::not_(Value a) {
  mlir::TypedAttr attribute = b_.getBoolAttr(true);
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(a.getType())) {
    attribute = mlir::DenseElementsAttr::get(vector, attribute);
  }
  return arith::XOrIOp::create(b_, loc_, a, arith::ConstantOp::create(b_, loc_, attribute));
}
Value Arithmetic::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(b_, loc_, condition, a, b);
}
Value Arithmetic::atLeast(Value a, double low) {
  Value bound = number(low);
  return select(less(a, bound), bound, a);
}
Value Arithmetic::atMost(Value a, double high) {
  Value bound = number(high);
  return select(less(bound, a), bound, a);
}

Value Arithmetic::polynomial(Value x, llvm::ArrayRef<double> coefficients) {
  Value sum = number(coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back())) sum = fma(sum, x, number(c));
  return sum;
}

Pair Arithmetic::twoSum(Value a, Value b) {
  // Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B.
  Value sum = add(a, b), ofB = sub(sum, a), ofA = sub(sum, ofB);
  return {sum, add(sub(a, ofA), sub(b, ofB))};
}

Pair Arithmetic::fastTwoSum(Value a, Value b) {
  Value sum = add(a, b);
  return {sum, sub(b, sub(sum, a))};
}

Pair Arithmetic::twoProduct(Value a, Value b) {
  // The sum with +0 is not folded away (the product may be -0), nor can it be fused once more.
  Value product = fma(a, b, number(0));
  return {product, fma(a, b, neg(product))};
}

Value Arithmetic::bits(Value number) {
  return arith::BitcastOp::create(b_, loc_, integerType_, number);
}
Value Arithmetic::fromBits(Value integer) {
  return arith::BitcastOp::create(b_, loc_, type_, integer);
}
Value Arithmetic::addInt(Value a, Value b) { return arith::AddIOp::create(b_, loc_, a, b); }
Value Arithmetic::subInt(Value a, Value b) { return arith::SubIOp::create(b_, loc_, a, b); }
Value Arithmetic::mulInt(Value a, Value b) { return arith::MulIOp::create(b_, loc_, a, b); }
Value Arithmetic::andInt(Value a, Value b) { return arith::AndIOp::create(b_, loc_, a, b); }
Value Arithmetic::xorInt(Value a, Value b) { return arith::XOrIOp::create(b_, loc_, a, b); }
Value Arithmetic::shiftLeft(Value a, int64_t by) {
  return arith::ShLIOp::create(b_, loc_, a, integer(by));
}
Value Arithmetic::shiftRight(Value a, int64_t by) {
  return arith::ShRSIOp::create(b_, loc_, a, integer(by));
}
Value Arithmetic::lessInt(Value a, Value b) {
  return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::slt, a, b);
}
Value Arithmetic::hasBits(Value a, int64_t mask) {
  return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::ne, andInt(a, integer(mask)),
                               integer(0));
}

int64_t Arithmetic::roundingShiftBits() const {
  return isDouble_ ? static_cast<int64_t>(0x4338000000000000) : 0x4b400000;
}

Arithmetic::Rounded Arithmetic::roundProduct(Value a, Value b) {
  Value shift = number(roundingShift()), shifted = fma(a, b, shift);
  return {sub(shifted, shift), subInt(bits(shifted), integer(roundingShiftBits()))};
}

Value Arithmetic::toNumber(Value integer) {
  Value shifted = fromBits(addInt(integer, this->integer(roundingShiftBits())));
  return sub(shifted, number(roundingShift()));
}

Value Arithmetic::powerOfTwo(Value n) {
  return fromBits(shiftLeft(addInt(n, integer(exponentBias())), mantissaBits()));
}

Arithmetic::Power Arithmetic::anyPowerOfTwo(Value n) {
  Value half = shiftRight(n, 1);
  return {powerOfTwo(half), powerOfTwo(subInt(n, half))};
}

}  // namespace mlc::math_to_arith
