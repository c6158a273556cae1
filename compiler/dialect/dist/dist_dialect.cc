#include "compiler/dialect/dist/dist_dialect.h"

#include <numeric>

#include "compiler/dialect/dist/dist_dialect.cc.inc"
#include "compiler/dialect/graph/shape.h"

#define GET_OP_CLASSES
#include "compiler/dialect/dist/dist_ops.cc.inc"

namespace mlc::dist {
namespace {

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
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/dist/dist_ops.cc.inc"
      >();
}

llvm::LogicalResult AllGatherOp::verify() {
  return verifyPieces(*this, getResult(), getInput(), getDim(), getSizes());
}

llvm::LogicalResult ReduceScatterOp::verify() {
  return verifyPieces(*this, getInput(), getResult(), getDim(), getSizes());
}

}  // namespace mlc::dist
