#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors IfOp::getFactors() { return wholeFactors(*this); }
OpFactors LoopOp::getFactors() { return wholeFactors(*this); }

OpFactors FailIfOp::getFactors() { return wholeFactors(*this); }

}  // namespace mlc::graph
