// What ops are, for those who ask: group formation, lowering, the planner. An op says it in its .td
// (graph_base.td names these traits); no stage lists ops.
#pragma once

#include <optional>

#include "compiler/dialect/graph/factors.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/OpDefinition.h"

namespace mlc::graph {

// The elements that an elementwise op takes.
enum class Elements { kAny, kFloats, kNumbers /* all but bools */, kIntegers /* and bools */ };

// The ops of arith and math that an elementwise op is on elements of each kind; void where it takes
// none of them.
template <typename FloatOp, typename SignedOp, typename UnsignedOp>
struct ScalarOps {
  using Float = FloatOp;
  using Signed = SignedOp;
  using Unsigned = UnsignedOp;
};

// The type of an elementwise op's result: that of its operands, which all have the same elements
// and broadcast, or bools.
llvm::LogicalResult inferElementwise(std::optional<mlir::Location> location,
                                     mlir::ValueRange operands, Elements elements, bool givesBools,
                                     llvm::SmallVectorImpl<mlir::Type>& types);

// Computes each result element from the elements at the same (broadcast) index.
template <typename ConcreteOp>
class Elementwise : public mlir::OpTrait::TraitBase<ConcreteOp, Elementwise> {
 public:
  OpFactors getFactors() { return elementwiseFactors(this->getOperation()); }

  static llvm::LogicalResult inferReturnTypes(mlir::MLIRContext*,
                                              std::optional<mlir::Location> location,
                                              mlir::ValueRange operands, mlir::DictionaryAttr,
                                              mlir::OpaqueProperties, mlir::RegionRange,
                                              llvm::SmallVectorImpl<mlir::Type>& types) {
    return inferElementwise(location, operands, ConcreteOp::kElements, ConcreteOp::kGivesBools,
                            types);
  }
};

// An elementwise op whose result needs no rounding: of elements that the element type represents it
// gives one.
template <typename ConcreteOp>
class Exact : public mlir::OpTrait::TraitBase<ConcreteOp, Exact> {};

// Linear in all operands together: of the parts of sums it gives the parts of a sum (in exact
// arithmetic; integers wrap, so not for them).
template <typename ConcreteOp>
class Linear : public mlir::OpTrait::TraitBase<ConcreteOp, Linear> {};

// Each result element is an element of an operand, or its index: nothing is computed.
template <typename ConcreteOp>
class Movement : public mlir::OpTrait::TraitBase<ConcreteOp, Movement> {};

// A movement that reads of its first operand no more than it takes.
template <typename ConcreteOp>
class TakesPart : public mlir::OpTrait::TraitBase<ConcreteOp, TakesPart> {};

// The result is the operand's memory under another shape.
template <typename ConcreteOp>
class View : public mlir::OpTrait::TraitBase<ConcreteOp, View> {};

// A value without operands; reading it is the work of its users.
template <typename ConcreteOp>
class Leaf : public mlir::OpTrait::TraitBase<ConcreteOp, Leaf> {
 public:
  OpFactors getFactors() { return leafFactors(this->getOperation()); }
};

// A leaf whose elements are part of the model.
template <typename ConcreteOp>
class Parameter : public mlir::OpTrait::TraitBase<ConcreteOp, Parameter> {};

// A leaf that is cloned into each kernel that reads it.
template <typename ConcreteOp>
class ClonedLeaf : public mlir::OpTrait::TraitBase<ConcreteOp, ClonedLeaf> {};

// A leaf that lies in memory which the runtime provides.
template <typename ConcreteOp>
class StoredLeaf : public mlir::OpTrait::TraitBase<ConcreteOp, StoredLeaf> {};

// No dim of its operands and results may be split.
template <typename ConcreteOp>
class Unsplit : public mlir::OpTrait::TraitBase<ConcreteOp, Unsplit> {
 public:
  OpFactors getFactors() { return wholeFactors(this->getOperation()); }
};

// Done by a rank's host program itself, never in a kernel.
template <typename ConcreteOp>
class HostOp : public mlir::OpTrait::TraitBase<ConcreteOp, HostOp> {};

// Sums of products of two operands' elements: where a model's arithmetic is. Micro-kernels compute
// them, with elementwise consumers as epilogues.
template <typename ConcreteOp>
class SumOfProducts : public mlir::OpTrait::TraitBase<ConcreteOp, SumOfProducts> {};

// The root of a kernel that elementwise producers of its first operand may join: they are computed
// again at each pass over a row.
template <typename ConcreteOp>
class FusesProducers : public mlir::OpTrait::TraitBase<ConcreteOp, FusesProducers> {};

// Fuses producers that others read too: the kernel stores the first operand and reads it back.
template <typename ConcreteOp>
class StoresProducer : public mlir::OpTrait::TraitBase<ConcreteOp, StoresProducer> {};

}  // namespace mlc::graph
