#include "compiler/transforms/constant_match.h"

#include "compiler/dialect/graph/graph_dialect.h"

using namespace mlir;

namespace mlc::transforms {
namespace {

std::optional<double> splatOfAttr(ElementsAttr attr) {
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense || dense.getNumElements() == 0 || !dense.isSplat()) return std::nullopt;
  if (isa<FloatType>(dense.getElementType())) {
    APFloat value = dense.getSplatValue<APFloat>();
    bool lossy;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
    return value.convertToDouble();
  }
  auto type = dyn_cast<IntegerType>(dense.getElementType());
  if (!type) return std::nullopt;
  APInt value = dense.getSplatValue<APInt>();
  bool isUnsigned = type.isUnsigned() || type.getWidth() == 1;
  return isUnsigned ? static_cast<double>(value.getZExtValue())
                    : static_cast<double>(value.getSExtValue());
}

}  // namespace

std::optional<double> splatOf(Value value) {
  Operation* op = value.getDefiningOp();
  if (!op) return std::nullopt;
  if (auto constant = dyn_cast<graph::ConstantOp>(op)) return splatOfAttr(constant.getValue());
  const bool isMoved = op->hasTrait<graph::Movement>() || op->hasTrait<graph::View>();
  if (isMoved && op->getNumOperands() == 1) return splatOf(op->getOperand(0));
  return std::nullopt;
}

bool isSplat(Value value, double number) {
  std::optional<double> splat = splatOf(value);
  return splat && *splat == number;
}

bool isWeightOrConstant(Value value) {
  Operation* op = value.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || !isPure(op)) return false;
  if (op->hasTrait<graph::Parameter>()) return true;
  if (op->getNumOperands() == 0) return false;
  return llvm::all_of(op->getOperands(), isWeightOrConstant);
}

}  // namespace mlc::transforms
