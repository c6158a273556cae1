#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/simplify.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

bool isIdentity(ArrayRef<int64_t> permutation) {
  return llvm::all_of(llvm::enumerate(permutation), [](auto entry) {
    return entry.value() == static_cast<int64_t>(entry.index());
  });
}

// A transpose of a transpose is one; one that keeps the order of all dims but those of size 1 is a
// reshape or nothing.
struct SimplifyTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter& rewriter) const override {
    ArrayRef<int64_t> permutation = op.getPermutation();
    if (isIdentity(permutation)) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    if (auto inner = op.getInput().getDefiningOp<TransposeOp>()) {
      SmallVector<int64_t> composed;
      for (int64_t dim : permutation) composed.push_back(inner.getPermutation()[dim]);
      rewriter.replaceOpWithNewOp<TransposeOp>(op, inner.getInput(), composed);
      return success();
    }
    ArrayRef<int64_t> sizes = op.getInput().getType().getShape();
    SmallVector<int64_t> moved;
    llvm::copy_if(permutation, std::back_inserter(moved),
                  [&](int64_t dim) { return sizes[dim] != 1; });
    if (!llvm::is_sorted(moved)) return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

struct SimplifyReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter& rewriter) const override {
    if (op.getInput().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    if (auto inner = op.getInput().getDefiningOp<ReshapeOp>()) {
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getInput());
      return success();
    }
    auto constant = op.getInput().getDefiningOp<ConstantOp>();
    auto value = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
    if (!value) return failure();
    rewriter.replaceOpWithNewOp<ConstantOp>(op, value.reshape(op.getType()));
    return success();
  }
};

struct SimplifyBroadcast : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op, PatternRewriter& rewriter) const override {
    if (op.getInput().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    Shape before = shapeOf(op.getInput()), after = shapeOf(op.getResult());
    if (auto inner = op.getInput().getDefiningOp<BroadcastOp>()) {
      rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getInput());
      return success();
    }
    bool addsOnlyOnes = llvm::all_of(ArrayRef(after).drop_back(before.size()),
                                     [](const DimExpr& dim) { return dim.constant() == 1; }) &&
                        ArrayRef(after).take_back(before.size()) == ArrayRef(before);
    if (!addsOnlyOnes) return failure();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

bool isUnitStep(ArrayRef<int64_t> steps) {
  return llvm::all_of(steps, [](int64_t step) { return step == 1; });
}

struct SimplifySlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter& rewriter) const override {
    Shape starts = exprsOf(op.getStarts());
    bool isFromZero =
        llvm::all_of(starts, [](const DimExpr& start) { return start.constant() == 0; });
    if (op.getInput().getType() == op.getType() && isFromZero && isUnitStep(op.getSteps())) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    if (auto inner = op.getInput().getDefiningOp<SliceOp>())
      return composeSlices(op, inner, starts, rewriter);
    if (auto concat = op.getInput().getDefiningOp<ConcatOp>())
      return sliceOperand(op, concat, starts, rewriter);
    return failure();
  }

 private:
  static LogicalResult composeSlices(SliceOp op, SliceOp inner, Shape starts,
                                     PatternRewriter& rewriter) {
    Shape innerStarts = exprsOf(inner.getStarts());
    SmallVector<int64_t> steps;
    for (size_t i = 0; i < starts.size(); ++i) {
      starts[i] = innerStarts[i] + starts[i] * inner.getSteps()[i];
      steps.push_back(op.getSteps()[i] * inner.getSteps()[i]);
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getInput(),
                                         dimsAttr(op.getContext(), starts), steps);
    return success();
  }

  // A slice of a concatenation that lies in one of its operands.
  static LogicalResult sliceOperand(SliceOp op, ConcatOp concat, Shape starts,
                                    PatternRewriter& rewriter) {
    int64_t axis = concat.getAxis();
    if (op.getSteps()[axis] != 1) return failure();
    DimExpr length = shapeOf(op.getResult())[axis], begin = 0;
    for (Value input : concat.getInputs()) {
      DimExpr size = shapeOf(input)[axis];
      std::optional<int64_t> low = (starts[axis] - begin).constant();
      std::optional<int64_t> high = (begin + size - starts[axis] - length).constant();
      if (low && high && *low >= 0 && *high >= 0) {
        starts[axis] = *low;
        rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), input,
                                             dimsAttr(op.getContext(), starts), op.getSteps());
        return success();
      }
      begin = begin + size;
    }
    return failure();
  }
};

