#include "compiler/transforms/integer_contractions.h"

#include <limits>

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/constant_match.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// One operand of a contraction as it is stored.
struct Side {
  DequantizeOp op;
  std::string letters;      // of the operand
  std::string scaleLetter;  // of scale and zero point; empty: scalars
  bool hasZeroPoint = false;

  Value stored() { return op.getInput(); }
  Value scale() { return op.getScale(); }
  Value zeroPoint() { return op.getZeroPoint(); }

  // The largest magnitude of a stored value less its zero point.
  int64_t magnitude() {
    auto type = cast<RankedTensorType>(stored().getType()).getElementType();
    return type.isUnsignedInteger() || hasZeroPoint ? 255 : 128;
  }
};

// Builds the terms of the result, in the order of its dims.
class Terms {
 public:
  Terms(PatternRewriter& rewriter, Location location, const ContractEquation& equation)
      : rewriter_(rewriter), location_(location), equation_(equation) {}

  Value cast(Value value, Type elementType) {
    if (mlir::cast<RankedTensorType>(value.getType()).getElementType() == elementType) return value;
    return CastOp::create(rewriter_, location_, tensorType(shapeOf(value), elementType), value);
  }
  Value asI32(Value value) { return cast(value, rewriter_.getI32Type()); }

  // A tensor with these dims, each of which the result has, so that it broadcasts to the result.
  Value aligned(Value value, const std::string& letters) {
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
    Type element = mlir::cast<RankedTensorType>(value.getType()).getElementType();
    return ReshapeOp::create(rewriter_, location_, tensorType(spread, element), value);
  }

  Value scale(Side& side) {
    return aligned(cast(side.scale(), rewriter_.getF32Type()), side.scaleLetter);
  }
  Value zeroPoint(Side& side) {
    return aligned(asI32(side.zeroPoint()), side.scaleLetter);
  }

  // The stored values, summed over the dims that the contraction sums.
  Value sum(Side& side) {
    std::string kept;
    SmallVector<int64_t> axes;
    for (auto [i, letter] : llvm::enumerate(side.letters)) {
      if (equation_.inResult(letter)) {
        kept += letter;
      } else {
        axes.push_back(static_cast<int64_t>(i));
      }
    }
    Value values = asI32(side.stored());
    Value sums = ReduceOp::create(rewriter_, location_, values, ReduceKind::sum, axes, false);
    return aligned(sums, kept);
  }

  Value number(int64_t value) {
    auto type = RankedTensorType::get({}, rewriter_.getI32Type());
    auto bits = static_cast<int32_t>(value);
    return ConstantOp::create(rewriter_, location_,
                              mlir::cast<ElementsAttr>(DenseElementsAttr::get(type, bits)));
  }

  template <typename Op>
  Value binary(Value a, Value b) {
    return Op::create(rewriter_, location_, a, b);
  }

 private:
  PatternRewriter& rewriter_;
  Location location_;
  const ContractEquation& equation_;
};

class ContractStoredValues : public OpRewritePattern<ContractOp> {
 public:
  ContractStoredValues(MLIRContext* context, const WeightTable* weights)
      : OpRewritePattern(context), weights_(weights) {}

  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    ContractEquation equation = *ContractEquation::parse(op.getEquation());
    std::optional<Side> lhs = sideOf(op.getLhs(), equation.lhs, equation),
                        rhs = sideOf(op.getRhs(), equation.rhs, equation);
    std::optional<int64_t> depth = depthOf(op, equation);
    if (!lhs || !rhs || !depth) return failure();
    const int64_t most = std::numeric_limits<int32_t>::max();
    if (*depth > most / (lhs->magnitude() * rhs->magnitude())) return failure();

