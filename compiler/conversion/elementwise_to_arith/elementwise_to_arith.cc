#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"

#include <limits>
#include <type_traits>

#include "compiler/conversion/elementwise_to_arith/small_float_to_arith.h"
#include "compiler/conversion/math_to_arith/functions.h"
#include "compiler/dialect/graph/visit_op.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::conversion {
namespace {

namespace arith = mlir::arith;
namespace math = mlir::math;
using mlir::Type;
using mlir::Value;

Type elementTypeOf(Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

// `element` with the vector shape of `like`, if that is a vector.
Type shapedLike(Type like, Type element) {
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(like)) return vector.clone(element);
  return element;
}

// Emits one op; holds what all need. Ops that name the scalar op that they are (elementwise.td) are
// that; others have an overload here.
class Emitter {
 public:
  Emitter(mlir::OpBuilder& builder, mlir::Location loc, mlir::Operation* op,
          mlir::ValueRange operands)
      : b_(builder), loc_(loc), op_(op), operands_(operands) {
    element_ = elementTypeOf(op->getOperand(mlir::isa<graph::SelectOp>(op) ? 1 : 0));
    float_ = mlir::isa<mlir::FloatType>(element_);
    unsigned_ = element_.isUnsignedInteger() || element_.isInteger(1);
  }

  template <typename Op, typename Scalar = typename Op::Scalar>
  Value operator()(Op) {
    if (float_) return scalar<Op, typename Scalar::Float>();
    return unsigned_ ? scalar<Op, typename Scalar::Unsigned>()
                     : scalar<Op, typename Scalar::Signed>();
  }

  Value operator()(graph::DivOp) { return float_ ? make<arith::DivFOp>() : integerQuotient(); }
  Value operator()(graph::ModOp) { return remainder(); }
  Value operator()(graph::PowOp) { return power(); }
  Value operator()(graph::ShiftLeftOp) {
    Value shifted = make<arith::ShLIOp>();
    return arith::SelectOp::create(b_, loc_, shiftsInside(), shifted, constant(0));
  }
  Value operator()(graph::ShiftRightOp) {
    if (unsigned_) {
      Value shifted = make<arith::ShRUIOp>();
      return arith::SelectOp::create(b_, loc_, shiftsInside(), shifted, constant(0));
    }
    Value places =
        arith::SelectOp::create(b_, loc_, shiftsInside(), operands_[1], constant(bits() - 1));
    return arith::ShRSIOp::create(b_, loc_, x(), places);
  }
  Value operator()(graph::CompareOp op) { return compare(op.getPredicate()); }
  Value operator()(graph::SelectOp) {
    return arith::SelectOp::create(b_, loc_, operands_[0], operands_[1], operands_[2]);
  }
  Value operator()(graph::CastOp op) {
    return emitCast(b_, loc_, operands_[0], element_, elementTypeOf(op.getResult()),
                    {op.getSaturate(), static_cast<Conversion::Rounding>(op.getRounding())});
  }
  Value operator()(graph::AbsOp) {
    if (unsigned_) return x();
    return float_ ? unary<math::AbsFOp>() : unary<math::AbsIOp>();
  }
  Value operator()(graph::NegOp) {
    if (float_) return arith::NegFOp::create(b_, loc_, x());
    return arith::SubIOp::create(b_, loc_, constant(0), x());
  }
  Value operator()(graph::SignOp) { return sign(); }
  Value operator()(graph::RsqrtOp) { return div(constant(1), unary<math::SqrtOp>()); }
  Value operator()(graph::ReciprocalOp) { return div(constant(1), x()); }
  Value operator()(graph::SigmoidOp) { return function(math_to_arith::sigmoid); }
  Value operator()(graph::SiluOp) { return function(math_to_arith::silu); }
  Value operator()(graph::SoftplusOp) { return function(math_to_arith::softplus); }
  Value operator()(graph::MishOp) { return function(math_to_arith::mish); }
  Value operator()(graph::GeluOp op) {
    return function(op.getTanhApproximation() ? math_to_arith::geluTanh : math_to_arith::gelu);
  }
  Value operator()(graph::ReluOp) {
    if (unsigned_) return x();
    return float_ ? Value(arith::MaximumFOp::create(b_, loc_, x(), constant(0)))
                  : Value(arith::MaxSIOp::create(b_, loc_, x(), constant(0)));
  }
  Value operator()(graph::NotOp) {
    auto ones = b_.getIntegerAttr(mlir::getElementTypeOrSelf(x().getType()), -1);
    return arith::XOrIOp::create(b_, loc_, x(), splat(ones));
  }
  Value operator()(graph::IsNanOp) { return compareFloats(arith::CmpFPredicate::UNO, x(), x()); }
  Value operator()(graph::IsInfOp) {
    Value magnitude = unary<math::AbsFOp>();
    return compareFloats(arith::CmpFPredicate::OEQ, magnitude,
                         constant(std::numeric_limits<double>::infinity()));
  }

