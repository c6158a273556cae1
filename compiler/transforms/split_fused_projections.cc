#include "compiler/transforms/split_fused_projections.h"

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// Nothing in a loop or branch is split between ranks, and what it slices is computed once, before
// it.
bool isOnlySliced(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [](Operation* user) {
    return isa<SliceOp>(user) && isa<func::FuncOp>(user->getParentOp());
  });
}

bool hasUnitSteps(SliceOp slice) {
  return llvm::all_of(slice.getSteps(), [](int64_t step) { return step == 1; });
}

// What a slice with constant bounds takes along the only dim that it cuts.
struct Cut {
  int64_t dim = 0, start = 0, size = 0;
};

std::optional<Cut> cutOf(SliceOp slice) {
  if (!hasUnitSteps(slice)) return std::nullopt;
  Shape input = shapeOf(slice.getInput()), result = shapeOf(slice.getResult()),
        starts = exprsOf(slice.getStarts());
  std::optional<Cut> cut;
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == result[i] && starts[i].constant() == 0) continue;
    if (cut || !starts[i].isConstant() || !result[i].isConstant() || !input[i].isConstant())
      return std::nullopt;
    cut = Cut{static_cast<int64_t>(i), *starts[i].constant(), *result[i].constant()};
  }
  return cut;
}

SliceOp createSlice(PatternRewriter& rewriter, Location location, Value input, const Cut& cut) {
  Shape shape = shapeOf(input), starts(shape.size(), DimExpr(0));
  shape[cut.dim] = cut.size;
  starts[cut.dim] = cut.start;
  SmallVector<int64_t> steps(shape.size(), 1);
  return SliceOp::create(
      rewriter, location,
      tensorType(shape, cast<RankedTensorType>(input.getType()).getElementType()), input,
      dimsAttr(rewriter.getContext(), starts), steps);
}

// slice(transpose(x)) = transpose(slice(x)).
struct SliceBeforeTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter& rewriter) const override {
    auto transpose = op.getInput().getDefiningOp<TransposeOp>();
    std::optional<Cut> cut = cutOf(op);
    if (!transpose || !cut || !isOnlySliced(transpose.getResult())) return failure();
    cut->dim = transpose.getPermutation()[cut->dim];
    Value slice = createSlice(rewriter, op.getLoc(), transpose.getInput(), *cut);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, slice, transpose.getPermutation());
    return success();
  }
};

// slice(reshape(x)) = reshape(slice(x)) where the sliced dim is, or is the outermost part of, a dim
// of x.
struct SliceBeforeReshape : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter& rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
    std::optional<Cut> cut = cutOf(op);
    if (!reshape || !cut || !isOnlySliced(reshape.getResult())) return failure();
    Shape before = shapeOf(reshape.getInput()), after = shapeOf(reshape.getResult());
    DimExpr outer = elementCount(ArrayRef(after).take_front(cut->dim));
    for (size_t dim = 0; dim < before.size(); ++dim) {
      if (!(elementCount(ArrayRef(before).take_front(dim)) == outer)) continue;
      DimExpr inner = 1;
      for (size_t end = cut->dim + 1; end <= after.size(); ++end) {
        bool isWhole = after[cut->dim] * inner == before[dim];
        if (isWhole && inner.isConstant()) {
          int64_t factor = *inner.constant();
          Cut moved{static_cast<int64_t>(dim), cut->start * factor, cut->size * factor};
          Value slice = createSlice(rewriter, op.getLoc(), reshape.getInput(), moved);
          rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), slice);
          return success();
        }
        if (end < after.size()) inner = inner * after[end];
      }
    }
    return failure();
  }
};

