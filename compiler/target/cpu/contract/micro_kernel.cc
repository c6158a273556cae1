#include "compiler/target/cpu/contract/micro_kernel.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/outlined_call.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

// Steps of k per trip of the innermost loop. Tiles of few rows are only used by small products.
int64_t unrollOf(size_t rows) { return rows >= 5 ? 4 : 2; }

using Carried = KernelBuilder::Carried;

// Emits the loops over k; the offsets into both operands move with them.
class KLoops {
 public:
  KLoops(KernelBuilder& k, const MicroKernel& kernel, Value panel, Value panelStride, Value size)
      : k_(k), kernel_(kernel), panel_(panel), panelStride_(panelStride), size_(size) {}

  Carried emit(size_t level, llvm::ArrayRef<Value> rowOffsets, Value panelOffset, Carried sums) {
    if (!kernel_.kDims) {
      return innermost(size_, k_.index(1), panelStride_, rowOffsets, panelOffset, std::move(sums));
    }
    const LoopDims& dims = *kernel_.kDims;
    if (level == dims.size()) return step(rowOffsets, panelOffset, std::move(sums));
    Value size = k_.dim(dims[level].size);
    Value lhsStride = k_.dim(dims[level].strides[kLhs]);
    // How far the panel moves: all inner dims of k are consecutive rows of it.
    DimExpr innerRows(1);
    for (size_t i = level + 1; i < dims.size(); ++i) innerRows = innerRows * dims[i].size;
    Value panelStep = k_.mul(panelStride_, k_.dim(innerRows));
    if (level + 1 == dims.size()) {
      return innermost(size, lhsStride, panelStep, rowOffsets, panelOffset, std::move(sums),
                       dims[level].size.constant());
    }
    return k_.loop(
        k_.index(0), size, k_.index(1), sums, [&](Value position, mlir::ValueRange carried) {
          return emit(level + 1, moved(rowOffsets, position, lhsStride),
                      k_.add(panelOffset, k_.mul(position, panelStep)), Carried(carried));
        });
  }

 private:
  llvm::SmallVector<Value> moved(llvm::ArrayRef<Value> rowOffsets, Value position, Value stride) {
    llvm::SmallVector<Value> rows;
    Value distance = k_.mul(position, stride);
    for (Value offset : rowOffsets) rows.push_back(k_.add(offset, distance));
    return rows;
  }

  // The last dim of k, some steps per trip. `constant`: its size, if known.
  Carried innermost(Value size, Value lhsStride, Value panelStep, llvm::ArrayRef<Value> rowOffsets,
                    Value panelOffset, Carried sums, std::optional<int64_t> constant = {}) {
    auto trip = [&](int64_t steps) {
      return [&, steps](Value position, mlir::ValueRange carried) {
        Carried current(carried);
        for (int64_t i = 0; i < steps; ++i) {
          Value at = k_.add(position, k_.index(i));
          current = step(moved(rowOffsets, at, lhsStride),
                         k_.add(panelOffset, k_.mul(at, panelStep)), std::move(current));
        }
        return current;
      };
    };
    const int64_t unroll = unrollOf(rowOffsets.size());
    Value whole = k_.mul(k_.div(size, k_.index(unroll)), k_.index(unroll));
    sums = k_.loop(k_.index(0), whole, k_.index(unroll), sums, trip(unroll));
    if (constant && *constant % unroll == 0) return sums;
    return k_.loop(whole, size, k_.index(1), sums, trip(1));
  }

  Carried step(llvm::ArrayRef<Value> rowOffsets, Value panelOffset, Carried sums) {
    const TileShape& tile = kernel_.tile;
    const Product& product = kernel_.product;
    llvm::SmallVector<Value> columns;
    for (int64_t j = 0; j < tile.vectors; ++j) {
      Value at = k_.add(panelOffset, k_.index(j * tile.width * product.group()));
      columns.push_back(product.columns(k_, panel_, at, tile.width));
    }
    for (size_t row = 0; row < rowOffsets.size(); ++row) {
      Value value = product.row(k_, kernel_.lhs, rowOffsets[row], tile.width);
      for (int64_t j = 0; j < tile.vectors; ++j) {
        Value& sum = sums[row * tile.vectors + j];
        sum = product.accumulate(k_, value, columns[j], sum);
      }
    }
    return sums;
  }

  KernelBuilder& k_;
  const MicroKernel& kernel_;
  Value panel_, panelStride_, size_;
};

Value scaled(KernelBuilder& k, Value sum, double factor) {
  if (factor == 1) return sum;
  Value vector = conversion::constantLike(k.builder(), k.loc(), sum.getType(), factor);
  return mlir::arith::MulFOp::create(k.builder(), k.loc(), sum, vector);
}

}  // namespace

TileShape TileShape::of(const CpuTarget& target, const Product& product) {
  const int64_t width = target.vectorBytes() * 8 / product.accumulator.getIntOrFloatBitWidth();
  const bool manyRegisters = target.numVectorRegisters() >= 32;
  // Accumulators, one vector of the panel each, one broadcast element; pairs also need a place for
  // products before they are added.
  const int64_t rows = product.kind == Product::Kind::kPairs && !manyRegisters ? 5 : 6;
  return {rows, target.tileVectors(), width};
}

void MicroKernel::call(KernelBuilder& caller, llvm::ArrayRef<Value> rowOffsets, Value panel,
                       Value panelOffset, Value panelStride, Place place) const {
  const size_t rows = rowOffsets.size();
  const std::string name =
      (caller.function().getName() + "_" + this->name + llvm::Twine(rows)).str();
  Value none = caller.index(0);
  llvm::SmallVector<Value> indices{panelOffset, panelStride,
                                   place.sumsOffset ? place.sumsOffset : none,
                                   place.size ? place.size : none};
  indices.append(rowOffsets.begin(), rowOffsets.end());
  callOutlined(
      caller, name, {lhs, sums, panel}, indices,
      [&](KernelBuilder& k, llvm::ArrayRef<Value> views, llvm::ArrayRef<Value> numbers) {
        MicroKernel kernel = *this;
        kernel.lhs = views[0];
        kernel.sums = views[1];
        Value stride = k.dim(sumsStride.value_or(DimExpr(tile.columns())));
        auto forEachSum = [&](llvm::function_ref<void(size_t, Value)> body) {
          for (size_t row = 0; row < rows; ++row) {
            Value begin = k.add(numbers[2], k.mul(k.index(static_cast<int64_t>(row)), stride));
            for (int64_t j = 0; j < tile.vectors; ++j) {
              body(row * tile.vectors + j, k.add(begin, k.index(j * tile.width)));
            }
          }
        };
        Value zero = conversion::constantLike(k.builder(), k.loc(),
                                              vectorOf(product.accumulator, tile.width), 0);
        Carried initial(rows * tile.vectors, zero);
        if (addsToSums) {
          forEachSum([&](size_t i, Value at) { initial[i] = k.load(kernel.sums, at, tile.width); });
        }
        Carried result = KLoops(k, kernel, views[2], numbers[1], numbers[3])
                             .emit(0, numbers.drop_front(4), numbers[0], initial);
        forEachSum(
            [&](size_t i, Value at) { k.store(scaled(k, result[i], factor), kernel.sums, at); });
      });
}

}  // namespace mlc::cpu
