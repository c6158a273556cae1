// Writes graph ops, checked: what is wrong becomes an ImportError that names the node.
#pragma once

#include <string>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/weight_table.h"
#include "compiler/import/onnx/import_error.h"
#include "compiler/import/onnx/tensor.h"
#include "compiler/import/shape/symbols.h"
#include "mlir/IR/Builders.h"
#include "runtime/base/small_float.h"

namespace mlc::onnx_import {

class Emitter {
 public:
  Emitter(mlir::MLIRContext* context, graph::WeightTable& weights, sizes::Symbols& symbols);

  // The node that ops and errors belong to.
  void setNode(std::string description, mlir::Location location);
  mlir::Location location() const { return location_; }
  const std::string& description() const { return description_; }

  // Where ops go: the end of a block. Constants, weights and sizes go to the end of the entry
  // block, so that they can be used everywhere after.
  void setEntry(mlir::Block* block) { entry_.setInsertionPointToEnd(block); }
  void setBlock(mlir::Block* block) { builder_.setInsertionPointToEnd(block); }
  mlir::Block* block() const { return builder_.getBlock(); }
  mlir::OpBuilder& builder() { return builder_; }
  graph::WeightTable& weights() { return weights_; }

  [[noreturn]] void invalid(const std::string& what) const;
  [[noreturn]] void unsupported(const std::string& what) const;

  // An op with one result whose type follows from its operands. Operands of elementwise ops
  // broadcast.
  template <typename Op, typename... Args>
  mlir::Value emit(Args&&... args) {
    return emitAt<Op>(builder_, std::forward<Args>(args)...);
  }

  // An op with a stated result type; its verifier runs at once.
  template <typename Op, typename... Args>
  mlir::Value emitStated(mlir::Type type, Args&&... args) {
    mlir::OperationState state(location_, Op::getOperationName());
    Op::build(builder_, state, type, std::forward<Args>(args)...);
    return created(builder_, state);
  }

  // An op with several results whose types follow from its operands.
  template <typename Op, typename... Args>
  mlir::ResultRange emitAll(Args&&... args) {
    // Until the types are inferred.
    const llvm::SmallVector<mlir::Type> dummies(
        resultCount<Op>(), mlir::RankedTensorType::get({}, builder_.getF32Type()));
    mlir::OperationState state(location_, Op::getOperationName());
    Op::build(builder_, state, mlir::TypeRange(dummies), std::forward<Args>(args)...);
    inferTypes<Op>(state);
    return createVerified(builder_, state)->getResults();
  }

  // A symbol for a size that the program computes.
  std::string newSymbol() { return sizes::kComputedPrefix + std::to_string(newSymbols_++); }

  // An elementwise op of two operands.
  template <typename Op, typename... Args>
  mlir::Value binary(mlir::Value a, mlir::Value b, Args&&... args) {
    return emit<Op>(a, b, std::forward<Args>(args)...);
  }

  // The tensor in the IR.
  mlir::Value materialize(Tensor& tensor);

  // What the node needs of sizes: proved, or a constraint of the model's runs; `why` is the reason
  // in the model's terms. An error where it holds for no sizes.
  void assume(sizes::Relation relation, const DimExpr& left, const DimExpr& right,
              const std::string& why);
  // Two dims that must be equal: the size that both have. Of a symbol and a constant the constant.
  DimExpr equal(const DimExpr& a, const DimExpr& b, const std::string& why);
  // What a dim was found equal to, or itself.
  DimExpr simplified(const DimExpr& dim) const { return symbols_.simplified(dim); }
  // The shape that two shapes broadcast to together.
  graph::Shape meet(llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b);
  // The value as it broadcasts to `shape` in an op that stretches static dims of 1 by itself: dims
  // that may be 1 are broadcast here.
  mlir::Value stretched(mlir::Value value, llvm::ArrayRef<DimExpr> shape);
  // The value as it broadcasts to `shape`, which it must not enlarge.
  mlir::Value stretchedTo(mlir::Value value, llvm::ArrayRef<DimExpr> shape, const std::string& why);

  mlir::RankedTensorType type(llvm::ArrayRef<DimExpr> shape, DType dtype) const;
  // The types of scalars that hold these, and the type of a tensor with this shape instead.
  mlir::RankedTensorType sequenceType(DType held) const;
  mlir::RankedTensorType optionalType(const Held& held) const;
  mlir::RankedTensorType typeLike(const Tensor& tensor, llvm::ArrayRef<DimExpr> shape) const;
  // Return their operand where nothing changes.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<DimExpr> shape);
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<DimExpr> shape);
  mlir::Value cast(mlir::Value value, DType dtype, Conversion conversion = {});
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  // A scalar constant, rounded to the type.
  mlir::Value scalar(double value, DType dtype);
  mlir::Value scalarLike(double constant, mlir::Value like) {
    return scalar(constant, graph::dtypeOf(like.getType()));
  }
  // In the weight table, under a name made from the hint, if it is large.
  mlir::Value constant(const HostTensor& tensor, const std::string& hint = "constant");
  // The wanted name, or one made from it that the weight table does not have.
  std::string unusedWeightName(const std::string& wanted) const;

 private:
  template <typename Op, typename... Args>
  mlir::Value emitAt(mlir::OpBuilder& builder, Args&&... args) {
    mlir::OperationState state(location_, Op::getOperationName());
    Op::build(builder, state, mlir::RankedTensorType::get({}, builder.getF32Type()),
              std::forward<Args>(args)...);
    if constexpr (Op::template hasTrait<graph::Elementwise>()) broadcastOperands(state);
    inferTypes<Op>(state);
    return created(builder, state);
  }
  template <typename Op>
  void inferTypes(mlir::OperationState& state) {
    llvm::SmallVector<mlir::Type> types;
    const bool inferred = mlir::succeeded(Op::inferReturnTypes(
        context_, location_, state.operands, state.attributes.getDictionary(context_),
        state.getRawProperties(), {}, types));
    if (!inferred) diagnosed();
    state.types.assign(types.begin(), types.end());
  }
  // How many results the op's definition states, if not one.
  template <typename Op, unsigned count = 2>
  static constexpr unsigned resultCount() {
    if constexpr (count > 16) {
      static_assert(Op::template hasTrait<mlir::OpTrait::OneResult>());
      return 1;
    } else if constexpr (Op::template hasTrait<mlir::OpTrait::NResults<count>::template Impl>()) {
      return count;
    } else {
      return resultCount<Op, count + 1>();
    }
  }
  mlir::Operation* createVerified(mlir::OpBuilder& builder, const mlir::OperationState& state);
  mlir::Value created(mlir::OpBuilder& builder, const mlir::OperationState& state);
  void broadcastOperands(mlir::OperationState& state);
  [[noreturn]] void diagnosed();
  mlir::Value sizes(const Tensor& tensor);
  mlir::Value weight(const std::string& name, const Tensor& tensor);
  mlir::Value filled(const Tensor& tensor);
  mlir::Value ofItems(const Tensor& tensor);

  mlir::MLIRContext* context_;
  graph::WeightTable& weights_;
  sizes::Symbols& symbols_;
  mlir::OpBuilder builder_;
  mlir::OpBuilder entry_;
  mlir::Location location_;
  std::string description_;
  std::string diagnostics_;
  int newSymbols_ = 0;
  mlir::ScopedDiagnosticHandler handler_;
};

}  // namespace mlc::onnx_import
