#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {

MLC_INFER(ConstantOp) {
  auto type = dyn_cast<RankedTensorType>(op.getValue().getType());
  if (!type || !type.hasStaticShape())
    return emitOptionalError(location, "needs a tensor of known shape");
  types.push_back(type);
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult WeightOp::verify() {
  if (getName().empty()) return emitOpError("needs a name");
  if (!getType().hasStaticShape()) return emitOpError("needs a known shape, has ") << getType();
  return success();
}

MLC_INFER(SizeOp) {
  ArrayRef<StringAttr> exprs = op.getExpr().getExprs();
  if (exprs.size() != 1 || exprs[0].empty())
    return emitOptionalError(location, "needs one expression");
  types.push_back(RankedTensorType::get({}, IntegerType::get(op.getExpr().getContext(), 64)));
  return success();
}

}  // namespace mlc::graph
