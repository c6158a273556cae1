#include "compiler/conversion/graph_to_kernels/operand_checks.h"

#include <numeric>
#include <set>
#include <string>
#include <tuple>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/node_name.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {
namespace {

using mlir::Value;

// Whether all values are known and hold.
bool allOf(Value tensor, llvm::function_ref<bool(int64_t)> holds) {
  auto constant = tensor.getDefiningOp<graph::ConstantOp>();
  if (!constant) return false;
  auto values = mlir::cast<mlir::DenseElementsAttr>(constant.getValue());
  const bool isUnsigned = values.getElementType().isUnsignedInteger();
  return llvm::all_of(values.getValues<llvm::APInt>(), [&](const llvm::APInt& value) {
    return holds(isUnsigned ? static_cast<int64_t>(value.getZExtValue()) : value.getSExtValue());
  });
}

// A scalar that is known as an expression of sizes.
std::optional<DimExpr> exprOf(Value scalar) {
  if (auto size = scalar.getDefiningOp<graph::SizeOp>()) return graph::exprsOf(size.getExpr())[0];
  auto constant = scalar.getDefiningOp<graph::ConstantOp>();
  if (!constant) return std::nullopt;
  auto values = mlir::cast<mlir::DenseElementsAttr>(constant.getValue());
  return values.isSplat()
             ? std::optional(DimExpr(values.getSplatValue<llvm::APInt>().getSExtValue()))
             : std::nullopt;
}

// Whether an index is the number of a trip, counted from the first or from the last, of a loop over
// the whole dim.
bool isTripOver(Value index, const DimExpr& size) {
  if (auto difference = index.getDefiningOp<graph::SubOp>()) {
    if (exprOf(difference.getLhs()) != size - 1) return false;
    index = difference.getRhs();
  }
  auto argument = mlir::dyn_cast<mlir::BlockArgument>(index);
  auto loop =
      argument ? mlir::dyn_cast<graph::LoopOp>(argument.getOwner()->getParentOp()) : nullptr;
  return loop && argument.getArgNumber() == 0 && exprOf(loop.getTripCount()) == size;
}

// Emits the checks of one op before it, and what they lead to at the end of its block.
class Checks {
 public:
  explicit Checks(mlir::Operation* op) : op_(op), builder_(op), loc_(op->getLoc()) {}

  void indices(Value indices, const DimExpr& size) {
    if (isTripOver(indices, size)) return;
    const std::optional<int64_t> limit = size.constant();
    if (limit && allOf(indices, [&](int64_t i) { return i >= -*limit && i < *limit; })) return;
    Value below = compare(indices, number(indices, DimExpr(0) - size), graph::Predicate::lt);
    Value above = compare(indices, number(indices, size), graph::Predicate::ge);
    failIf(graph::OrOp::create(builder_, loc_, below, above),
           "an index is outside of a dim of size " + size.str());
  }

  void divisor(Value divisor) {
    if (mlir::isa<mlir::FloatType>(elementOf(divisor))) return;
    if (allOf(divisor, [](int64_t i) { return i != 0; })) return;
    failIf(compare(divisor, number(divisor, DimExpr(0)), graph::Predicate::eq),
           "divides an integer by zero");
  }

 private:
  static mlir::Type elementOf(Value tensor) {
    return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
  }

  Value compare(Value a, Value b, graph::Predicate predicate) {
    return graph::CompareOp::create(builder_, loc_, a, b, predicate);
  }

  // A scalar of the same type of elements.
  Value number(Value like, const DimExpr& value) {
    auto type = mlir::RankedTensorType::get({}, elementOf(like));
    if (const std::optional<int64_t> constant = value.constant()) {
      auto one =
          mlir::DenseElementsAttr::get(type, builder_.getIntegerAttr(elementOf(like), *constant));
      return graph::ConstantOp::create(builder_, loc_, mlir::cast<mlir::ElementsAttr>(one));
    }
    Value size =
        graph::SizeOp::create(builder_, loc_, graph::dimsAttr(builder_.getContext(), {value}));
    if (elementOf(like).isInteger(64)) return size;
    return graph::CastOp::create(builder_, loc_, type, size);
  }

  void failIf(Value bad, const std::string& what) {
    const graph::Shape shape = graph::shapeOf(bad);
    if (!shape.empty()) {
      llvm::SmallVector<int64_t> axes(shape.size());
      std::iota(axes.begin(), axes.end(), 0);
      // Of i32: LLVM takes seconds to vectorize such a loop over bytes.
      auto type = graph::tensorType(shape, builder_.getI32Type());
      Value numbers = graph::CastOp::create(builder_, loc_, type, bad);
      Value most =
          graph::ReduceOp::create(builder_, loc_, numbers, graph::ReduceKind::max, axes, false);
      // Not "unequal 0": the maximum of an empty tensor is the smallest i32.
      bad = compare(most, number(most, DimExpr(0)), graph::Predicate::gt);
    }
    mlir::OpBuilder atEnd(op_->getBlock()->getTerminator());
    graph::FailIfOp::create(atEnd, loc_, bad, "node '" + graph::nodeNameOf(op_) + "': " + what);
  }

  mlir::Operation* op_;
  mlir::OpBuilder builder_;
  mlir::Location loc_;
};

void addOperandChecks(mlir::ModuleOp module) {
  // What was checked in a block: indices with a size, divisors.
  std::set<std::tuple<mlir::Block*, void*, std::string>> done;
  auto isNew = [&](mlir::Operation* op, Value value, const std::string& size) {
    return done.emplace(op->getBlock(), value.getAsOpaquePointer(), size).second;
  };
  auto gather = [&](auto op) {
    const DimExpr size = graph::shapeOf(op.getInput())[op.getAxis()];
    if (isNew(op, op.getIndices(), size.str())) Checks(op).indices(op.getIndices(), size);
  };
  auto divide = [&](auto op) {
    if (isNew(op, op.getRhs(), "")) Checks(op).divisor(op.getRhs());
  };
  module.walk([&](mlir::Operation* op) {
    llvm::TypeSwitch<mlir::Operation*>(op)
        .Case<graph::GatherOp, graph::GatherElementsOp>(gather)
        .Case<graph::DivOp, graph::ModOp>(divide);
  });
}

struct AddOperandChecks : mlir::PassWrapper<AddOperandChecks, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AddOperandChecks)

  llvm::StringRef getArgument() const override { return "add-operand-checks"; }
  llvm::StringRef getDescription() const override {
    return "Make a run fail where an index or a divisor is bad";
  }

  void runOnOperation() override { addOperandChecks(getOperation()); }
};

}  // namespace

std::unique_ptr<mlir::Pass> createAddOperandChecksPass() {
  return std::make_unique<AddOperandChecks>();
}

}  // namespace mlc::conversion
