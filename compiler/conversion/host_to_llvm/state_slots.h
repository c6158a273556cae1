// The state slots of a program: MlcInvocation::states, in order.
#pragma once

#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/ArrayRef.h"
#include "runtime/package/manifest.h"

namespace mlc::conversion {

class StateSlots {
 public:
  // The state's slot; the same one whenever it is asked for.
  int slotOf(graph::StateOp op);

  // The first of consecutive slots for these states, in this order; the same ones for equal groups.
  int groupOf(llvm::ArrayRef<graph::StateOp> ops);

  // `index` is not filled in.
  const std::vector<package::ProgramState>& all() const { return slots_; }

 private:
  std::vector<package::ProgramState> slots_;
};

}  // namespace mlc::conversion
