#include "compiler/target/cpu/contract/block_storage.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
using mlir::Value;

namespace {

mlir::Type elementOf(Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

Value constant(KernelBuilder& k, mlir::Type type, double value) {
  return conversion::constantLike(k.builder(), k.loc(), type, value);
}

}  // namespace

std::optional<BlockStorage> BlockStorage::of(graph::DequantizeOp op, bool transposed) {
  BlockStorage storage;
  storage.element = elementOf(op.getInput());
  storage.scale = elementOf(op.getScale());
  storage.block = static_cast<int64_t>(op.getBlockSize());
  const graph::Shape shape = graph::shapeOf(op.getInput());
  if (storage.block == 0 || shape.size() != 2) return std::nullopt;
  const int64_t rowDim = transposed ? 1 : 0;
  const int64_t axis = op.getAxis() < 0 ? op.getAxis() + 2 : op.getAxis();
  const std::optional<int64_t> rows = shape[rowDim].constant();
  if (axis != rowDim || !rows || !mlir::isa<mlir::IntegerType>(storage.element))
    return std::nullopt;
  storage.rows = *rows;
  const unsigned bits = storage.element.getIntOrFloatBitWidth();
  if ((bits != 4 && bits != 8) || graph::shapeOf(op.getScale()).size() != 2) return std::nullopt;
  // A byte belongs to one block and is full.
  if (storage.block % storage.group() != 0 || storage.rows % storage.group() != 0)
    return std::nullopt;
  if (graph::shapeOf(op.getZeroPoint()).empty()) {
    auto constantOp = op.getZeroPoint().getDefiningOp<graph::ConstantOp>();
    if (!constantOp) return std::nullopt;
    const auto value =
        mlir::cast<mlir::DenseElementsAttr>(constantOp.getValue()).getSplatValue<llvm::APInt>();
    storage.zero = storage.element.isUnsignedInteger() ? static_cast<double>(value.getZExtValue())
                                                       : static_cast<double>(value.getSExtValue());
  }
  return storage;
}

Value BlockStorage::unsignedNibbles(KernelBuilder& k, Value bytes) const {
  if (!isShifted()) return bytes;
  return arith::XOrIOp::create(k.builder(), k.loc(), bytes, constant(k, bytes.getType(), -0x78));
}

// Bytes as f32; nibbles are in bytes of their own.
Value BlockStorage::toFloat(KernelBuilder& k, Value bytes) const {
  mlir::OpBuilder& b = k.builder();
  auto type = mlir::cast<mlir::VectorType>(bytes.getType());
  mlir::Type wide = type.clone(b.getI32Type());
  const bool isSigned = !isNibbles() && !element.isUnsignedInteger();
  Value number = isSigned ? Value(arith::ExtSIOp::create(b, k.loc(), wide, bytes))
                          : Value(arith::ExtUIOp::create(b, k.loc(), wide, bytes));
  return arith::SIToFPOp::create(b, k.loc(), type.clone(b.getF32Type()), number);
}

Value BlockStorage::zerosAt(KernelBuilder& k, const Views& views, Value offset,
                            int64_t width) const {
  mlir::OpBuilder& b = k.builder();
  if (zero) {
    return constant(k, mlir::VectorType::get({width}, b.getF32Type()),
                    *zero + (isShifted() ? 8 : 0));
  }
  if (!isNibbles()) return toFloat(k, k.load(views.zeros, offset, width));
  // Two neighbouring columns share a byte.
  Value bytes = unsignedNibbles(k, k.load(views.zeros, k.div(offset, k.index(2)), width / 2));
  Value low = arith::AndIOp::create(b, k.loc(), bytes, constant(k, bytes.getType(), 15));
  Value high = arith::ShRUIOp::create(b, k.loc(), bytes, constant(k, bytes.getType(), 4));
  llvm::SmallVector<int64_t> order;
  for (int64_t i = 0; i < width / 2; ++i) order.append({i, width / 2 + i});
  return toFloat(k, mlir::vector::ShuffleOp::create(b, k.loc(), low, high, order));
}

BlockStorage::Factors BlockStorage::factors(KernelBuilder& k, const Views& views,
                                            const TileShape& tile, Value panel, Value block) const {
  mlir::OpBuilder& b = k.builder();
  Value line = k.mul(k.add(k.mul(panel, k.index(blocks())), block), k.index(tile.columns()));
  Factors factors;
  for (int64_t j = 0; j < tile.vectors; ++j) {
    Value at = k.add(line, k.index(j * tile.width));
    Value scales = conversion::fromStorage(b, k.loc(), k.load(views.scales, at, tile.width), scale);
    Value zeros = zerosAt(k, views, at, tile.width);
    Value product = arith::MulFOp::create(b, k.loc(), scales, zeros);
    factors.scales.push_back(scales);
    factors.shifts.push_back(arith::NegFOp::create(b, k.loc(), product));
  }
  return factors;
}

llvm::SmallVector<BlockStorage::Vectors, 2> BlockStorage::rowsAt(KernelBuilder& k,
                                                                 const Views& views,
                                                                 const TileShape& tile, Value panel,
                                                                 Value row) const {
  mlir::OpBuilder& b = k.builder();
  Value lines = k.add(k.mul(panel, k.index(rows / group())), k.div(row, k.index(group())));
  Value line = k.mul(lines, k.index(tile.columns()));
  llvm::SmallVector<Vectors, 2> result(group());
  for (int64_t j = 0; j < tile.vectors; ++j) {
    Value bytes = k.load(views.elements, k.add(line, k.index(j * tile.width)), tile.width);
    if (!isNibbles()) {
      result[0].push_back(toFloat(k, bytes));
      continue;
    }
    auto type = mlir::cast<mlir::VectorType>(bytes.getType());
    mlir::Type wide = type.clone(b.getI32Type()), real = type.clone(b.getF32Type());
    Value both = arith::ExtUIOp::create(b, k.loc(), wide, unsignedNibbles(k, bytes));
    Value low = arith::AndIOp::create(b, k.loc(), both, constant(k, wide, 15));
    Value high = arith::ShRUIOp::create(b, k.loc(), both, constant(k, wide, 4));
    result[0].push_back(arith::SIToFPOp::create(b, k.loc(), real, low));
    result[1].push_back(arith::SIToFPOp::create(b, k.loc(), real, high));
  }
  return result;
}

}  // namespace mlc::cpu
