#include "compiler/conversion/host_to_llvm/slots.h"

#include "compiler/conversion/graph_to_kernels/weight_layout.h"
#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"

namespace mlc::conversion {

WeightUse slotFor(graph::WeightOp op) {
  WeightUse slot;
  slot.name = op.getName().str();
  if (const dist::CutAttr cut = dist::cutOf(op)) {
    slot.splits = {{static_cast<int>(cut.getDim()), "tp", cut.getShares().vec()}};
  }
  if (const attr::PanelsAttr panels = attr::panelsOf(op)) {
    slot.layout = package::WeightLayout::kPanels;
    slot.panel = panels.getColumns();
    slot.transposed = panels.getTransposed();
    slot.group = panels.getGroup();
  }
  slot.steps = layoutStepsOf(op);
  slot.content = {graph::dtypeOf(op.getType()), op.getType().getNumElements()};
  return slot;
}

StateUse slotFor(graph::StateOp op) {
  StateUse state;
  state.spec.name = op.getName().str();
  state.spec.dtype = graph::dtypeOf(op.getType());
  state.next = graph::exprsOf(op.getNext())[0].str();
  for (const DimExpr& dim : graph::shapeOf(op.getResult())) state.spec.dims.push_back(dim.str());
  return state;
}

bool isSameSlot(const package::WeightSlot& a, const package::WeightSlot& b) {
  return a.name == b.name && a.splits == b.splits && a.layout == b.layout &&
         a.transposed == b.transposed && a.panel == b.panel && a.group == b.group &&
         a.steps == b.steps;
}

bool isSameSlot(const package::ProgramState& a, const package::ProgramState& b) {
  return a.spec.name == b.spec.name;
}

}  // namespace mlc::conversion
