#include "compiler/conversion/host_to_llvm/state_slots.h"

#include <algorithm>

#include "compiler/dialect/graph/shape.h"

namespace mlc::conversion {
namespace {

package::ProgramState slotFor(graph::StateOp op) {
  package::ProgramState state;
  state.spec.name = op.getName().str();
  state.spec.dtype = graph::dtypeOf(op.getType());
  for (const DimExpr& dim : graph::shapeOf(op.getResult())) state.spec.dims.push_back(dim.str());
  return state;
}

bool sameSlot(const package::ProgramState& a, const package::ProgramState& b) {
  return a.spec.name == b.spec.name;
}

}  // namespace

int StateSlots::slotOf(graph::StateOp op) { return groupOf(op); }

int StateSlots::groupOf(llvm::ArrayRef<graph::StateOp> ops) {
  std::vector<package::ProgramState> wanted;
  for (graph::StateOp op : ops) wanted.push_back(slotFor(op));
  auto first = std::search(slots_.begin(), slots_.end(), wanted.begin(), wanted.end(), sameSlot);
  if (first == slots_.end()) first = slots_.insert(slots_.end(), wanted.begin(), wanted.end());
  return static_cast<int>(first - slots_.begin());
}

}  // namespace mlc::conversion
