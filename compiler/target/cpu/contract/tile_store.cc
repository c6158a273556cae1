#include "compiler/target/cpu/contract/tile_store.h"

#include <numeric>

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::cpu {

using mlir::Value;

// How many neighbouring columns are neighbouring elements, or one element, in every buffer; 1 where
// they are stored one by one.
int64_t TileStore::storeWidth() const {
  if (nest->n.empty()) return 1;
  const LoopDim& inner = nest->n.back();
  if (!inner.isContiguous(kOut)) return 1;
  for (size_t i = 0; i < operands.size(); ++i) {
    const int buffer = kFirstEpilogueBuffer + static_cast<int>(i);
    if (!inner.isContiguous(buffer) && !inner.isBroadcast(buffer)) return 1;
  }
  if (nest->n.size() == 1) return tile.width;
  auto size = inner.size.constant();
  return size ? std::gcd(*size, tile.width) : 1;
}

void TileStore::storeColumns(KernelBuilder& k, llvm::ArrayRef<Value> rowOffsets, Value sumsRow,
                             Value firstColumn, Value columnInTile, int64_t width) const {
  Value accumulated = k.load(sums, k.add(sumsRow, columnInTile), width);
  if (shifts) {
    Value shift = k.load(shifts, columnInTile, width);
    accumulated = mlir::arith::SubIOp::create(k.builder(), k.loc(), accumulated, shift);
  }
  Value column = k.add(firstColumn, columnInTile);
  Value value = epilogue->emit(k, accumulated, width, [&](int operand) {
    const int buffer = kFirstEpilogueBuffer + operand;
    Value offset = k.add(rowOffsets[1 + operand], offsetOf(k, nest->n, column, buffer));
    const bool same = width > 1 && nest->n.back().isBroadcast(buffer);
    Value loaded = k.load(operands[operand], offset, same ? 1 : width);
    return same ? k.broadcast(loaded, width) : loaded;
  });
  k.store(value, out, k.add(rowOffsets[0], offsetOf(k, nest->n, column, kOut)));
}

void TileStore::emit(KernelBuilder& k, Value batch, Value firstRow, Value rows, Value firstColumn,
                     Value columns) const {
  llvm::SmallVector<Value> bases;
  for (size_t i = 0; i <= operands.size(); ++i) {
    bases.push_back(offsetOf(k, nest->batch, batch, kOut + static_cast<int>(i)));
  }
  const int64_t vector = storeWidth();
  Value zero = k.index(0), one = k.index(1), width = k.index(vector);
  k.loop(zero, rows, one, [&](Value row) {
    llvm::SmallVector<Value> rowOffsets;
    for (size_t i = 0; i < bases.size(); ++i) {
      const int buffer = kOut + static_cast<int>(i);
      rowOffsets.push_back(k.add(bases[i], offsetOf(k, nest->m, k.add(firstRow, row), buffer)));
    }
    Value sumsRow = k.mul(row, k.index(tile.columns()));
    auto columnsFrom = [&](Value from, Value to, int64_t step) {
      k.loop(from, to, k.index(step), [&](Value column) {
        storeColumns(k, rowOffsets, sumsRow, firstColumn, column, step);
      });
    };
    Value whole = zero;
    if (vector > 1) {
      whole = k.mul(k.div(columns, width), width);
      columnsFrom(zero, whole, vector);
    }
    columnsFrom(whole, columns, 1);
  });
}

}  // namespace mlc::cpu
