// The dist dialect: collectives as ops, and how weights are cut. See dist.td.
#pragma once

#include "compiler/dialect/dist/dist_dialect.h.inc"
#include "compiler/dialect/graph/graph_dialect.h"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/dist/dist_attributes.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/dist/dist_ops.h.inc"

namespace mlc::dist {

// How a weight is cut; null: the rank has all of it.
CutAttr cutOf(graph::WeightOp weight);
void setCut(graph::WeightOp weight, CutAttr cut);

}  // namespace mlc::dist