 private:
  Value x() const { return operands_[0]; }

  template <typename Op>
  Value make() {
    return Op::create(b_, loc_, operands_[0], operands_[1]);
  }
  template <typename Op>
  Value unary() {
    return Op::create(b_, loc_, operands_[0]);
  }
  // The scalar op of a graph op of one or two operands; void is of elements that it does not take.
  template <typename Op, typename Scalar>
  Value scalar() {
    if constexpr (std::is_void_v<Scalar>) {
      llvm_unreachable("elements that the op does not take");
    } else if constexpr (Op::template hasTrait<mlir::OpTrait::OneOperand>()) {
      return unary<Scalar>();
    } else {
      return make<Scalar>();
    }
  }
  Value mul(Value a, Value b) { return arith::MulFOp::create(b_, loc_, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(b_, loc_, a, b); }
  Value constant(double value) { return constantLike(b_, loc_, x().getType(), value); }

  Value splat(mlir::TypedAttr element) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(x().getType())) {
      return arith::ConstantOp::create(b_, loc_, mlir::DenseElementsAttr::get(vector, element));
    }
    return arith::ConstantOp::create(b_, loc_, element);
  }

  Value compareFloats(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(b_, loc_, predicate, a, b);
  }

  Value function(Value (*emit)(math_to_arith::Arithmetic&, Value)) {
    math_to_arith::Arithmetic arithmetic(b_, loc_, x().getType());
    return emit(arithmetic, x());
  }

  Value sign() {
    Value zero = constant(0);
    if (float_) {
      Value one = math::CopySignOp::create(b_, loc_, constant(1), x());
      Value none = compareFloats(arith::CmpFPredicate::UEQ, x(), zero);  // zero and NaN stay
      return arith::SelectOp::create(b_, loc_, none, x(), one);
    }
    if (unsigned_) return arith::MinUIOp::create(b_, loc_, x(), constant(1));
    Value low = arith::MaxSIOp::create(b_, loc_, x(), constant(-1));
    return arith::MinSIOp::create(b_, loc_, low, constant(1));
  }

  // The divisor, or 1 in place of 0, and of -1 for signed integers: processors trap where a
  // quotient does not exist or overflows. A division by zero makes the run fail elsewhere
  // (operand_checks.h).
  Value safeDivisor() {
    Value divisor = operands_[1], one = constant(1);
    Value replaced = equalIntegers(divisor, constant(0));
    if (!unsigned_) {
      replaced = arith::OrIOp::create(b_, loc_, replaced, equalIntegers(divisor, constant(-1)));
    }
    return arith::SelectOp::create(b_, loc_, replaced, one, divisor);
  }

  unsigned bits() const { return element_.getIntOrFloatBitWidth(); }

