#include "compiler/dialect/graph/shape.h"
#include "compiler/transforms/integer_terms.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

// The dims of a convolution as an equation's letters. Every filter element of an output channel is
// summed; the spatial dims of input and filter have no letters in common with those of the result.
struct ConvLetters {
  std::string input, filter;
  ContractEquation equation;  // only its result counts

  explicit ConvLetters(size_t rank) {
    const size_t spatial = rank - 2;
    input = "nc" + std::string("ghi").substr(0, spatial);
    filter = "od" + std::string("klm").substr(0, spatial);
    equation.result = "no" + std::string("xyz").substr(0, spatial);
  }
};

class ConvolveStoredValues : public OpRewritePattern<ConvOp> {
 public:
  ConvolveStoredValues(MLIRContext* context, const WeightTable* weights)
      : OpRewritePattern(context), weights_(weights) {}

  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter& rewriter) const override {
    const size_t rank = shapeOf(op.getFilter()).size();
    if (rank > 5) return failure();
    const ConvLetters letters(rank);
    std::optional<IntegerSide> input = IntegerSide::of(op.getInput(), letters.input,
                                                       letters.equation, *weights_),
                               filter = IntegerSide::of(op.getFilter(), letters.filter,
                                                        letters.equation, *weights_);
    std::optional<int64_t> depth =
        elementCount(ArrayRef(shapeOf(op.getFilter())).drop_front()).constant();
    // The input's zero points must be one number, to be subtracted from every window; the filter's
    // 0: sums over windows would cost as much as the convolution.
    if (!input || !filter || !depth || !input->scaleLetter.empty() || filter->hasZeroPoint)
      return failure();
    if (!sumsFit(*input, *filter, *depth)) return failure();

    IntegerTerms terms(rewriter, op.getLoc(), letters.equation);
    SmallVector<int64_t> padsLow(op.getPadsLow()), padsHigh(op.getPadsHigh());
    Value stored = input->stored();
    if (input->hasZeroPoint) stored = padded(op, *input, padsLow, padsHigh, rewriter);
    Value sums =
        ConvOp::create(rewriter, op.getLoc(), stored, filter->stored(), Value(), op.getStrides(),
                       padsLow, padsHigh, op.getDilations(), op.getGroups());
    if (input->hasZeroPoint) {
      Value zeroPoint = terms.zeroPoint(*input), sum = terms.sum(*filter);
      sums = terms.binary<SubOp>(sums, terms.binary<MulOp>(zeroPoint, sum));
    }
    Value real = terms.scaled(sums, *input, *filter);
    if (op.getBias()) {
      Value bias = terms.cast(op.getBias(), rewriter.getF32Type());
      real = terms.binary<AddOp>(real, terms.aligned(bias, "o"));
    }
    rewriter.replaceOp(op, terms.cast(real, op.getType().getElementType()));
    return success();
  }

 private:
  // The stored input with what stands for 0 around it; there is no other padding then.
  static Value padded(ConvOp op, IntegerSide& input, SmallVector<int64_t>& padsLow,
                      SmallVector<int64_t>& padsHigh, PatternRewriter& rewriter) {
    auto isZero = [](int64_t pad) { return pad == 0; };
    if (llvm::all_of(padsLow, isZero) && llvm::all_of(padsHigh, isZero)) return input.stored();
    SmallVector<int64_t> low{0, 0}, high{0, 0};
    low.append(padsLow);
    high.append(padsHigh);
    padsLow.assign(padsLow.size(), 0);
    padsHigh.assign(padsHigh.size(), 0);
    return PadOp::create(rewriter, op.getLoc(), input.stored(), input.zeroPoint(), low, high,
                         PadMode::constant);
  }

  const WeightTable* weights_;
};

}  // namespace

void populateIntegerConvolutionPatterns(RewritePatternSet& patterns, const WeightTable* weights) {
  patterns.add<ConvolveStoredValues>(patterns.getContext(), weights);
}

}  // namespace mlc::transforms
