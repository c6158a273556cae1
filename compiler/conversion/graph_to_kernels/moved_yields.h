// Copies what loops move between their carried values.
//
//   graph.loop .. (%i, %c, %a, %b) {               graph.loop .. (%i, %c, %a, %b) {
//     %0 = graph.add %a, %b               ==>        %0 = graph.add %a, %b
//     graph.yield %c, %b, %0                         %1 = graph.broadcast %b
//   }                                                graph.yield %c, %1, %0
//                                                  }
//
// Carried values live in the loop's result buffers, and a trip ends by writing the yielded values
// there one after the other: a block argument that is yielded in another's place would be read
// after it was overwritten.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::conversion {

std::unique_ptr<mlir::Pass> createCopyMovedYieldsPass();

}  // namespace mlc::conversion
