#include "compiler/target/cpu/contract/micro_kernel.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
using mlir::Value;

namespace {

// Steps of k per trip of the innermost loop.
constexpr int64_t kUnroll = 4;

using Carried = KernelBuilder::Carried;

Value multiplyAdd(KernelBuilder& k, Value a, Value b, Value sum) {
  if (mlir::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(sum.getType()))) {
    return mlir::math::FmaOp::create(k.builder(), k.loc(), a, b, sum);
  }
  Value product = arith::MulIOp::create(k.builder(), k.loc(), a, b);
  return arith::AddIOp::create(k.builder(), k.loc(), product, sum);
}

// Emits the loops over k; the offsets into both operands move with them.
class KLoops {
 public:
  KLoops(KernelBuilder& k, const MicroKernel& kernel, Value panel, Value panelStride)
      : k_(k), kernel_(kernel), panel_(panel), panelStride_(panelStride) {}

  Carried emit(size_t level, llvm::ArrayRef<Value> rowOffsets, Value panelOffset, Carried sums) {
    const LoopDims& dims = *kernel_.kDims;
    if (level == dims.size()) return step(rowOffsets, panelOffset, std::move(sums));
    const bool innermost = level + 1 == dims.size();
    Value size = k_.dim(dims[level].size);
    Value lhsStride = k_.dim(dims[level].strides[kLhs]);
    // How far the panel moves: all inner dims of k are consecutive rows of it.
    DimExpr innerRows(1);
    for (size_t i = level + 1; i < dims.size(); ++i) innerRows = innerRows * dims[i].size;
    Value panelStep = k_.mul(panelStride_, k_.dim(innerRows));

    auto at = [&](Value position, llvm::SmallVector<Value>& rows) {
      Value moved = k_.mul(position, lhsStride);
      for (Value offset : rowOffsets) rows.push_back(k_.add(offset, moved));
      return k_.add(panelOffset, k_.mul(position, panelStep));
    };
    auto trip = [&](int64_t steps) {
      return [&, steps](Value position, mlir::ValueRange carried) {
        Carried current(carried);
        for (int64_t i = 0; i < steps; ++i) {
          llvm::SmallVector<Value> rows;
          Value panelAt = at(k_.add(position, k_.index(i)), rows);
          current = emit(level + 1, rows, panelAt, std::move(current));
        }
        return current;
      };
    };
    Value zero = k_.index(0), one = k_.index(1);
    if (!innermost) return k_.loop(zero, size, one, sums, trip(1));
    const auto constant = dims[level].size.constant();
    Value whole = k_.mul(k_.div(size, k_.index(kUnroll)), k_.index(kUnroll));
    sums = k_.loop(zero, whole, k_.index(kUnroll), sums, trip(kUnroll));
    if (constant && *constant % kUnroll == 0) return sums;
    return k_.loop(whole, size, one, sums, trip(1));
  }

 private:
  Carried step(llvm::ArrayRef<Value> rowOffsets, Value panelOffset, Carried sums) {
    const TileShape& tile = kernel_.tile;
    llvm::SmallVector<Value> columns;
    for (int64_t j = 0; j < tile.vectors; ++j) {
      Value loaded = k_.load(panel_, k_.add(panelOffset, k_.index(j * tile.width)), tile.width);
      columns.push_back(widen(k_, loaded, kernel_.panelElement, kernel_.accumulator));
    }
    for (size_t row = 0; row < rowOffsets.size(); ++row) {
      Value scalar = k_.load(kernel_.lhs, rowOffsets[row], 1);
      Value value = k_.broadcast(widen(k_, scalar, kernel_.lhsElement, kernel_.accumulator), tile.width);
      for (int64_t j = 0; j < tile.vectors; ++j) {
        Value& sum = sums[row * tile.vectors + j];
        sum = multiplyAdd(k_, value, columns[j], sum);
      }
    }
    return sums;
  }

  KernelBuilder& k_;
  const MicroKernel& kernel_;
  Value panel_, panelStride_;
};

}  // namespace

TileShape TileShape::of(const CpuTarget& target, mlir::Type accumulator) {
  const int64_t width = target.vectorBytes() * 8 / accumulator.getIntOrFloatBitWidth();
  // Accumulators, one vector of the panel each, one broadcast element.
  return {6, target.numVectorRegisters() >= 32 ? 4 : 2, width};
}

mlir::Type accumulatorType(mlir::Type lhs, mlir::Type) {
  if (mlir::isa<mlir::FloatType>(lhs)) return conversion::computeType(lhs);
  const unsigned bits = std::max(32u, lhs.getIntOrFloatBitWidth());
  return mlir::IntegerType::get(lhs.getContext(), bits);
}

Value widen(KernelBuilder& k, Value loaded, mlir::Type element, mlir::Type accumulator) {
  Value value = conversion::fromStorage(k.builder(), k.loc(), loaded, element);
  mlir::Type type = accumulator;
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(value.getType())) type = vector.clone(type);
  if (value.getType() == type) return value;
  if (element.isUnsignedInteger()) return arith::ExtUIOp::create(k.builder(), k.loc(), type, value);
  return arith::ExtSIOp::create(k.builder(), k.loc(), type, value);
}

void MicroKernel::emit(KernelBuilder& k, llvm::ArrayRef<Value> rowOffsets, Value panel,
                       Value panelOffset, Value panelStride) const {
  mlir::Type type = vectorOf(accumulator, tile.width);
  Value zero = conversion::constantLike(k.builder(), k.loc(), type, 0);
  Carried initial(rowOffsets.size() * tile.vectors, zero);
  Carried result = KLoops(k, *this, panel, panelStride).emit(0, rowOffsets, panelOffset, initial);
  for (size_t row = 0; row < rowOffsets.size(); ++row) {
    for (int64_t j = 0; j < tile.vectors; ++j) {
      k.store(result[row * tile.vectors + j], sums,
              k.index(static_cast<int64_t>(row) * tile.columns() + j * tile.width));
    }
  }
}

}  // namespace mlc::cpu
