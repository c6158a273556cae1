#include "compiler/target/cpu/contract/product.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
using mlir::Value;

namespace {

Value reinterpret(KernelBuilder& k, Value vector, mlir::Type element) {
  auto type = mlir::cast<mlir::VectorType>(vector.getType());
  const int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
  auto target = mlir::VectorType::get({bits / element.getIntOrFloatBitWidth()}, element);
  return mlir::vector::BitCastOp::create(k.builder(), k.loc(), target, vector);
}

Value call(KernelBuilder& k, llvm::StringRef intrinsic, mlir::Type result,
           mlir::ValueRange operands) {
  auto name = k.builder().getStringAttr(intrinsic);
  return mlir::LLVM::CallIntrinsicOp::create(k.builder(), k.loc(), result, name, operands)
      .getResult(0);
}

mlir::Type widened(Value value, mlir::Type element) {
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(value.getType())) return vector.clone(element);
  return element;
}

Value extend(KernelBuilder& k, Value value, mlir::Type element, mlir::Type to) {
  mlir::Type type = widened(value, to);
  if (value.getType() == type) return value;
  if (element.isUnsignedInteger()) return arith::ExtUIOp::create(k.builder(), k.loc(), type, value);
  return arith::ExtSIOp::create(k.builder(), k.loc(), type, value);
}

// The instruction that adds four products of bytes for vectors of so many bytes; empty if the
// target has none.
llvm::StringRef dotInstruction(int64_t vectorBytes) {
  return vectorBytes == 64   ? "llvm.x86.avx512.vpdpbusd.512"
         : vectorBytes == 32 ? "llvm.x86.avx512.vpdpbusd.256"
                             : "llvm.x86.avx512.vpdpbusd.128";
}

llvm::StringRef pairInstruction(int64_t vectorBytes) {
  return vectorBytes == 64   ? "llvm.x86.avx512.pmaddw.d.512"
         : vectorBytes == 32 ? "llvm.x86.avx2.pmadd.wd"
                             : "llvm.x86.sse2.pmadd.wd";
}

bool hasDotInstruction(const CpuTarget& target) {
  return target.vectorBytes() == 64 ? target.has("avx512vnni") : target.has("avxvnni");
}

}  // namespace

mlir::Type accumulatorType(mlir::Type lhs, mlir::Type) {
  if (mlir::isa<mlir::FloatType>(lhs)) return conversion::computeType(lhs);
  const unsigned bits = std::max(32u, lhs.getIntOrFloatBitWidth());
  return mlir::IntegerType::get(lhs.getContext(), bits);
}

Value widen(KernelBuilder& k, Value loaded, mlir::Type element, mlir::Type accumulator) {
  Value value = conversion::fromStorage(k.builder(), k.loc(), loaded, element);
  return extend(k, value, element, accumulator);
}

Product Product::of(const CpuTarget& target, mlir::Type lhs, mlir::Type rhs, bool packed) {
  Product product;
  product.lhs = lhs;
  product.rhs = rhs;
  product.accumulator = accumulatorType(lhs, rhs);
  product.vectorBytes = target.vectorBytes();
  auto isByte = [](mlir::Type type) {
    return mlir::isa<mlir::IntegerType>(type) && type.getIntOrFloatBitWidth() == 8;
  };
  if (isByte(lhs) && isByte(rhs)) {
    const bool dot = hasDotInstruction(target);
    // Elsewhere there is no instruction for vectors of this size.
    const bool pairs = target.isX86() && (target.vectorBytes() < 64 || target.has("avx512bw"));
    if (dot && !rhs.isUnsignedInteger()) {
      product.kind = Kind::kUnsignedLeft;
    } else if (dot && !lhs.isUnsignedInteger()) {
      product.kind = Kind::kUnsignedRight;
    } else if (pairs) {
      product.kind = Kind::kPairs;
    }
  }
  product.panelElement = packed || product.isGrouped() ? rhs : product.accumulator;
  return product;
}

int64_t Product::group() const {
  return kind == Kind::kMultiplyAdd ? 1 : kind == Kind::kPairs ? 2 : 4;
}

bool Product::shiftsRows() const { return kind == Kind::kUnsignedLeft && !lhs.isUnsignedInteger(); }

mlir::Type Product::rowElement() const {
  return mlir::IntegerType::get(lhs.getContext(), kind == Kind::kPairs ? 16 : 8);
}

Value Product::toRowElement(KernelBuilder& k, Value loaded) const {
  Value value = extend(k, loaded, lhs, rowElement());
  if (!shiftsRows()) return value;
  Value top = conversion::constantLike(k.builder(), k.loc(), value.getType(), -128);
  return arith::XOrIOp::create(k.builder(), k.loc(), value, top);
}

Value Product::columns(KernelBuilder& k, Value panel, Value offset, int64_t width) const {
  Value loaded = k.load(panel, offset, width * group());
  if (kind == Kind::kMultiplyAdd) return widen(k, loaded, panelElement, accumulator);
  if (kind == Kind::kPairs) return extend(k, loaded, panelElement, k.builder().getI16Type());
  return loaded;
}

Value Product::row(KernelBuilder& k, Value rows, Value offset, int64_t width) const {
  Value scalar = k.load(rows, offset, 1);
  if (kind == Kind::kMultiplyAdd) return k.broadcast(widen(k, scalar, lhs, accumulator), width);
  return reinterpret(k, k.broadcast(scalar, width), rowElement());
}

Value Product::accumulate(KernelBuilder& k, Value row, Value columns, Value sum) const {
  mlir::OpBuilder& b = k.builder();
  switch (kind) {
    case Kind::kMultiplyAdd: {
      if (mlir::isa<mlir::FloatType>(accumulator)) {
        return mlir::math::FmaOp::create(b, k.loc(), row, columns, sum);
      }
      return arith::AddIOp::create(b, k.loc(), arith::MulIOp::create(b, k.loc(), row, columns),
                                   sum);
    }
    case Kind::kPairs: {
      Value pairs = call(k, pairInstruction(vectorBytes), sum.getType(), {row, columns});
      return arith::AddIOp::create(b, k.loc(), pairs, sum);
    }
    case Kind::kUnsignedLeft:
      return call(k, dotInstruction(vectorBytes), sum.getType(), {sum, row, columns});
    case Kind::kUnsignedRight:
      return call(k, dotInstruction(vectorBytes), sum.getType(), {sum, columns, row});
  }
  llvm_unreachable("all kinds are handled");
}

}  // namespace mlc::cpu
