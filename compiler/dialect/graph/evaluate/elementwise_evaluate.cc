#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace {

using Operands = llvm::ArrayRef<HostTensor>;
using Results = llvm::SmallVectorImpl<HostTensor>;

std::vector<int64_t> broadcastShape(Operands operands) {
  std::vector<int64_t> shape;
  for (const HostTensor& operand : operands) {
    if (operand.shape().size() > shape.size()) {
      shape.insert(shape.begin(), operand.shape().size() - shape.size(), 1);
    }
    const size_t offset = shape.size() - operand.shape().size();
    for (size_t d = 0; d < operand.shape().size(); ++d) {
      if (operand.shape()[d] != 1) shape[offset + d] = operand.shape()[d];
    }
  }
  return shape;
}

// Calls body(i, offsets of the operands) for each element of the broadcast result.
template <typename Body>
HostTensor map(mlir::Value result, Operands operands, Body body) {
  HostTensor made = HostTensor::uninitialized(resultType(result), broadcastShape(operands));
  llvm::SmallVector<int64_t, 3> offsets(operands.size());
  forEachIndex(made.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    for (size_t k = 0; k < operands.size(); ++k) {
      offsets[k] = broadcastOffset(index, operands[k].shape());
    }
    body(made, i, offsets);
  });
  return made;
}

template <typename F>
llvm::LogicalResult floatUnary(mlir::Value result, Operands x, Results& results, F f) {
  results.push_back(map(result, x, [&](HostTensor& made, int64_t i, auto& at) {
    storeFloat(made, i, f(loadFloat(x[0], at[0])));
  }));
  return mlir::success();
}

template <typename F, typename I>
llvm::LogicalResult unary(mlir::Value result, Operands x, Results& results, F f, I integer) {
  if (isFloat(x[0].dtype())) return floatUnary(result, x, results, f);
  results.push_back(map(result, x, [&](HostTensor& made, int64_t i, auto& at) {
    storeInteger(made, i, integer(loadInteger(x[0], at[0])));
  }));
  return mlir::success();
}

template <typename F, typename I>
llvm::LogicalResult binary(mlir::Value result, Operands x, Results& results, F f, I integer) {
  const bool floats = isFloat(x[0].dtype());
  results.push_back(map(result, x, [&](HostTensor& made, int64_t i, auto& at) {
    if (floats) {
      storeFloat(made, i, f(loadFloat(x[0], at[0]), loadFloat(x[1], at[1])));
    } else {
      storeInteger(made, i, integer(loadInteger(x[0], at[0]), loadInteger(x[1], at[1])));
    }
  }));
  return mlir::success();
}

bool hasZero(const HostTensor& tensor) {
  if (isFloat(tensor.dtype())) return false;
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    if (loadInteger(tensor, i) == 0) return true;
  }
  return false;
}

double withNan(double a, double b, double result) {
  return std::isnan(a) || std::isnan(b) ? std::numeric_limits<double>::quiet_NaN() : result;
}

// Whether a < b, as integers of the type.
bool less(int64_t a, int64_t b, DType type) {
  return type == DType::kU64 ? static_cast<uint64_t>(a) < static_cast<uint64_t>(b) : a < b;
}

// base ^ exponent modulo 2^64; a negative exponent gives the truncated quotient of 1.
int64_t power(int64_t base, int64_t exponent, bool isUnsigned) {
  if (exponent < 0 && !isUnsigned) {
    if (base == 1) return 1;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (auto bits = static_cast<uint64_t>(exponent); bits != 0; bits >>= 1) {
    if ((bits & 1) != 0) result *= square;
    square *= square;
  }
  return static_cast<int64_t>(result);
}

// Bits, moved to higher places; a shift that is no number of places within the type moves all out.
int64_t shiftLeft(int64_t bits, int64_t places, DType type) {
  const bool isInside = places >= 0 && places < dtypeBits(type);
  return isInside ? static_cast<int64_t>(static_cast<uint64_t>(bits) << places) : 0;
}

int64_t shiftRight(int64_t bits, int64_t places, DType type) {
  const bool isInside = places >= 0 && places < dtypeBits(type);
  if (isUnsigned(type))
    return isInside ? static_cast<int64_t>(static_cast<uint64_t>(bits) >> places) : 0;
  return bits >> (isInside ? places : 63);
}

template <typename T>
bool holds(Predicate predicate, T a, T b) {
  switch (predicate) {
    case Predicate::eq:
      return a == b;
    case Predicate::ne:
      return a != b;
    case Predicate::lt:
      return a < b;
    case Predicate::le:
      return a <= b;
    case Predicate::gt:
      return a > b;
    case Predicate::ge:
      return a >= b;
  }
  return false;
}

// Where 1 + exp(-x) overflows, or loses exp(x), exp(x) is the answer.
double sigmoid(double x) { return x < -40 ? std::exp(x) : 1 / (1 + std::exp(-x)); }

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double gelu(double x, bool tanhApproximation) {
  // 1/2 (1 + tanh(y)) = sigmoid(2 y), and 1/2 (1 + erf(y)) = 1/2 erfc(-y), which do not cancel.
  if (tanhApproximation) {
    return x * sigmoid(2 * std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x));
  }
  return x * (0.5 * std::erfc(-x / std::numbers::sqrt2));
}

