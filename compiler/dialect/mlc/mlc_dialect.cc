#include "compiler/dialect/mlc/mlc_dialect.h"

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/mlc/mlc_dialect.cc.inc"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "runtime/package/layout_steps.h"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/mlc/mlc_attributes.cc.inc"

namespace mlc::attr {
namespace {

using mlir::Attribute;
using mlir::NamedAttribute;
using mlir::Operation;
using mlir::func::FuncOp;

constexpr llvm::StringLiteral kName = "mlc.name", kKernel = "mlc.kernel", kPanels = "mlc.panels",
                              kLayout = "mlc.layout", kUnpacked = "mlc.unpacked",
                              kScratchBytes = "mlc.scratch_bytes", kPoints = "mlc.points";

llvm::LogicalResult unknown(Operation* op, NamedAttribute attribute) {
  return op->emitError("has an attribute ")
         << attribute.getName() << " that the mlc dialect does not have there";
}

llvm::LogicalResult verifyPanels(Operation* op, Attribute value, mlir::Type type) {
  if (!mlir::isa<PanelsAttr>(value)) return op->emitError("mlc.panels is a #mlc.panels");
  auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor || tensor.getRank() < 2)
    return op->emitError("mlc.panels is of a tensor of rank 2 at least");
  return mlir::success();
}

using package::LayoutStep;

// Whether the steps lead from some shape to this one. Which it is, the op does not say: the first
// reshape or padding does, and transposes before that are only of its rank.
bool leadTo(llvm::ArrayRef<LayoutStep> steps, llvm::ArrayRef<int64_t> shape) {
  using Kind = LayoutStep::Kind;
  size_t first = 0;
  while (first < steps.size() && steps[first].kind == Kind::kTranspose) ++first;
  const bool isKnown = first < steps.size();
  const std::vector<int64_t> known = isKnown ? steps[first].dims : shape.vec();
  for (const LayoutStep& transpose : steps.take_front(first)) {
    // A reshape may come from any rank.
    const bool keepsRank = !isKnown || steps[first].kind == Kind::kPad;
    const size_t rank = keepsRank ? known.size() : steps.front().dims.size();
    if (!package::shapeAfter({transpose}, std::vector<int64_t>(rank, 1))) return false;
  }
  if (!isKnown) return true;
  // A reshape to its own dims only fails where they are no sizes.
  std::vector<LayoutStep> rest = {{Kind::kReshape, known}};
  llvm::append_range(rest, steps.drop_front(first + 1));
  return package::shapeAfter(rest, known) == shape.vec();
}

llvm::LogicalResult verifyLayout(Operation* op, Attribute value) {
  auto list = mlir::dyn_cast<mlir::ArrayAttr>(value);
  if (!list || list.size() % 2 != 0) return op->emitError("mlc.layout is a list of steps and dims");
  std::vector<LayoutStep> steps;
  for (size_t i = 0; i < list.size(); i += 2) {
    auto step = mlir::dyn_cast<mlir::StringAttr>(list[i]);
    const auto kind =
        llvm::StringSwitch<std::optional<LayoutStep::Kind>>(step ? step.getValue() : "")
            .Case("reshape", LayoutStep::Kind::kReshape)
            .Case("transpose", LayoutStep::Kind::kTranspose)
            .Case("pad", LayoutStep::Kind::kPad)
            .Default(std::nullopt);
    if (!kind) return op->emitError("mlc.layout has an unknown step ") << list[i];
    auto dims = mlir::dyn_cast<mlir::DenseI64ArrayAttr>(list[i + 1]);
    if (!dims) return op->emitError("mlc.layout has a step without dims");
    steps.push_back({*kind, dims.asArrayRef().vec()});
  }
  auto type = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
  if (!leadTo(steps, type.getShape()))
    return op->emitError("mlc.layout has steps that do not lead to ") << type;
  return mlir::success();
}

llvm::LogicalResult verifyExpression(Operation* op, NamedAttribute attribute) {
  auto text = mlir::dyn_cast<mlir::StringAttr>(attribute.getValue());
  if (!text) return op->emitError() << attribute.getName() << " is a string";
  const StatusOr<DimExpr> expression = DimExpr::parse(text.getValue());
  if (!expression.ok())
    return op->emitError() << attribute.getName() << ": " << expression.status().message();
  return mlir::success();
}

DimExpr expressionOf(FuncOp kernel, llvm::StringRef name) {
  auto text = kernel->getAttrOfType<mlir::StringAttr>(name);
  return text ? *DimExpr::parse(text.getValue().str()) : DimExpr(0);
}

void setExpression(FuncOp kernel, llvm::StringRef name, const DimExpr& expression) {
  kernel->setAttr(name, mlir::StringAttr::get(kernel.getContext(), expression.str()));
}

}  // namespace

void MlcDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/mlc/mlc_attributes.cc.inc"
      >();
}

llvm::LogicalResult PanelsAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                                       int64_t columns, int64_t group, bool) {
  if (columns < 1 || group < 1)
    return emitError() << "#mlc.panels has less than one column or row in a group";
  return mlir::success();
}

