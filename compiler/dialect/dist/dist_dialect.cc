#include "compiler/dialect/dist/dist_dialect.h"

#include <numeric>

#include "compiler/dialect/dist/dist_dialect.cc.inc"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/dist/dist_attributes.cc.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/dist/dist_ops.cc.inc"

namespace mlc::dist {
namespace {

constexpr llvm::StringLiteral kCutAttr = "dist.cut";

// Of `whole` and `part`, every dim but `dim` is equal, and whole's is the sum of the sizes.
llvm::LogicalResult verifyPieces(mlir::Operation* op, mlir::Value whole, mlir::Value part,
                                 int64_t dim, llvm::ArrayRef<int64_t> sizes) {
  const graph::Shape all = graph::shapeOf(whole), piece = graph::shapeOf(part);
  if (all.size() != piece.size() || dim < 0 || dim >= static_cast<int64_t>(all.size())) {
    return op->emitOpError("dim is not one of both tensors");
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if (static_cast<int64_t>(i) != dim && !(all[i] == piece[i])) {
      return op->emitOpError("tensors differ in a dim other than the split one");
    }
  }
  const int64_t total = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  if (!(all[dim] == DimExpr(total))) return op->emitOpError("sizes do not add up to the whole dim");
  return mlir::success();
}

}  // namespace

void DistDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/dist/dist_attributes.cc.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/dist/dist_ops.cc.inc"
      >();
}

llvm::LogicalResult CutAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                                    int64_t dim, llvm::ArrayRef<int64_t> shares) {
  if (dim < 0) return emitError() << "#dist.cut has a negative dim";
  if (llvm::any_of(shares, [](int64_t share) { return share < 0; }))
    return emitError() << "#dist.cut has a negative share";
  if (llvm::all_of(shares, [](int64_t share) { return share == 0; }))
    return emitError() << "#dist.cut has no shares";
  return mlir::success();
}

llvm::LogicalResult DistDialect::verifyOperationAttribute(mlir::Operation* op,
                                                          mlir::NamedAttribute attribute) {
  if (attribute.getName() != kCutAttr)
    return op->emitError("has an unknown attribute ") << attribute.getName();
  auto weight = mlir::dyn_cast<graph::WeightOp>(op);
  auto cut = mlir::dyn_cast<CutAttr>(attribute.getValue());
  if (!weight || !cut) return op->emitError("dist.cut is a #dist.cut on a graph.weight");
  // The type is that of the piece after the steps of its layout, if it has some.
  if (attr::layoutOf(weight)) return mlir::success();
  const auto type = mlir::cast<mlir::RankedTensorType>(weight.getType());
  if (cut.getDim() >= type.getRank() || type.isDynamicDim(cut.getDim()))
    return op->emitError("is cut along a dim that is not one of its static ones");
  const int64_t size = type.getDimSize(cut.getDim());
  if (llvm::none_of(cut.getShares(),
                    [&](int64_t share) { return share == 0 ? size == 0 : size % share == 0; }))
    return op->emitError("has a size that is no rank's piece");
  return mlir::success();
}

CutAttr cutOf(graph::WeightOp weight) { return weight->getAttrOfType<CutAttr>(kCutAttr); }

void setCut(graph::WeightOp weight, CutAttr cut) { weight->setAttr(kCutAttr, cut); }

llvm::LogicalResult AllGatherOp::verify() {
  return verifyPieces(*this, getResult(), getInput(), getDim(), getSizes());
}

llvm::LogicalResult ReduceScatterOp::verify() {
  return verifyPieces(*this, getInput(), getResult(), getDim(), getSizes());
}

}  // namespace mlc::dist
