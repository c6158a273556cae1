#include "compiler/conversion/graph_to_loops/kernel_frame.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

namespace arith = mlir::arith;
namespace scf = mlir::scf;
using mlir::Value;

namespace {

mlir::MemRefType bufferType(mlir::Type tensor) {
  mlir::Type element = mlir::cast<mlir::RankedTensorType>(tensor).getElementType();
  return mlir::MemRefType::get({}, storageType(element));
}

}  // namespace

KernelFrame::KernelFrame(mlir::func::FuncOp kernel, mlir::OpBuilder& builder, Sharing sharing)
    : builder_(builder), loc_(kernel.getLoc()), sharing_(sharing) {
  const std::vector<std::string> symbols = symbolsOf(kernel);
  llvm::SmallVector<mlir::Type> types(2 + symbols.size(), builder.getIndexType());
  for (mlir::Type type : kernel.getArgumentTypes()) types.push_back(bufferType(type));
  for (mlir::Type type : kernel.getResultTypes()) types.push_back(bufferType(type));
  function_ = mlir::func::FuncOp::create(builder, loc_, kernel.getName(),
                                         builder.getFunctionType(types, {}));
  mlir::Block* body = function_.addEntryBlock();
  builder.setInsertionPointToStart(body);
  for (auto [i, name] : llvm::enumerate(symbols)) symbols_[name] = body->getArgument(2 + i);

  auto flat = [&](unsigned argument) -> Value {
    auto type = mlir::cast<mlir::MemRefType>(types[argument]);
    function_.setArgAttr(argument, mlir::LLVM::LLVMDialect::getNoAliasAttrName(),
                         builder.getUnitAttr());
    auto view = mlir::MemRefType::get({mlir::ShapedType::kDynamic}, type.getElementType(),
                                      mlir::StridedLayoutAttr::get(builder.getContext(), 0, {1}));
    // The size plays no part in addressing.
    Value size = index(1);
    return mlir::memref::ReinterpretCastOp::create(
        builder, loc_, view, body->getArgument(argument), builder.getIndexAttr(0),
        llvm::ArrayRef<mlir::OpFoldResult>{size},
        llvm::ArrayRef<mlir::OpFoldResult>{builder.getIndexAttr(1)});
  };
  const unsigned first = 2 + symbols.size();
  for (unsigned i = 0; i < kernel.getNumArguments(); ++i) inputs_.push_back(flat(first + i));
  for (unsigned i = 0; i < kernel.getNumResults(); ++i) {
    outputs_.push_back(flat(first + kernel.getNumArguments() + i));
  }
}

Value KernelFrame::index(const DimExpr& expr) {
  auto [it, inserted] = entryIndices_.try_emplace(expr.str());
  if (!inserted) return it->second;
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(&function_.getBody().front());
  return it->second = dimToIndex(builder_, loc_, expr, symbols_);
}

const KernelFrame::Extents& KernelFrame::extents(llvm::ArrayRef<DimExpr> shape) {
  std::string key;
  for (const DimExpr& dim : shape) key += dim.str() + ";";
  auto [it, inserted] = extents_.try_emplace(key);
  if (!inserted) return it->second;
  Extents& made = it->second;
  for (const DimExpr& dim : shape) made.dims.push_back(index(dim));
  for (size_t i = 0; i < shape.size(); ++i) {
    made.strides.push_back(index(graph::elementCount(shape.drop_front(i + 1))));
  }
  return made;
}

const llvm::SmallVector<Value>& KernelFrame::dims(llvm::ArrayRef<DimExpr> shape) {
  return extents(shape).dims;
}

const llvm::SmallVector<Value>& KernelFrame::strides(llvm::ArrayRef<DimExpr> shape) {
  return extents(shape).strides;
}

Value KernelFrame::broadcastStep(const DimExpr& size) {
  auto [it, inserted] = broadcastSteps_.try_emplace(size.str());
  if (!inserted) return it->second;
  const Value extent = index(size), zero = index(int64_t{0}), one = index(int64_t{1});
  // At the function's entry as these are, behind the last of them.
  mlir::Operation* last = zero.getDefiningOp();
  for (Value value : {extent, one}) {
    mlir::Operation* made = value.getDefiningOp();
    if (made && last->isBeforeInBlock(made)) last = made;
  }
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointAfter(last);
  Value stretches = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::eq, extent, one);
  it->second = arith::SelectOp::create(builder_, loc_, stretches, zero, one);
  return it->second;
}

Value KernelFrame::offset(llvm::ArrayRef<Value> indices, llvm::ArrayRef<DimExpr> shape) {
  const llvm::SmallVector<Value>& factors = strides(shape);
  Value sum;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == DimExpr(1)) continue;
    Value term = i + 1 == shape.size() ? indices[i] : mul(indices[i], factors[i]);
    sum = sum ? add(sum, term) : term;
  }
  return sum ? sum : index(int64_t{0});
}

// Offsets into buffers never overflow: the flag lets LLVM see through the arithmetic.
Value KernelFrame::add(Value a, Value b) {
  return arith::AddIOp::create(builder_, loc_, a, b, arith::IntegerOverflowFlags::nsw);
}

Value KernelFrame::mul(Value a, Value b) {
  return arith::MulIOp::create(builder_, loc_, a, b, arith::IntegerOverflowFlags::nsw);
}

void KernelFrame::forEachOwn(const DimExpr& points, llvm::function_ref<void(Value)> body) {
  attr::setPoints(function_, points);
  Value total = index(points);
  if (sharing_ == Sharing::kElements) {
    loopBy(thread(), total, threads(), body);
    return;
  }
  Value begin = arith::DivUIOp::create(builder_, loc_, mul(total, thread()), threads());
  Value next = add(thread(), index(1));
  Value end = arith::DivUIOp::create(builder_, loc_, mul(total, next), threads());
  loop(begin, end, body);
}

llvm::SmallVector<Value> KernelFrame::delinearize(Value linear, llvm::ArrayRef<Value> dims) {
  llvm::SmallVector<Value> indices(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    if (i == 0) {
      indices[0] = linear;
      break;
    }
    indices[i] = arith::RemUIOp::create(builder_, loc_, linear, dims[i]);
    linear = arith::DivUIOp::create(builder_, loc_, linear, dims[i]);
  }
  return indices;
}

void KernelFrame::loop(Value begin, Value end, llvm::function_ref<void(Value)> body, int64_t step) {
  loopBy(begin, end, index(step), body);
}

void KernelFrame::loopBy(Value begin, Value end, Value step, llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(builder_, loc_, begin, end, step);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPoint(loop.getBody()->getTerminator());
  body(loop.getInductionVar());
}

llvm::SmallVector<Value> KernelFrame::reduceLoop(
    Value begin, Value end, mlir::ValueRange initial,
    llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)> body) {
  auto loop = scf::ForOp::create(builder_, loc_, begin, end, index(1), initial);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(loop.getBody());
  llvm::SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(builder_, loc_, next);
  return llvm::SmallVector<Value>(loop.getResults());
}

void KernelFrame::finish() {
  builder_.setInsertionPointToEnd(&function_.getBody().front());
  mlir::func::ReturnOp::create(builder_, loc_);
}

}  // namespace mlc::conversion
