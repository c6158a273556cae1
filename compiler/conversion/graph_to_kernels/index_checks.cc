#include "compiler/conversion/graph_to_kernels/index_checks.h"

#include <map>
#include <numeric>
#include <set>
#include <string>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {
namespace {

using mlir::Value;

bool areInside(Value indices, const DimExpr& size) {
  auto constant = indices.getDefiningOp<graph::ConstantOp>();
  const std::optional<int64_t> limit = size.constant();
  if (!constant || !limit) return false;
  auto values = mlir::cast<mlir::DenseElementsAttr>(constant.getValue());
  return llvm::all_of(values.getValues<llvm::APInt>(), [&](const llvm::APInt& value) {
    return value.getSExtValue() >= -*limit && value.getSExtValue() < *limit;
  });
}

std::string messageFor(mlir::Operation* gather, const DimExpr& size) {
  std::string node = gather->getName().getStringRef().str();
  if (auto name = mlir::dyn_cast<mlir::NameLoc>(gather->getLoc())) node = name.getName().str();
  return "node '" + node + "': an index is outside of a dim of size " + size.str();
}

// Emits the check of one tensor of indices.
class Check {
 public:
  Check(mlir::Operation* gather, Value indices)
      : builder_(gather),
        loc_(gather->getLoc()),
        element_(mlir::cast<mlir::RankedTensorType>(indices.getType()).getElementType()),
        indices_(indices) {}

  // A scalar i1 or ui8: whether an index is below -size or not below size.
  Value outside(const DimExpr& size) {
    Value below = compare(limit(DimExpr(0) - size), graph::Predicate::lt);
    Value above = compare(limit(size), graph::Predicate::ge);
    Value either = graph::OrOp::create(builder_, loc_, below, above);
    llvm::SmallVector<int64_t> axes(graph::shapeOf(indices_).size());
    if (axes.empty()) return either;
    std::iota(axes.begin(), axes.end(), 0);
    auto type = graph::tensorType(graph::shapeOf(indices_), builder_.getIntegerType(8, false));
    Value bytes = graph::CastOp::create(builder_, loc_, type, either);
    return graph::ReduceOp::create(builder_, loc_, bytes, graph::ReduceKind::max, axes, false);
  }

 private:
  Value compare(Value with, graph::Predicate predicate) {
    return graph::CompareOp::create(builder_, loc_, indices_, with, predicate);
  }

  Value limit(const DimExpr& size) {
    auto type = mlir::RankedTensorType::get({}, element_);
    if (const std::optional<int64_t> constant = size.constant()) {
      auto value = mlir::DenseElementsAttr::get(type, builder_.getIntegerAttr(element_, *constant));
      return graph::ConstantOp::create(builder_, loc_, mlir::cast<mlir::ElementsAttr>(value));
    }
    Value made = graph::SizeOp::create(builder_, loc_, graph::dimsAttr(builder_.getContext(), {size}));
    if (element_.isInteger(64)) return made;
    return graph::CastOp::create(builder_, loc_, type, made);
  }

  mlir::OpBuilder builder_;
  mlir::Location loc_;
  mlir::Type element_;
  Value indices_;
};

// The checks of one block, each pair of indices and size once.
class BlockChecks {
 public:
  void add(mlir::Operation* gather, Value input, Value indices, int64_t axis) {
    const DimExpr size = graph::shapeOf(input)[axis];
    if (areInside(indices, size) || !done_[indices].insert(size.str()).second) return;
    Value bad = Check(gather, indices).outside(size);
    mlir::OpBuilder builder(gather->getBlock()->getTerminator());
    graph::FailIfOp::create(builder, gather->getLoc(), bad, messageFor(gather, size));
  }

 private:
  llvm::DenseMap<Value, std::set<std::string>> done_;
};

}  // namespace

void addIndexChecks(mlir::ModuleOp module) {
  std::map<mlir::Block*, BlockChecks> blocks;
  module.walk([&](mlir::Operation* op) {
    if (auto gather = mlir::dyn_cast<graph::GatherOp>(op)) {
      blocks[op->getBlock()].add(op, gather.getInput(), gather.getIndices(), gather.getAxis());
    } else if (auto elements = mlir::dyn_cast<graph::GatherElementsOp>(op)) {
      blocks[op->getBlock()].add(op, elements.getInput(), elements.getIndices(), elements.getAxis());
    }
  });
}

}  // namespace mlc::conversion
