// Writes a graph module's @main op by op, with random weights: what random graphs are made with.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/graph/weight_table.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlc::equivalence {

using mlir::Value;

// Random numbers, the same in every run: the standard's distributions differ between libraries.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // Of first, first + 1, ..., last.
  int64_t between(int64_t first, int64_t last) {
    return first + static_cast<int64_t>(engine_() % static_cast<uint64_t>(last - first + 1));
  }
  bool oneIn(int64_t n) { return between(1, n) == 1; }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  template <typename T>
  T oneOf(std::initializer_list<T> choices) {
    return choices.begin()[between(0, static_cast<int64_t>(choices.size()) - 1)];
  }
  template <typename List>
  auto oneOfList(const List& list) {
    return list[static_cast<size_t>(between(0, static_cast<int64_t>(list.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

HostTensor randomFloats(std::vector<int64_t> shape, double scale, Random& random);

class GraphWriter {
 public:
  GraphWriter(mlir::MLIRContext& context, uint64_t seed);

  // What the graph is made of; the weights' elements have numbers of their own, so that setting
  // this back repeats a block with other weights.
  Random& random() { return random_; }
  mlir::OpBuilder& builder() { return builder_; }
  mlir::Type f32() { return builder_.getF32Type(); }
  // Named differently for each op, as a model's nodes are.
  mlir::Location location();

  Value input(const graph::Shape& shape, DType dtype);
  // Elements are between -scale and scale. A small one is sometimes a constant.
  Value weight(const std::vector<int64_t>& shape, double scale);
  // With the variance that keeps sums of `terms` products near 1.
  Value matrix(const std::vector<int64_t>& shape, int64_t terms);
  Value scalar(double value);
  Value constant(const HostTensor& tensor);

  // An op whose result type is inferred.
  template <typename Op, typename... Arguments>
  Value make(Arguments&&... arguments) {
    return Op::create(builder_, location(), std::forward<Arguments>(arguments)...);
  }
  Value contract(const std::string& equation, Value lhs, Value rhs);
  Value reshape(Value value, const graph::Shape& shape);
  Value broadcast(Value value, const graph::Shape& shape);
  Value transpose(Value value, const std::vector<int64_t>& permutation);
  // result[i] = value[start + i * step] along the axis.
  Value slice(Value value, size_t axis, const DimExpr& start, const DimExpr& size, int64_t step);

  // Ends @main. Called once.
  void finish(const std::vector<Value>& outputs);
  mlir::OwningOpRef<mlir::ModuleOp> takeModule() { return std::move(module_); }
  graph::WeightTable takeWeights() { return std::move(weights_); }

 private:
  mlir::MLIRContext& context_;
  Random random_, values_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  mlir::func::FuncOp main_;
  mlir::OpBuilder builder_;  // at the end of @main, or of a region
  mlir::OpBuilder outer_;  // at the end of @main, also while a region is written that has no op yet
  graph::WeightTable weights_;
  int nodes_ = 0;
};

}  // namespace mlc::equivalence