// The value of a float as an integer type: truncated, saturated, NaN as zero.
int64_t saturated(double value, DType type) {
  if (std::isnan(value)) return 0;
  const int bits = dtypeBits(type);
  const double high = std::ldexp(1.0, isUnsigned(type) ? bits : bits - 1);
  if (value >= high) {
    return isUnsigned(type) ? static_cast<int64_t>(~uint64_t{0} >> (64 - bits))
                            : static_cast<int64_t>(~uint64_t{0} >> (65 - bits));
  }
  const double low = isUnsigned(type) ? 0 : -high;
  if (value < low) return isUnsigned(type) ? 0 : static_cast<int64_t>(low);
  return type == DType::kU64 ? static_cast<int64_t>(static_cast<uint64_t>(value))
                             : static_cast<int64_t>(value);
}

}  // namespace

#define MLC_EVALUATE(Op)                                                                   \
  llvm::LogicalResult Op::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&, \
                                   llvm::SmallVectorImpl<HostTensor>& results)
#define MLC_FLOAT_UNARY(Op, expression)                                                         \
  MLC_EVALUATE(Op) {                                                                            \
    return floatUnary(getResult(), x, results, [&](double a) -> double { return expression; }); \
  }
#define MLC_UNARY(Op, floating, integral)                                      \
  MLC_EVALUATE(Op) {                                                           \
    return unary(                                                              \
        getResult(), x, results, [&](double a) -> double { return floating; }, \
        [&](int64_t a) -> int64_t { return integral; });                       \
  }
#define MLC_BINARY(Op, floating, integral)                                               \
  MLC_EVALUATE(Op) {                                                                     \
    return binary(                                                                       \
        getResult(), x, results, [&](double a, double b) -> double { return floating; }, \
        [&](int64_t a, int64_t b) -> int64_t { return integral; });                      \
  }

MLC_UNARY(AbsOp, std::abs(a), isUnsigned(x[0].dtype()) ? a : std::abs(a))
MLC_UNARY(NegOp, -a, -a)
MLC_UNARY(SignOp, a > 0 ? 1 : a < 0 ? -1 : a, isUnsigned(x[0].dtype()) ? a != 0 : (a > 0) - (a < 0))
MLC_FLOAT_UNARY(ExpOp, std::exp(a))
MLC_FLOAT_UNARY(Expm1Op, std::expm1(a))
MLC_FLOAT_UNARY(LogOp, std::log(a))
MLC_FLOAT_UNARY(SqrtOp, std::sqrt(a))
MLC_FLOAT_UNARY(RsqrtOp, 1 / std::sqrt(a))
MLC_FLOAT_UNARY(ReciprocalOp, 1 / a)
MLC_FLOAT_UNARY(TanhOp, std::tanh(a))
MLC_FLOAT_UNARY(ErfOp, std::erf(a))
MLC_FLOAT_UNARY(SigmoidOp, sigmoid(a))
MLC_FLOAT_UNARY(SiluOp, a* sigmoid(a))
MLC_FLOAT_UNARY(SoftplusOp, softplus(a))
MLC_FLOAT_UNARY(MishOp, a* std::tanh(softplus(a)))
MLC_FLOAT_UNARY(SinOp, std::sin(a))
MLC_FLOAT_UNARY(CosOp, std::cos(a))
MLC_FLOAT_UNARY(TanOp, std::tan(a))
MLC_FLOAT_UNARY(AsinOp, std::asin(a))
MLC_FLOAT_UNARY(AcosOp, std::acos(a))
MLC_FLOAT_UNARY(AtanOp, std::atan(a))
MLC_FLOAT_UNARY(SinhOp, std::sinh(a))
MLC_FLOAT_UNARY(CoshOp, std::cosh(a))
MLC_FLOAT_UNARY(AsinhOp, std::asinh(a))
MLC_FLOAT_UNARY(AcoshOp, std::acosh(a))
MLC_FLOAT_UNARY(AtanhOp, std::atanh(a))
MLC_FLOAT_UNARY(CeilOp, std::ceil(a))
MLC_FLOAT_UNARY(FloorOp, std::floor(a))
MLC_FLOAT_UNARY(RoundOp, std::nearbyint(a))
MLC_FLOAT_UNARY(GeluOp, gelu(a, getTanhApproximation()))
MLC_UNARY(ReluOp, std::isnan(a) ? a : std::max(a, 0.0),
          isUnsigned(x[0].dtype()) ? a : std::max<int64_t>(a, 0))
