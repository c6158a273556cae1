// Calls what an op's class has an overload for, so that what lowers ops names each of them once.
//
//   struct Lowering {
//     Value operator()(graph::SliceOp op);
//     Value operator()(graph::PadOp op);
//   };
//   if (graph::takesOp<Lowering>(op)) value = graph::visitOp<Value>(op, Lowering());
#pragma once

#include <type_traits>

#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace detail {

template <typename... Ops>
struct OpList {
  template <typename Visitor, typename Op>
  static constexpr bool kTakes = std::is_invocable_v<Visitor&, Op>;

  template <typename Visitor>
  static bool takes(mlir::Operation* op) {
    return ((kTakes<Visitor, Ops> && mlir::isa<Ops>(op)) || ...);
  }

  // Calls then(op), as its class, if the visitor takes that.
  template <typename Visitor, typename Then>
  static bool visit(mlir::Operation* op, Then then) {
    auto visitIf = [&]<typename Op>(std::type_identity<Op>) {
      if constexpr (kTakes<Visitor, Op>) {
        if (auto cast = mlir::dyn_cast<Op>(op)) {
          then(cast);
          return true;
        }
      }
      return false;
    };
    return (visitIf(std::type_identity<Ops>()) || ...);
  }

  template <template <typename> class Trait, typename Visitor>
  static constexpr bool kTakesAll =
      ((!Ops::template hasTrait<Trait>() || kTakes<Visitor, Ops>) && ...);
};

using GraphOps = OpList<
#define GET_OP_LIST
#include "compiler/dialect/graph/graph_ops.cc.inc"
    >;

}  // namespace detail

// Whether the visitor has an overload for the op's class.
template <typename Visitor>
bool takesOp(mlir::Operation* op) {
  return detail::GraphOps::takes<Visitor>(op);
}

// Whether the visitor has an overload for every op of the dialect with a trait.
template <template <typename> class Trait, typename Visitor>
constexpr bool kTakesAll = detail::GraphOps::kTakesAll<Trait, Visitor>;

// What the visitor gives for an op that it takes.
template <typename Result, typename Visitor>
Result visitOp(mlir::Operation* op, Visitor&& visitor) {
  Result result;
  const bool isTaken = detail::GraphOps::visit<std::remove_reference_t<Visitor>>(
      op, [&](auto cast) { result = visitor(cast); });
  assert(isTaken && "an op that the visitor does not take");
  (void)isTaken;
  return result;
}

// The same where it gives nothing.
template <typename Visitor>
void visitOp(mlir::Operation* op, Visitor&& visitor) {
  const bool isTaken = detail::GraphOps::visit<std::remove_reference_t<Visitor>>(
      op, [&](auto cast) { visitor(cast); });
  assert(isTaken && "an op that the visitor does not take");
  (void)isTaken;
}

}  // namespace mlc::graph
