#include "compiler/conversion/graph_to_kernels/decompose_attention.h"

#include <limits>
#include <string>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mlc::conversion {
namespace {

using graph::Shape;
using graph::shapeOf;
using mlir::Value;

// Emits the parts of one attention op.
class Decomposition {
 public:
  Decomposition(graph::AttentionOp op, mlir::IRRewriter& rewriter)
      : op_(op),
        rewriter_(rewriter),
        loc_(op.getLoc()),
        element_(isNarrow(elementOf(op.getQuery())) ? rewriter.getF32Type()
                                                    : elementOf(op.getQuery())),
        query_(shapeOf(op.getQuery())),
        key_(shapeOf(op.getKey())) {}

  Value emit() {
    const bool grouped = !(query_[1] == key_[1]);
    const DimExpr group = grouped ? floorDiv(query_[1], key_[1]) : DimExpr(1);
    Value query = wide(op_.getQuery());
    if (grouped) query = reshape(query, {query_[0], key_[1], group, query_[2], query_[3]});
    Value scores =
        contract(query, grouped ? "bhgqd" : "bhqd", op_.getKey(), grouped ? "bhgqk" : "bhqk");
    scores =
        graph::MulOp::create(rewriter_, loc_, scores, scalar(op_.getScale().convertToDouble()));
    if (Value keep = op_.getKeep()) {
      scores = graph::SelectOp::create(rewriter_, loc_, grouped ? groupedMask(keep, group) : keep,
                                       scores, scalar(op_.getFill()->convertToDouble()));
    }
    if (Value mask = op_.getMask()) {
      mask = wide(mask);
      scores =
          graph::AddOp::create(rewriter_, loc_, scores, grouped ? groupedMask(mask, group) : mask);
    }
    if (op_.getCausal()) scores = maskFuture(scores);
    const int64_t axis = grouped ? 4 : 3;
    Value weights =
        graph::SoftmaxOp::create(rewriter_, loc_, scores, axis, false, op_.getZeroMasked());
    Value result =
        contract(weights, grouped ? "bhgqk" : "bhqk", op_.getValue(), grouped ? "bhgqd" : "bhqd");
    if (grouped) result = reshape(result, shapeOf(op_.getResult()));
    return cast(result, elementOf(op_.getResult()));
  }

 private:
  static mlir::Type elementOf(Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
  }
  static bool isNarrow(mlir::Type type) { return type.isF16() || type.isBF16(); }

  Value cast(Value value, mlir::Type element) {
    if (elementOf(value) == element) return value;
    return graph::CastOp::create(rewriter_, loc_, graph::tensorType(shapeOf(value), element),
                                 value);
  }
  Value wide(Value value) { return cast(value, element_); }

  // With keys or values, of dims "bhkd": where they are a transpose, as those of a state, the
  // contraction reads what is transposed.
  Value contract(Value lhs, const std::string& lhsLetters, Value rhs, const std::string& result) {
    std::string letters = "bhkd";
    if (auto transpose = rhs.getDefiningOp<graph::TransposeOp>()) {
      for (auto [i, dim] : llvm::enumerate(transpose.getPermutation())) letters[dim] = "bhkd"[i];
      rhs = transpose.getInput();
    }
    return graph::ContractOp::create(rewriter_, loc_, lhs, wide(rhs),
                                     lhsLetters + "," + letters + "->" + result);
  }

  Value reshape(Value value, const Shape& shape) {
    return graph::ReshapeOp::create(rewriter_, loc_, graph::tensorType(shape, elementOf(value)),
                                    value);
  }

  Value scalar(double value) {
    auto type = mlir::RankedTensorType::get({}, element_);
    auto attribute = mlir::DenseElementsAttr::get(type, rewriter_.getFloatAttr(element_, value));
    return graph::ConstantOp::create(rewriter_, loc_, mlir::cast<mlir::ElementsAttr>(attribute));
  }

  // A mask over [batch, heads, q, k], as one over [batch, kv_heads, group, q, k].
  Value groupedMask(Value mask, const DimExpr& group) {
    Shape shape = shapeOf(mask);
    while (shape.size() < 4) shape.insert(shape.begin(), DimExpr(1));
    const bool perHead = !(shape[1] == DimExpr(1));
    return reshape(mask, {shape[0], perHead ? key_[1] : DimExpr(1), perHead ? group : DimExpr(1),
                          shape[2], shape[3]});
  }

  // Scores of keys after a query's own position become minus infinity.
  Value maskFuture(Value scores) {
    auto i64 = rewriter_.getI64Type();
    auto columns = graph::tensorType({DimExpr(1), key_[2]}, i64);
    auto rows = graph::tensorType({query_[2], DimExpr(1)}, i64);
    Value key = graph::IotaOp::create(rewriter_, loc_, columns, 1);
    Value query = graph::IotaOp::create(rewriter_, loc_, rows, 0);
    Value offset = graph::SizeOp::create(
        rewriter_, loc_, graph::dimsAttr(rewriter_.getContext(), {key_[2] - query_[2]}));
    Value last = graph::AddOp::create(rewriter_, loc_, query, offset);
    Value visible = graph::CompareOp::create(rewriter_, loc_, key, last, graph::Predicate::le);
    return graph::SelectOp::create(rewriter_, loc_, visible, scores,
                                   scalar(-std::numeric_limits<double>::infinity()));
  }

  graph::AttentionOp op_;
  mlir::IRRewriter& rewriter_;
  mlir::Location loc_;
  mlir::Type element_;  // of the scores: f32 at least
  Shape query_, key_;
};

struct DecomposeAttention
    : mlir::PassWrapper<DecomposeAttention, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DecomposeAttention)

  explicit DecomposeAttention(const KernelPolicy& policy)
      : keepsAttention_(policy.keepsAttention) {}

  llvm::StringRef getArgument() const override { return "decompose-attention"; }
  llvm::StringRef getDescription() const override {
    return "Decompose attention into contractions and a softmax";
  }

  void runOnOperation() override {
    llvm::SmallVector<graph::AttentionOp> ops;
    getOperation().walk([&](graph::AttentionOp op) {
      if (!keepsAttention_ || !keepsAttention_(op)) ops.push_back(op);
    });
    mlir::IRRewriter rewriter(&getContext());
    for (graph::AttentionOp op : ops) {
      rewriter.setInsertionPoint(op);
      const Value operands[] = {op.getKey(), op.getValue()};
      rewriter.replaceOp(op, Decomposition(op, rewriter).emit());
      for (Value operand : operands) {
        mlir::Operation* transpose = operand.getDefiningOp<graph::TransposeOp>();
        if (transpose && mlir::isOpTriviallyDead(transpose)) rewriter.eraseOp(transpose);
      }
    }
  }

 private:
  std::function<bool(graph::AttentionOp)> keepsAttention_;
};

}  // namespace

std::unique_ptr<mlir::Pass> createDecomposeAttentionPass(const KernelPolicy& policy) {
  return std::make_unique<DecomposeAttention>(policy);
}

}  // namespace mlc::conversion
