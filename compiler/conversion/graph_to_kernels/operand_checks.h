// Makes a run fail where an index of a gather is outside of its dim, or an integer is divided by
// zero.
//
//   %0 = graph.gather %x, %i           %below = graph.compare %i, -n  lt
//                              ==>     %above = graph.compare %i, n  ge
//                                      %either = graph.or %below, %above
//                                      %numbers = graph.cast %either
//                                      %most = graph.reduce %numbers  max
//                                      %bad = graph.compare %most, 0  gt
//                                      %0 = graph.gather %x, %i
//                                      ...
//                                      graph.fail_if %bad, "node 'embed': an index is outside .."
//
// The last one is at the end of the block, so that threads need not meet earlier than they do
// anyway. Until then the gather takes the nearest element instead, and the division any number.
// Constants that are right are not checked.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createAddOperandChecksPass();

}  // namespace mlc::conversion
