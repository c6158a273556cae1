#include "compiler/dialect/graph/factor_builder.h"

namespace mlc::graph {

OpFactors StringsOp::getFactors() { return wholeFactors(*this); }
OpFactors StringConcatOp::getFactors() { return wholeFactors(*this); }
OpFactors StringSplitOp::getFactors() { return wholeFactors(*this); }
OpFactors StringNormalizeOp::getFactors() { return wholeFactors(*this); }
OpFactors SequenceOfOp::getFactors() { return wholeFactors(*this); }
OpFactors SequenceInsertOp::getFactors() { return wholeFactors(*this); }
OpFactors SequenceEraseOp::getFactors() { return wholeFactors(*this); }
OpFactors SequenceAtOp::getFactors() { return wholeFactors(*this); }
OpFactors SequenceLengthOp::getFactors() { return wholeFactors(*this); }
OpFactors SplitToSequenceOp::getFactors() { return wholeFactors(*this); }
OpFactors ConcatFromSequenceOp::getFactors() { return wholeFactors(*this); }
OpFactors OptionalOfOp::getFactors() { return wholeFactors(*this); }
OpFactors OptionalHasOp::getFactors() { return wholeFactors(*this); }
OpFactors OptionalShapeOp::getFactors() { return wholeFactors(*this); }
OpFactors OptionalGetOp::getFactors() { return wholeFactors(*this); }

}  // namespace mlc::graph