MLC_UNARY(NotOp, 0, x[0].dtype() == DType::kBool ? !a : ~a)

MLC_EVALUATE(IsNanOp) {
  results.push_back(map(getResult(), x, [&](HostTensor& made, int64_t i, auto& at) {
    storeInteger(made, i, std::isnan(loadFloat(x[0], at[0])));
  }));
  return mlir::success();
}

MLC_EVALUATE(IsInfOp) {
  results.push_back(map(getResult(), x, [&](HostTensor& made, int64_t i, auto& at) {
    storeInteger(made, i, std::isinf(loadFloat(x[0], at[0])));
  }));
  return mlir::success();
}

MLC_BINARY(AddOp, a + b, static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)))
MLC_BINARY(SubOp, a - b, static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)))
MLC_BINARY(MulOp, a* b, static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)))
MLC_BINARY(MaxOp, withNan(a, b, std::max(a, b)), less(a, b, x[0].dtype()) ? b : a)
MLC_BINARY(MinOp, withNan(a, b, std::min(a, b)), less(b, a, x[0].dtype()) ? b : a)
MLC_BINARY(AndOp, 0, a& b)
MLC_BINARY(OrOp, 0, a | b)
MLC_BINARY(XorOp, 0, a ^ b)
MLC_BINARY(ShiftLeftOp, 0, shiftLeft(a, b, x[0].dtype()))
MLC_BINARY(ShiftRightOp, 0, shiftRight(a, b, x[0].dtype()))
MLC_BINARY(PowOp, std::pow(a, b), power(a, b, isUnsigned(x[0].dtype())))

MLC_EVALUATE(DivOp) {
  if (hasZero(x[1])) return emitError("divides an integer by zero");
  return binary(
      getResult(), x, results, [](double a, double b) { return a / b; },
      [&](int64_t a, int64_t b) {
        if (x[0].dtype() == DType::kU64) {
          return static_cast<int64_t>(static_cast<uint64_t>(a) / static_cast<uint64_t>(b));
        }
        return b == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(a)) : a / b;
      });
}

MLC_EVALUATE(ModOp) {
  if (hasZero(x[1])) return emitError("divides an integer by zero");
  return binary(
      getResult(), x, results, [](double a, double b) { return std::fmod(a, b); },
      [&](int64_t a, int64_t b) -> int64_t {
        if (x[0].dtype() == DType::kU64)
          return static_cast<int64_t>(static_cast<uint64_t>(a) % static_cast<uint64_t>(b));
        if (b == -1) return 0;
        const int64_t rest = a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      });
}

MLC_EVALUATE(CompareOp) {
  const DType type = x[0].dtype();
  results.push_back(map(getResult(), x, [&](HostTensor& made, int64_t i, auto& at) {
    if (isFloat(type)) {
      storeInteger(made, i, holds(getPredicate(), loadFloat(x[0], at[0]), loadFloat(x[1], at[1])));
      return;
    }
    const int64_t a = loadInteger(x[0], at[0]), b = loadInteger(x[1], at[1]);
    storeInteger(made, i,
                 holds<int>(getPredicate(), less(b, a, type) ? 1 : 0, less(a, b, type) ? 1 : 0));
  }));
  return mlir::success();
}

MLC_EVALUATE(SelectOp) {
  results.push_back(map(getResult(), x, [&](HostTensor& made, int64_t i, auto& at) {
    const int chosen = loadInteger(x[0], at[0]) ? 1 : 2;
    copyElement(made, i, x[chosen], at[chosen]);
  }));
  return mlir::success();
}

MLC_EVALUATE(CastOp) {
  const DType to = resultType(getResult());
  results.push_back(map(getResult(), x, [&](HostTensor& made, int64_t i, auto& at) {
    if (isFloat(to)) {
      storeFloat(made, i, loadNumber(x[0], at[0]),
                 {getSaturate(), static_cast<Conversion::Rounding>(getRounding())});
    } else if (!isFloat(x[0].dtype())) {
      storeInteger(made, i, loadInteger(x[0], at[0]));
    } else {
      const double value = loadFloat(x[0], at[0]);
      const DType through = isPacked(to) && !getSaturate() ? DType::kI32 : to;
      storeInteger(made, i, to == DType::kBool ? value != 0 : saturated(value, through));
    }
  }));
  return mlir::success();
}

}  // namespace mlc::graph