    Terms terms(rewriter, op.getLoc(), equation);
    Value sums = ContractOp::create(rewriter, op.getLoc(), lhs->stored(), rhs->stored(),
                                    op.getEquationAttr());
    auto correct = [&](Side& zero, Side& summed) {
      if (!zero.hasZeroPoint) return;
      Value zeroPoint = terms.zeroPoint(zero), sum = terms.sum(summed);
      sums = terms.binary<SubOp>(sums, terms.binary<MulOp>(zeroPoint, sum));
    };
    correct(*lhs, *rhs);
    correct(*rhs, *lhs);
    if (lhs->hasZeroPoint && rhs->hasZeroPoint) {
      Value left = terms.zeroPoint(*lhs), right = terms.zeroPoint(*rhs);
      Value product = terms.binary<MulOp>(left, right), count = terms.number(*depth);
      sums = terms.binary<AddOp>(sums, terms.binary<MulOp>(product, count));
    }
    Value left = terms.scale(*lhs), right = terms.scale(*rhs);
    Value scale = terms.binary<MulOp>(left, right);
    Value real = terms.binary<MulOp>(terms.cast(sums, rewriter.getF32Type()), scale);
    rewriter.replaceOp(op, terms.cast(real, op.getType().getElementType()));
    return success();
  }

 private:
  std::optional<Side> sideOf(Value operand, const std::string& letters,
                             const ContractEquation& equation) const {
    Side side{operand.getDefiningOp<DequantizeOp>(), letters, "", true};
    if (!side.op) return std::nullopt;
    auto stored = cast<RankedTensorType>(side.stored().getType()).getElementType();
    if (stored.getIntOrFloatBitWidth() != 8) return std::nullopt;
    if (!shapeOf(side.scale()).empty()) {
      const auto rank = static_cast<int64_t>(letters.size());
      const int64_t axis = side.op.getAxis();
      side.scaleLetter = letters[axis < 0 ? axis + rank : axis];
      if (!equation.inResult(side.scaleLetter[0])) return std::nullopt;
    }
    side.hasZeroPoint = !isZero(side.zeroPoint());
    return side;
  }

  // How many products each sum has; none if that is not known, or a dim is summed alone.
  static std::optional<int64_t> depthOf(ContractOp op, const ContractEquation& equation) {
    Shape lhs = shapeOf(op.getLhs()), rhs = shapeOf(op.getRhs());
    int64_t depth = 1;
    for (char letter : equation.letters()) {
      if (equation.inResult(letter)) continue;
      size_t inLhs = equation.lhs.find(letter), inRhs = equation.rhs.find(letter);
      if (inLhs == std::string::npos || inRhs == std::string::npos) return std::nullopt;
      std::optional<int64_t> size = lhs[inLhs].constant();
      if (!size) size = rhs[inRhs].constant();
      if (!size) return std::nullopt;
      depth *= *size;
    }
    return depth;
  }

  bool isZero(Value zeroPoint) const {
    if (isSplat(zeroPoint, 0)) return true;
    auto weight = zeroPoint.getDefiningOp<WeightOp>();
    if (!weight || !weights_->find(weight.getName().str())) return false;
    StatusOr<HostTensor> tensor = weights_->load(weight.getName().str());
    if (!tensor.ok()) return false;
    llvm::StringRef bytes(tensor->data<char>(), tensor->bytes());
    return bytes.find_first_not_of('\0') == llvm::StringRef::npos;
  }

  const WeightTable* weights_;
};

class IntegerContractions : public PassWrapper<IntegerContractions, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(IntegerContractions)
  explicit IntegerContractions(const WeightTable* weights) : weights_(weights) {}
  IntegerContractions(const IntegerContractions& other)
      : PassWrapper(other), weights_(other.weights_) {}
  StringRef getArgument() const override { return "integer-contractions"; }
  StringRef getDescription() const override {
    return "Computes products of quantized tensors in integers";
  }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<GraphDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ContractStoredValues>(&getContext(), weights_);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }

 private:
  const WeightTable* weights_;
};

}  // namespace

std::unique_ptr<Pass> createIntegerContractionsPass(const WeightTable* weights) {
  return std::make_unique<IntegerContractions>(weights);
}

}  // namespace mlc::transforms
