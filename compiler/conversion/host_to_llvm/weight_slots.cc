#include "compiler/conversion/host_to_llvm/weight_slots.h"

#include <algorithm>

#include "compiler/conversion/graph_to_kernels/weight_layout.h"
#include "compiler/dialect/dist/dist_dialect.h"
#include "compiler/dialect/mlc/mlc_dialect.h"

namespace mlc::conversion {
namespace {

bool sameSlot(const package::WeightSlot& a, const package::WeightSlot& b) {
  return a.name == b.name && a.splits == b.splits && a.layout == b.layout &&
         a.transposed == b.transposed && a.panel == b.panel && a.group == b.group &&
         a.steps == b.steps;
}

package::WeightSlot slotFor(graph::WeightOp op) {
  package::WeightSlot slot;
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
  return slot;
}

}  // namespace

int WeightSlots::slotOf(graph::WeightOp op) { return groupOf(op); }

int WeightSlots::groupOf(llvm::ArrayRef<graph::WeightOp> ops) {
  std::vector<package::WeightSlot> wanted;
  for (graph::WeightOp op : ops) wanted.push_back(slotFor(op));
  auto first = std::search(slots_.begin(), slots_.end(), wanted.begin(), wanted.end(), sameSlot);
  if (first == slots_.end()) first = slots_.insert(slots_.end(), wanted.begin(), wanted.end());
  return static_cast<int>(first - slots_.begin());
}

}  // namespace mlc::conversion
