// The layout in which a graph.weight arrives, as an attribute of the op: the steps that the loader
// takes from the weight (or its slice) to the op's type.
//
//   graph.weight "w" {mlc.layout = ["reshape", array<i64: 4, 8, 3>, "transpose", array<i64: 0, 2, 1>]}
#pragma once

#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "runtime/package/manifest.h"

namespace mlc::conversion {

void setLayoutSteps(graph::WeightOp weight, const std::vector<package::LayoutStep>& steps);

// Empty: the weight arrives as it is.
std::vector<package::LayoutStep> layoutStepsOf(graph::WeightOp weight);

}  // namespace mlc::conversion