class SplitContract : public OpRewritePattern<ContractOp> {
 public:
  SplitContract(MLIRContext* context, WeightTable* weights)
      : OpRewritePattern(context), weights_(weights) {}

  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter& rewriter) const override {
    bool weightIsRhs = static_cast<bool>(op.getRhs().getDefiningOp<WeightOp>());
    Value weight = weightIsRhs ? op.getRhs() : op.getLhs(),
          activation = weightIsRhs ? op.getLhs() : op.getRhs();
    if (!weight.getDefiningOp<WeightOp>() || activation.getDefiningOp<WeightOp>()) return failure();

    SmallVector<AddOp> biases;
    Value value = op.getResult();
    while (value.hasOneUse()) {
      auto add = dyn_cast<AddOp>(*value.getUsers().begin());
      if (!add || add.getType() != op.getType() || !biasOf(add, value)) break;
      biases.push_back(add);
      value = add.getResult();
    }
    SmallVector<std::pair<Cut, SliceOp>> slices;
    if (!findSlices(value, slices)) return failure();

    ContractEquation equation = *ContractEquation::parse(op.getEquation());
    int64_t dim = slices.front().first.dim;
    const std::string &weightLetters = weightIsRhs ? equation.rhs : equation.lhs,
                      &activationLetters = weightIsRhs ? equation.lhs : equation.rhs;
    size_t weightDim = weightLetters.find(equation.result[dim]);
    if (weightDim == std::string::npos ||
        activationLetters.find(equation.result[dim]) != std::string::npos)
      return failure();

    for (auto [cut, slice] : slices) {
      rewriter.setInsertionPoint(slice);
      Value part = partOf(weight, {static_cast<int64_t>(weightDim), cut.start, cut.size}, rewriter);
      Value result = ContractOp::create(rewriter, op.getLoc(), weightIsRhs ? activation : part,
                                        weightIsRhs ? part : activation, op.getEquationAttr());
      Value before = op.getResult();
      for (AddOp add : biases) {
        Value bias = biasOf(add, before);
        int64_t biasRank = cast<RankedTensorType>(bias.getType()).getRank();
        int64_t biasDim = dim - (op.getType().getRank() - biasRank);
        if (biasDim >= 0 && cast<RankedTensorType>(bias.getType()).getDimSize(biasDim) != 1) {
          bias = partOf(bias, {biasDim, cut.start, cut.size}, rewriter);
        }
        result = AddOp::create(rewriter, add.getLoc(), result, bias);
        before = add.getResult();
      }
      rewriter.replaceOp(slice, result);
    }
    return success();
  }

 private:
  // The weight or constant that is added to `value`.
  static Value biasOf(AddOp add, Value value) {
    Value bias = add.getLhs() == value ? add.getRhs() : add.getLhs();
    Operation* op = bias.getDefiningOp();
    return op && op->hasTrait<Parameter>() ? bias : Value();
  }

  // The slices of a value, in order, if it is only used by disjoint ones along the same dim.
  static bool findSlices(Value value, SmallVector<std::pair<Cut, SliceOp>>& slices) {
    if (!isOnlySliced(value)) return false;
    for (Operation* user : value.getUsers()) {
      std::optional<Cut> cut = cutOf(cast<SliceOp>(user));
      if (!cut) return false;
      slices.emplace_back(*cut, cast<SliceOp>(user));
    }
    llvm::sort(slices, [](const auto& a, const auto& b) { return a.first.start < b.first.start; });
    for (size_t i = 1; i < slices.size(); ++i) {
      const Cut &previous = slices[i - 1].first, &cut = slices[i].first;
      if (cut.dim != previous.dim || cut.start < previous.start + previous.size) return false;
    }
    return slices.size() > 1;
  }

  // A part of a weight or constant: another weight if the table has it, else a slice.
  Value partOf(Value whole, const Cut& cut, PatternRewriter& rewriter) const {
    auto type = cast<RankedTensorType>(whole.getType());
    auto weight = whole.getDefiningOp<WeightOp>();
    if (weight && weights_->find(weight.getName().str())) {
      std::vector<int64_t> offsets(type.getRank(), 0),
          sizes(type.getShape().begin(), type.getShape().end());
      offsets[cut.dim] = cut.start;
      sizes[cut.dim] = cut.size;
      StatusOr<std::string> name = weights_->addSlice(weight.getName().str(), offsets, sizes);
      if (name.ok()) {
        return WeightOp::create(rewriter, weight.getLoc(),
                                RankedTensorType::get(sizes, type.getElementType()), *name);
      }
    }
    return createSlice(rewriter, whole.getLoc(), whole, cut);
  }

  WeightTable* weights_;
};

class SplitFusedProjections : public PassWrapper<SplitFusedProjections, OperationPass<ModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SplitFusedProjections)
  explicit SplitFusedProjections(WeightTable* weights) : weights_(weights) {}
  SplitFusedProjections(const SplitFusedProjections& other)
      : PassWrapper(other), weights_(other.weights_) {}
  StringRef getArgument() const override { return "split-fused-projections"; }
  StringRef getDescription() const override {
    return "Makes several contractions of one that is only used in slices";
  }
  void getDependentDialects(DialectRegistry& registry) const override {
    registry.insert<GraphDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SliceBeforeTranspose, SliceBeforeReshape>(&getContext());
    patterns.add<SplitContract>(&getContext(), weights_);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }

 private:
  WeightTable* weights_;
};

}  // namespace

std::unique_ptr<Pass> createSplitFusedProjectionsPass(WeightTable* weights) {
  return std::make_unique<SplitFusedProjections>(weights);
}

}  // namespace mlc::transforms