  // Whether bits remain that are shifted so far.
  Value shiftsInside() {
    return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::ult, operands_[1],
                                 constant(bits()));
  }

  Value equalIntegers(Value a, Value b) {
    return arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::eq, a, b);
  }

  Value integerQuotient() {
    Value divisor = safeDivisor();
    if (unsigned_) return arith::DivUIOp::create(b_, loc_, x(), divisor);
    Value quotient = arith::DivSIOp::create(b_, loc_, x(), divisor);
    Value negated = arith::SubIOp::create(b_, loc_, constant(0), x());
    return arith::SelectOp::create(b_, loc_, equalIntegers(operands_[1], constant(-1)), negated,
                                   quotient);
  }

  Value remainder() {
    if (float_) return make<arith::RemFOp>();
    if (unsigned_) return arith::RemUIOp::create(b_, loc_, x(), safeDivisor());
    // The sign of the divisor: adds it where the signs differ and something is left.
    Value rest = arith::RemSIOp::create(b_, loc_, x(), safeDivisor());
    Value zero = constant(0);
    Value left = arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::ne, rest, zero);
    Value mixed = arith::XOrIOp::create(b_, loc_, rest, operands_[1]);
    Value differ = arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::slt, mixed, zero);
    Value both = arith::AndIOp::create(b_, loc_, left, differ);
    Value moved = arith::AddIOp::create(b_, loc_, rest, operands_[1]);
    return arith::SelectOp::create(b_, loc_, both, moved, rest);
  }

  Value power() {
    if (!float_) return integerPower();
    // Squares and roots are what exporters write; anything else is the library's.
    if (std::optional<double> exponent = constantExponent()) {
      if (*exponent == 2) return mul(x(), x());
      if (*exponent == 3) return mul(mul(x(), x()), x());
      if (*exponent == 0.5) return squareRoot();
      if (*exponent == 1) return x();
      if (*exponent == -1) return div(constant(1), x());
    }
    return make<math::PowFOp>();
  }

  // The square root, but as a power: 0 for -0, infinity for -infinity.
  Value squareRoot() {
    Value infinity = constant(std::numeric_limits<double>::infinity());
    Value negative = arith::NegFOp::create(b_, loc_, infinity);
    Value isNegative = compareFloats(arith::CmpFPredicate::OEQ, x(), negative);
    Value root = arith::AddFOp::create(b_, loc_, unary<math::SqrtOp>(), constant(0));
    return arith::SelectOp::create(b_, loc_, isNegative, infinity, root);
  }

  // By squaring, one bit of the exponent at a time; wraps around. A negative exponent gives zero,
  // except for 1 and -1.
  Value integerPower() {
    Value base = operands_[0], exponent = operands_[1];
    Value zero = constant(0), one = constant(1);
    auto both = [&](Value a, Value b) { return Value(arith::AndIOp::create(b_, loc_, a, b)); };
    auto equal = [&](Value a, Value b) { return equalIntegers(a, b); };
    auto select = [&](Value condition, Value a, Value b) {
      return Value(arith::SelectOp::create(b_, loc_, condition, a, b));
    };
    Value result = one, square = base, bits = exponent;
    const unsigned width = mlir::getElementTypeOrSelf(base.getType()).getIntOrFloatBitWidth();
    auto begin = arith::ConstantIndexOp::create(b_, loc_, 0);
    auto end = arith::ConstantIndexOp::create(b_, loc_, width);
    auto step = arith::ConstantIndexOp::create(b_, loc_, 1);
    auto loop = mlir::scf::ForOp::create(
        b_, loc_, begin, end, step, mlir::ValueRange{result, square, bits},
        [&](mlir::OpBuilder&, mlir::Location, Value, mlir::ValueRange carried) {
          Value isOdd = equal(both(carried[2], one), one);
          Value product = arith::MulIOp::create(b_, loc_, carried[0], carried[1]);
          Value next = arith::MulIOp::create(b_, loc_, carried[1], carried[1]);
          Value rest = arith::ShRUIOp::create(b_, loc_, carried[2], one);
          mlir::scf::YieldOp::create(
              b_, loc_, mlir::ValueRange{select(isOdd, product, carried[0]), next, rest});
        });
    result = loop.getResult(0);
    if (unsigned_) return result;
    Value minusOne = constant(-1);
    Value sign = select(equal(both(exponent, one), one), minusOne, one);
    Value inverse = select(equal(base, one), one, select(equal(base, minusOne), sign, zero));
    Value negative = arith::CmpIOp::create(b_, loc_, arith::CmpIPredicate::slt, exponent, zero);
    return select(negative, inverse, result);
  }

  std::optional<double> constantExponent() {
    auto constant = op_->getOperand(1).getDefiningOp<graph::ConstantOp>();
    auto value =
        constant ? mlir::dyn_cast<mlir::DenseFPElementsAttr>(constant.getValue()) : nullptr;
    if (!value || !value.isSplat()) return std::nullopt;
    return value.getSplatValue<llvm::APFloat>().convertToDouble();
  }

  Value compare(graph::Predicate predicate) {
    using F = arith::CmpFPredicate;
    using I = arith::CmpIPredicate;
    static constexpr F kFloat[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
    static constexpr I kSigned[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
    static constexpr I kUnsigned[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
    const int i = static_cast<int>(predicate);
    if (float_) return compareFloats(kFloat[i], operands_[0], operands_[1]);
    return arith::CmpIOp::create(b_, loc_, unsigned_ ? kUnsigned[i] : kSigned[i], operands_[0],
                                 operands_[1]);
  }

  mlir::OpBuilder& b_;
  mlir::Location loc_;
  mlir::Operation* op_;
  mlir::ValueRange operands_;
  Type element_;
  bool float_ = false;
  bool unsigned_ = false;
};

static_assert(graph::kTakesAll<graph::Elementwise, Emitter>,
              "an elementwise op has neither a scalar op nor an overload");

}  // namespace

Type computeType(Type elementType) {
  mlir::MLIRContext* context = elementType.getContext();
  const unsigned width = elementType.getIntOrFloatBitWidth();
  if (mlir::isa<mlir::FloatType>(elementType))
    return width < 32 ? mlir::Float32Type::get(context) : elementType;
  if (isPackedType(elementType)) return mlir::IntegerType::get(context, 8);
  return elementType.isUnsignedInteger() ? mlir::IntegerType::get(context, width) : elementType;
}

bool isPackedType(Type elementType) {
  const unsigned width = elementType.getIntOrFloatBitWidth();
  return width > 1 && width < 8;
}

Type storageType(Type elementType) {
  const unsigned width = elementType.getIntOrFloatBitWidth();
  if (width <= 8) return mlir::IntegerType::get(elementType.getContext(), 8);
  return elementType.isUnsignedInteger() ? computeType(elementType) : elementType;
}

Value fromStorage(mlir::OpBuilder& builder, mlir::Location loc, Value stored, Type elementType) {
  if (elementType.isInteger(1)) {
    Value zero = constantLike(builder, loc, stored.getType(), 0);
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, stored, zero);
  }
  if (isSmallFloatType(elementType)) return decodeSmallFloat(builder, loc, stored, elementType);
  if (elementType.isF16() || elementType.isBF16()) {
    return arith::ExtFOp::create(builder, loc, shapedLike(stored.getType(), builder.getF32Type()),
                                 stored);
  }
  if (isPackedType(elementType)) return keepLowBits(builder, loc, stored, elementType);
  return stored;
}

