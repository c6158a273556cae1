#include "compiler/target/cpu/contract/kernel_builder.h"

#include <algorithm>
#include <limits>

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
namespace memref = mlir::memref;
namespace scf = mlir::scf;
namespace vector = mlir::vector;
using mlir::Value;

KernelBuilder::KernelBuilder(mlir::OpBuilder& builder, mlir::Location loc,
                             llvm::StringMap<Value> symbols)
    : builder_(builder),
      loc_(loc),
      symbols_(std::move(symbols)),
      entry_(builder.getInsertionBlock()) {}

mlir::func::FuncOp KernelBuilder::function() const {
  return mlir::cast<mlir::func::FuncOp>(entry_->getParentOp());
}

std::vector<std::string> KernelBuilder::symbols() const {
  std::vector<std::string> names;
  for (const auto& symbol : symbols_) names.push_back(symbol.getKey().str());
  std::ranges::sort(names);
  return names;
}

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder_, loc_, value);
}

Value KernelBuilder::dim(const DimExpr& expr) {
  if (auto constant = expr.constant()) return index(*constant);
  auto [it, inserted] = dims_.try_emplace(expr.str());
  if (inserted) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    if (lastEntryOp_) {
      builder_.setInsertionPointAfter(lastEntryOp_);
    } else {
      builder_.setInsertionPointToStart(entry_);
    }
    it->second = conversion::dimToIndex(builder_, loc_, expr, symbols_);
    if (mlir::Operation* op = it->second.getDefiningOp()) lastEntryOp_ = op;
  }
  return it->second;
}

Value KernelBuilder::add(Value a, Value b) {
  return builder_.createOrFold<arith::AddIOp>(loc_, a, b);
}
Value KernelBuilder::sub(Value a, Value b) {
  return builder_.createOrFold<arith::SubIOp>(loc_, a, b);
}
Value KernelBuilder::mul(Value a, Value b) {
  return builder_.createOrFold<arith::MulIOp>(loc_, a, b);
}
Value KernelBuilder::div(Value a, Value b) {
  return builder_.createOrFold<arith::DivUIOp>(loc_, a, b);
}
Value KernelBuilder::rem(Value a, Value b) {
  return builder_.createOrFold<arith::RemUIOp>(loc_, a, b);
}
Value KernelBuilder::min(Value a, Value b) {
  return builder_.createOrFold<arith::MinSIOp>(loc_, a, b);
}
Value KernelBuilder::max(Value a, Value b) {
  return builder_.createOrFold<arith::MaxSIOp>(loc_, a, b);
}

Value KernelBuilder::less(Value a, Value b) {
  return builder_.createOrFold<arith::CmpIOp>(loc_, arith::CmpIPredicate::slt, a, b);
}

Value KernelBuilder::equal(Value a, Value b) {
  return builder_.createOrFold<arith::CmpIOp>(loc_, arith::CmpIPredicate::eq, a, b);
}

void KernelBuilder::loop(Value from, Value to, Value step, Body body) {
  auto loop = scf::ForOp::create(builder_, loc_, from, to, step);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPoint(loop.getBody()->getTerminator());
  body(loop.getInductionVar());
}

KernelBuilder::Carried KernelBuilder::loop(Value from, Value to, Value step,
                                           mlir::ValueRange initial, CarryingBody body) {
  auto loop = scf::ForOp::create(builder_, loc_, from, to, step, initial);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(loop.getBody());
  Carried yielded = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(builder_, loc_, yielded);
  return Carried(loop.getResults());
}

void KernelBuilder::branch(Value condition, llvm::function_ref<void()> then,
                           llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(builder_, loc_, condition, static_cast<bool>(otherwise));
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPoint(branch.thenBlock()->getTerminator());
  then();
  if (!otherwise) return;
  builder_.setInsertionPoint(branch.elseBlock()->getTerminator());
  otherwise();
}

void KernelBuilder::switchOn(Value selector, llvm::ArrayRef<int64_t> values,
                             llvm::function_ref<void(int64_t)> body) {
  if (values.size() == 1) return body(values[0]);
  auto op = scf::IndexSwitchOp::create(builder_, loc_, mlir::TypeRange{}, selector,
                                       values.drop_back(), static_cast<int>(values.size()) - 1);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  auto emitCase = [&](mlir::Region& region, int64_t value) {
    builder_.setInsertionPointToStart(&region.emplaceBlock());
    body(value);
    scf::YieldOp::create(builder_, loc_);
  };
  for (auto [region, value] : llvm::zip(op.getCaseRegions(), values)) emitCase(region, value);
  emitCase(op.getDefaultRegion(), values.back());
}

Value KernelBuilder::flatView(Value pointer) {
  mlir::Type element = mlir::cast<mlir::MemRefType>(pointer.getType()).getElementType();
  auto type = mlir::MemRefType::get({mlir::ShapedType::kDynamic}, element);
  // The length is not looked at.
  return reinterpret(pointer, type, index(std::numeric_limits<int64_t>::max()));
}

mlir::MemRefType KernelBuilder::pointerType(Value view) {
  return mlir::MemRefType::get({1}, mlir::cast<mlir::MemRefType>(view.getType()).getElementType());
}

Value KernelBuilder::pointer(Value view) {
  return reinterpret(view, pointerType(view), mlir::OpFoldResult(builder_.getIndexAttr(1)));
}

Value KernelBuilder::reinterpret(Value source, mlir::MemRefType type, mlir::OpFoldResult length) {
  mlir::OpFoldResult zero = builder_.getIndexAttr(0), one = builder_.getIndexAttr(1);
  return memref::ReinterpretCastOp::create(builder_, loc_, type, source, zero,
                                           llvm::ArrayRef<mlir::OpFoldResult>(length),
                                           llvm::ArrayRef<mlir::OpFoldResult>(one));
}

Value KernelBuilder::scratchView(Value bytes, Value byteOffset, mlir::Type element) {
  auto type = mlir::MemRefType::get({mlir::ShapedType::kDynamic}, element);
  Value length = index(std::numeric_limits<int64_t>::max());
  return memref::ViewOp::create(builder_, loc_, type, bytes, byteOffset, mlir::ValueRange{length});
}

Value KernelBuilder::load(Value view, Value offset, int64_t width) {
  if (width == 1) return memref::LoadOp::create(builder_, loc_, view, offset);
  mlir::Type element = mlir::cast<mlir::MemRefType>(view.getType()).getElementType();
  auto type = mlir::VectorType::get({width}, element);
  return vector::LoadOp::create(builder_, loc_, type, view, mlir::ValueRange{offset});
}

void KernelBuilder::store(Value value, Value view, Value offset) {
  if (mlir::isa<mlir::VectorType>(value.getType())) {
    vector::StoreOp::create(builder_, loc_, value, view, mlir::ValueRange{offset});
  } else {
    memref::StoreOp::create(builder_, loc_, value, view, offset);
  }
}

Value KernelBuilder::broadcast(Value scalar, int64_t width) {
  if (width == 1) return scalar;
  auto type = mlir::VectorType::get({width}, scalar.getType());
  return vector::BroadcastOp::create(builder_, loc_, type, scalar);
}

mlir::Type vectorOf(mlir::Type element, int64_t width) {
  return width == 1 ? element : mlir::VectorType::get({width}, element);
}

Value shareBegin(KernelBuilder& k, Value i, Value n, Value total) {
  Value whole = k.div(total, n);
  Value rest = k.rem(total, n);
  return k.add(k.mul(i, whole), k.min(i, rest));
}

}  // namespace mlc::cpu
