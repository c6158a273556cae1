// The dist dialect: collectives as ops. See dist.td.
#pragma once

#include "compiler/dialect/dist/dist_dialect.h.inc"
#include "compiler/dialect/graph/graph_dialect.h"

#define GET_OP_CLASSES
#include "compiler/dialect/dist/dist_ops.h.inc"