// Slices of one tensor that follow each other along `axis`, and nothing else, are the tensor's
// slice from the first to the last.
Value joinSlices(ConcatOp op, PatternRewriter& rewriter) {
  auto first = op.getInputs().front().getDefiningOp<SliceOp>();
  if (!first || op.getInputs().size() < 2) return {};
  int64_t axis = op.getAxis();
  Shape starts = exprsOf(first.getStarts());
  DimExpr next = starts[axis];
  for (Value input : op.getInputs()) {
    auto slice = input.getDefiningOp<SliceOp>();
    if (!slice || slice.getInput() != first.getInput() || slice.getSteps() != first.getSteps() ||
        slice.getSteps()[axis] != 1) {
      return {};
    }
    Shape expected = starts, actual = exprsOf(slice.getStarts());
    expected[axis] = next;
    if (actual != expected) return {};
    next = next + shapeOf(input)[axis];
  }
  return SliceOp::create(rewriter, op.getLoc(), op.getType(), first.getInput(), first.getStarts(),
                         first.getSteps());
}

struct SimplifyConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter& rewriter) const override {
    SmallVector<Value> inputs;
    bool changed = false;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<ConcatOp>();
      bool isEmpty = shapeOf(input)[op.getAxis()].constant() == 0;
      if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse()) {
        llvm::append_range(inputs, inner.getInputs());
        changed = true;
      } else if (isEmpty && op.getInputs().size() > 1) {
        changed = true;
      } else {
        inputs.push_back(input);
      }
    }
    if (inputs.empty()) return failure();
    if (inputs.size() == 1 && inputs[0].getType() == op.getType()) {
      rewriter.replaceOp(op, inputs[0]);
      return success();
    }
    if (changed) {
      DimExpr length = 0;
      for (Value input : inputs) length = length + shapeOf(input)[op.getAxis()];
      if (!(length == shapeOf(op.getResult())[op.getAxis()])) return failure();
      rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, op.getAxis());
      return success();
    }
    if (Value joined = joinSlices(op, rewriter)) {
      rewriter.replaceOp(op, joined);
      return success();
    }
    return failure();
  }
};

struct RemoveEmptyPad : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter& rewriter) const override {
    auto isZero = [](int64_t padding) { return padding == 0; };
    if (!llvm::all_of(op.getLow(), isZero) || !llvm::all_of(op.getHigh(), isZero)) return failure();
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

// A gather at one constant index is a slice.
struct GatherAtConstant : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter& rewriter) const override {
    auto constant = op.getIndices().getDefiningOp<ConstantOp>();
    auto indices =
        constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue()) : DenseIntElementsAttr();
    if (!indices || indices.getNumElements() != 1) return failure();
    Shape shape = shapeOf(op.getInput());
    int64_t axis = op.getAxis(), index = (*indices.value_begin<APInt>()).getSExtValue();
    DimExpr start = index < 0 ? shape[axis] + index : DimExpr(index);
    if (shape[axis].constant() &&
        (*shape[axis].constant() <= index || *shape[axis].constant() < -index)) {
      return failure();
    }
    Shape starts(shape.size(), DimExpr(0));
    starts[axis] = start;
    shape[axis] = 1;
    SmallVector<int64_t> steps(shape.size(), 1);
    Value slice =
        SliceOp::create(rewriter, op.getLoc(), tensorType(shape, op.getType().getElementType()),
                        op.getInput(), dimsAttr(op.getContext(), starts), steps);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), slice);
    return success();
  }
};

}  // namespace

void populateMovementPatterns(RewritePatternSet& patterns) {
  patterns.add<SimplifyTranspose, SimplifyReshape, SimplifyBroadcast, SimplifySlice, SimplifyConcat,
               RemoveEmptyPad, GatherAtConstant>(patterns.getContext());
}

}  // namespace mlc::transforms