Value toStorage(mlir::OpBuilder& builder, mlir::Location loc, Value computed, Type elementType) {
  if (elementType.isInteger(1)) {
    return arith::ExtUIOp::create(builder, loc, shapedLike(computed.getType(), builder.getI8Type()),
                                  computed);
  }
  if (isSmallFloatType(elementType))
    return encodeSmallFloat(builder, loc, computed, elementType, {.saturate = false});
  if (elementType.isF16() || elementType.isBF16()) {
    return arith::TruncFOp::create(builder, loc, shapedLike(computed.getType(), elementType),
                                   computed);
  }
  if (isPackedType(elementType)) {
    const int64_t mask = (1 << elementType.getIntOrFloatBitWidth()) - 1;
    return arith::AndIOp::create(
        builder, loc, computed,
        constantLike(builder, loc, computed.getType(), static_cast<double>(mask)));
  }
  return computed;
}

Value roundTo(mlir::OpBuilder& builder, mlir::Location loc, Value value, Type elementType) {
  if (!elementType.isF16() && !elementType.isBF16()) return value;
  return fromStorage(builder, loc, toStorage(builder, loc, value, elementType), elementType);
}

mlir::DenseElementsAttr storedElements(mlir::DenseElementsAttr elements) {
  const Type element = elements.getElementType(), stored = storageType(element);
  if (element == stored) return elements;
  const unsigned width = stored.getIntOrFloatBitWidth();
  if (mlir::isa<mlir::FloatType>(element)) {
    return elements.mapValues(
        stored, [&](const llvm::APFloat& value) { return value.bitcastToAPInt().zext(width); });
  }
  return elements.mapValues(stored, [&](const llvm::APInt& bits) { return bits.zext(width); });
}

Value emitElementwise(mlir::OpBuilder& builder, mlir::Location loc, mlir::Operation* op,
                      mlir::ValueRange operands) {
  Value result = graph::visitOp<Value>(op, Emitter(builder, loc, op, operands));
  return op->hasTrait<graph::Exact>()
             ? result
             : roundTo(builder, loc, result, elementTypeOf(op->getResult(0)));
}

Value constantLike(mlir::OpBuilder& builder, mlir::Location loc, Type type, double value) {
  Type element = mlir::getElementTypeOrSelf(type);
  mlir::TypedAttr attribute;
  if (auto floating = mlir::dyn_cast<mlir::FloatType>(element)) {
    attribute = builder.getFloatAttr(floating, value);
  } else {
    attribute = builder.getIntegerAttr(element, static_cast<int64_t>(value));
  }
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(type)) {
    attribute = mlir::DenseElementsAttr::get(vector, attribute);
  }
  return arith::ConstantOp::create(builder, loc, attribute);
}

}  // namespace mlc::conversion
