#include "compiler/transforms/integer_terms.h"

#include <limits>

#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/constant_match.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

bool isZero(Value zeroPoint, const WeightTable& weights) {
  if (isSplat(zeroPoint, 0)) return true;
  auto weight = zeroPoint.getDefiningOp<WeightOp>();
  if (!weight || !weights.find(weight.getName().str())) return false;
  StatusOr<HostTensor> tensor = weights.load(weight.getName().str());
  if (!tensor.ok()) return false;
  llvm::StringRef bytes(tensor->data<char>(), tensor->bytes());
  return bytes.find_first_not_of('\0') == llvm::StringRef::npos;
}

}  // namespace

std::optional<IntegerSide> IntegerSide::of(Value operand, const std::string& letters,
                                           const ContractEquation& equation,
                                           const WeightTable& weights) {
  IntegerSide side{operand.getDefiningOp<DequantizeOp>(), letters, "", true};
  if (!side.op || side.op.getBlockSize() != 0 || !isa<IntegerType>(elementOf(side.stored())) ||
      elementOf(side.stored()).getIntOrFloatBitWidth() != 8) {
    return std::nullopt;
  }
  if (!shapeOf(side.scale()).empty()) {
    const auto rank = static_cast<int64_t>(letters.size());
    const int64_t axis = side.op.getAxis();
    side.scaleLetter = letters[axis < 0 ? axis + rank : axis];
    if (!equation.inResult(side.scaleLetter[0])) return std::nullopt;
  }
  side.hasZeroPoint = !isZero(side.zeroPoint(), weights);
  return side;
}

int64_t IntegerSide::magnitude() {
  return elementOf(stored()).isUnsignedInteger() || hasZeroPoint ? 255 : 128;
}

bool sumsFit(IntegerSide& lhs, IntegerSide& rhs, int64_t depth) {
  const int64_t most = std::numeric_limits<int32_t>::max();
  return depth <= most / (lhs.magnitude() * rhs.magnitude());
}

Value IntegerTerms::cast(Value value, Type elementType) {
  if (elementOf(value) == elementType) return value;
  return CastOp::create(rewriter_, location_, tensorType(shapeOf(value), elementType), value);
}

Value IntegerTerms::aligned(Value value, const std::string& letters) {
  std::string ordered;
  SmallVector<int64_t> permutation;
  for (char letter : equation_.result) {
    size_t at = letters.find(letter);
    if (at == std::string::npos) continue;
    ordered += letter;
    permutation.push_back(static_cast<int64_t>(at));
  }
  if (ordered.empty()) return value;
  if (ordered != letters) value = TransposeOp::create(rewriter_, location_, value, permutation);
  Shape shape = shapeOf(value), spread;
  for (char letter : equation_.result.substr(equation_.result.find(ordered.front()))) {
    size_t at = ordered.find(letter);
    spread.push_back(at == std::string::npos ? DimExpr(1) : shape[at]);
  }
  if (spread == shape) return value;
  return ReshapeOp::create(rewriter_, location_, tensorType(spread, elementOf(value)), value);
}

Value IntegerTerms::scale(IntegerSide& side) {
  return aligned(cast(side.scale(), rewriter_.getF32Type()), side.scaleLetter);
}

Value IntegerTerms::zeroPoint(IntegerSide& side) {
  return aligned(cast(side.zeroPoint(), rewriter_.getI32Type()), side.scaleLetter);
}

Value IntegerTerms::sum(IntegerSide& side) {
  std::string kept;
  SmallVector<int64_t> axes;
  for (auto [i, letter] : llvm::enumerate(side.letters)) {
    if (equation_.inResult(letter)) {
      kept += letter;
    } else {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  Value values = cast(side.stored(), rewriter_.getI32Type());
  Value sums = ReduceOp::create(rewriter_, location_, values, ReduceKind::sum, axes, false);
  return aligned(sums, kept);
}

Value IntegerTerms::number(int64_t value) {
  auto type = RankedTensorType::get({}, rewriter_.getI32Type());
  auto attribute = DenseElementsAttr::get(type, static_cast<int32_t>(value));
  return ConstantOp::create(rewriter_, location_, mlir::cast<ElementsAttr>(attribute));
}

Value IntegerTerms::scaled(Value sums, IntegerSide& lhs, IntegerSide& rhs) {
  Value left = scale(lhs), right = scale(rhs);
  // One after the other: the scales' product may overflow or underflow where the result does not.
  return binary<MulOp>(binary<MulOp>(cast(sums, rewriter_.getF32Type()), left), right);
}

}  // namespace mlc::transforms
