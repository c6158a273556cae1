#include "compiler/conversion/graph_to_kernels/weight_layout.h"

#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/IR/Builders.h"

namespace mlc::conversion {
namespace {

using Kind = package::LayoutStep::Kind;

constexpr llvm::StringLiteral kNames[] = {"reshape", "transpose", "pad"};
constexpr Kind kKinds[] = {Kind::kReshape, Kind::kTranspose, Kind::kPad};

}  // namespace

void setLayoutSteps(graph::WeightOp weight, const std::vector<package::LayoutStep>& steps) {
  mlir::Builder builder(weight.getContext());
  llvm::SmallVector<mlir::Attribute> list;
  for (const package::LayoutStep& step : steps) {
    const auto* kind = llvm::find(kKinds, step.kind);
    list.push_back(builder.getStringAttr(kNames[kind - kKinds]));
    list.push_back(builder.getDenseI64ArrayAttr(step.dims));
  }
  attr::setLayout(weight, builder.getArrayAttr(list));
}

std::vector<package::LayoutStep> layoutStepsOf(graph::WeightOp weight) {
  std::vector<package::LayoutStep> steps;
  auto list = attr::layoutOf(weight);
  if (!list) return steps;
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    const auto* name = llvm::find(kNames, mlir::cast<mlir::StringAttr>(list[i]).getValue());
    auto dims = mlir::cast<mlir::DenseI64ArrayAttr>(list[i + 1]).asArrayRef();
    steps.push_back({kKinds[name - kNames], {dims.begin(), dims.end()}});
  }
  return steps;
}

}  // namespace mlc::conversion
