#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors ConstantOp::getFactors() { return leafFactors(*this); }
OpFactors WeightOp::getFactors() { return leafFactors(*this); }
OpFactors SizeOp::getFactors() { return leafFactors(*this); }

}  // namespace mlc::graph
