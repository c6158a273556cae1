// The passes over graph modules, and their registration under their names.
#pragma once

#include "compiler/dialect/graph/weight_table.h"
#include "compiler/transforms/decompose_quantization.h"
#include "compiler/transforms/fold_constants.h"
#include "compiler/transforms/integer_contractions.h"
#include "compiler/transforms/keep_states.h"
#include "compiler/transforms/outline_repeated_blocks.h"
#include "compiler/transforms/recognize_composites.h"
#include "compiler/transforms/simplify.h"
#include "compiler/transforms/split_fused_projections.h"

namespace mlc::transforms {

// Registers every pass for pipelines given as text (mlc-opt). The passes that make weights add them
// to the table, which must live as long as they.
void registerPasses(graph::WeightTable* weights);

}  // namespace mlc::transforms
