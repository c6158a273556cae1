// Makes states of what a decoder is given and gives back: the past keys and values.
//
//   func.func @main(.., %past: <batch x 4 x past x 8> {mlc.name = "past_key"})
//       -> (.., <batch x 4 x past + seq x 8>)
//     %0 = graph.concat %past, %new {axis = 2}
//     ... %0 ...
//     return .., %0
//
// becomes
//
//   func.func @main(..) -> (..)
//     %past = graph.state "past_key" next <"past + seq"> : <past x batch x 4 x 8>
//     %1 = graph.append %past, (graph.transpose %new)
//     %0 = graph.transpose %1
//     ... %0 ...
//     return ..
//
// A state lies with the concatenated dim outermost, so that new rows are written behind the old
// ones and all of it stays one dense tensor; readers absorb the transpose.
//
// A pair is an input whose only use is a concatenation, as the first of two operands, along a dim
// that is a symbol alone, and an output that is the concatenation and has the input's type but for
// that dim. Names do not matter; the state has the input's. A pair is left alone if its elements
// are of less than a byte or no numbers, if the program computes how many rows are added, or if one
// of its other dims has a symbol that no remaining input binds; all are if no output would remain.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace mlc::transforms {

std::unique_ptr<mlir::Pass> createKeepStatesPass();

}  // namespace mlc::transforms
