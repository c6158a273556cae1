// The values that hold a function's tensors on one rank, in each layout that is available, and the
// collectives that make more of them. Private.
#pragma once

#include <vector>

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "partitioner/plan/layout.h"
#include "runtime/base/dim_expr.h"

namespace mlc::partition {

class LayoutValues {
 public:
  // tpRank: this rank's position in its group.
  LayoutValues(const Function& function, int tpRank)
      : function_(function), tpRank_(tpRank), values_(function.tensors.size()) {}

  void add(int tensor, Layout layout, mlir::Value value) {
    values_[tensor].push_back({std::move(layout), value});
  }

  // A weight of main: cut where it is used, from a copy of its op (graph.weight, graph.state or
  // graph.constant).
  void addWeight(int tensor, mlir::Operation* source) {
    values_[tensor].push_back({Layout::replicated(), {}, source});
  }

  // The tensor in that layout, made here if it is not available, by the rules of
  // partitioner/search/layout_tracker.h. Null if partial sums are asked for that are not there.
  mlir::Value get(mlir::OpBuilder& builder, mlir::Location location, int tensor,
                  const Layout& layout);

 private:
  struct Entry {
    Layout layout;
    mlir::Value value;
    mlir::Operation* weight = nullptr;
  };

  Entry* find(int tensor, Layout::Kind kind);
  mlir::Value replicate(mlir::OpBuilder& builder, mlir::Location location, int tensor);
  mlir::Value cut(mlir::OpBuilder& builder, mlir::Location location, mlir::Value whole,
                  const Layout& layout) const;
  mlir::Value cutWeight(mlir::OpBuilder& builder, mlir::Operation* weight,
                        const Layout& layout) const;
  // The rank's piece of `size`, and where it begins: where pieces are equal the same expression on
  // every rank, so that the ranks share a program.
  int64_t pieceSize(int64_t size, const Layout& layout) const;
  DimExpr offsetOf(int64_t size, const Layout& layout) const;

  const Function& function_;
  int tpRank_;
  std::vector<std::vector<Entry>> values_;
};

}  // namespace mlc::partition
