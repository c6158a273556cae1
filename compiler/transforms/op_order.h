// Topological orders of a function's ops that depend on the model's structure more than on how it
// was exported.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace mlc::transforms {

using OpOrder = llvm::SmallVector<mlir::Operation*>;

// Weights, constants, states and sizes: they have a place beside their users instead of one in the
// order.
bool isLeaf(mlir::Operation* op);

// The block's ops without leaves and terminator, in their own order, except that what does not
// depend on the weights of contractions, convolutions and lookups (masks, positions) comes first:
// exporters put it into the first layer that needs it.
OpOrder exportedOrder(mlir::Block& block);

// The same ops, each directly after its operands, depth first from the results. Independent of the
// block's order.
OpOrder depthFirstOrder(mlir::Block& block);

// Puts the block's ops in this order, each leaf before its first user. Erases leaves without users.
void reorder(mlir::Block& block, llvm::ArrayRef<mlir::Operation*> order);

}  // namespace mlc::transforms