llvm::LogicalResult MlcDialect::verifyOperationAttribute(Operation* op, NamedAttribute attribute) {
  const llvm::StringRef name = attribute.getName();
  // Also once the function is one of the LLVM dialect.
  if (mlir::isa<mlir::FunctionOpInterface>(op)) {
    if (name == kKernel && mlir::isa<mlir::UnitAttr>(attribute.getValue())) return mlir::success();
    if (name == kScratchBytes || name == kPoints) return verifyExpression(op, attribute);
  }
  if (name == kUnpacked && mlir::isa<graph::WeightOp>(op) &&
      mlir::isa<mlir::StringAttr>(attribute.getValue()))
    return mlir::success();
  if (name == kPanels && mlir::isa<graph::WeightOp>(op))
    return verifyPanels(op, attribute.getValue(), op->getResult(0).getType());
  if (name == kLayout && mlir::isa<graph::WeightOp>(op))
    return verifyLayout(op, attribute.getValue());
  return unknown(op, attribute);
}

llvm::LogicalResult MlcDialect::verifyRegionArgAttribute(Operation* op, unsigned, unsigned argument,
                                                         NamedAttribute attribute) {
  auto function = mlir::dyn_cast<mlir::FunctionOpInterface>(op);
  if (!function) return unknown(op, attribute);
  const bool isText = attribute.getName() == kName || attribute.getName() == kUnpacked;
  if (isText && mlir::isa<mlir::StringAttr>(attribute.getValue())) return mlir::success();
  if (attribute.getName() == kPanels)
    return verifyPanels(op, attribute.getValue(), function.getArgumentTypes()[argument]);
  return unknown(op, attribute);
}

llvm::LogicalResult MlcDialect::verifyRegionResultAttribute(Operation* op, unsigned, unsigned,
                                                            NamedAttribute attribute) {
  if (attribute.getName() == kName && mlir::isa<mlir::StringAttr>(attribute.getValue()))
    return mlir::success();
  return unknown(op, attribute);
}

llvm::StringRef argumentName(FuncOp function, unsigned argument) {
  auto name = function.getArgAttrOfType<mlir::StringAttr>(argument, kName);
  return name ? name.getValue() : llvm::StringRef();
}

llvm::StringRef resultName(FuncOp function, unsigned result) {
  auto name = function.getResultAttrOfType<mlir::StringAttr>(result, kName);
  return name ? name.getValue() : llvm::StringRef();
}

mlir::DictionaryAttr nameAttr(mlir::MLIRContext* context, llvm::StringRef name) {
  mlir::Builder builder(context);
  return builder.getDictionaryAttr(builder.getNamedAttr(kName, builder.getStringAttr(name)));
}

bool isKernel(FuncOp function) { return function->hasAttr(kKernel); }

void setKernel(FuncOp function) {
  function->setAttr(kKernel, mlir::UnitAttr::get(function.getContext()));
}

PanelsAttr panelsOf(FuncOp function, unsigned argument) {
  return function.getArgAttrOfType<PanelsAttr>(argument, kPanels);
}

PanelsAttr panelsOf(Operation* weight) { return weight->getAttrOfType<PanelsAttr>(kPanels); }

void setPanels(FuncOp function, unsigned argument, PanelsAttr panels) {
  function.setArgAttr(argument, kPanels, panels);
}

void setPanels(Operation* weight, PanelsAttr panels) { weight->setAttr(kPanels, panels); }

mlir::ArrayAttr layoutOf(Operation* weight) {
  return weight->getAttrOfType<mlir::ArrayAttr>(kLayout);
}

void setLayout(Operation* weight, mlir::ArrayAttr layout) { weight->setAttr(kLayout, layout); }

llvm::StringRef unpackedReasonOf(mlir::Value weight) {
  mlir::StringAttr reason;
  if (Operation* op = weight.getDefiningOp()) {
    reason = op->getAttrOfType<mlir::StringAttr>(kUnpacked);
  } else if (auto function = mlir::dyn_cast<FuncOp>(weight.getParentBlock()->getParentOp())) {
    const auto argument = mlir::cast<mlir::BlockArgument>(weight);
    reason = function.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), kUnpacked);
  }
  return reason ? reason.getValue() : llvm::StringRef();
}

void setUnpackedReason(mlir::Value weight, llvm::StringRef reason) {
  auto text = mlir::StringAttr::get(weight.getContext(), reason);
  if (Operation* op = weight.getDefiningOp()) {
    op->setAttr(kUnpacked, text);
  } else {
    auto argument = mlir::cast<mlir::BlockArgument>(weight);
    mlir::cast<FuncOp>(argument.getOwner()->getParentOp())
        .setArgAttr(argument.getArgNumber(), kUnpacked, text);
  }
}

DimExpr scratchBytesOf(FuncOp kernel) { return expressionOf(kernel, kScratchBytes); }

void setScratchBytes(FuncOp kernel, const DimExpr& bytes) {
  setExpression(kernel, kScratchBytes, bytes);
}

DimExpr pointsOf(FuncOp kernel) { return expressionOf(kernel, kPoints); }

void setPoints(FuncOp kernel, const DimExpr& points) { setExpression(kernel, kPoints, points); }

}  // namespace mlc::attr
