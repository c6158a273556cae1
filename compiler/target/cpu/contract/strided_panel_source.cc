#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/panel_source.h"
#include "llvm/Support/MathExtras.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

// Transposes width x width elements held in `width` (a power of two) vectors: each round
// interleaves the first half of the vectors with the second.
void transpose(KernelBuilder& k, llvm::SmallVector<Value>& vectors) {
  const int64_t width = static_cast<int64_t>(vectors.size());
  llvm::SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < width; ++i) {
    low.push_back(i / 2 + (i % 2) * width);
    high.push_back(width / 2 + i / 2 + (i % 2) * width);
  }
  for (int64_t round = 1; round < width; round *= 2) {
    llvm::SmallVector<Value> next;
    for (int64_t i = 0; i < width / 2; ++i) {
      for (const auto& mask : {low, high}) {
        next.push_back(mlir::vector::ShuffleOp::create(k.builder(), k.loc(), vectors[i],
                                                       vectors[i + width / 2], mask));
      }
    }
    vectors = std::move(next);
  }
}

}  // namespace

void zeroColumns(KernelBuilder& k, const TileShape& tile, mlir::Type accumulator, Value rows,
                 Value columns, Value panel, Value panelOffset) {
  Value zero = conversion::constantLike(k.builder(), k.loc(), accumulator, 0);
  Value width = k.index(tile.columns()), one = k.index(1);
  k.loop(k.index(0), rows, one, [&](Value row) {
    Value rowOffset = k.add(panelOffset, k.mul(row, width));
    k.loop(columns, width, one,
           [&](Value column) { k.store(zero, panel, k.add(rowOffset, column)); });
  });
}

void StridedPanelSource::forRows(KernelBuilder& k, size_t dims, Value rhsOffset,
                                 RowBody body) const {
  auto nest = [&](auto&& self, size_t level, Value offset, Value row) -> void {
    if (level == dims) return body(offset, row);
    const LoopDim& dim = nest_.k[level];
    Value size = k.dim(dim.size);
    k.loop(k.index(0), size, k.index(1), [&](Value i) {
      self(self, level + 1, k.add(offset, k.mul(i, k.dim(dim.strides[kRhs]))),
           k.add(k.mul(row, size), i));
    });
  };
  nest(nest, 0, rhsOffset, k.index(0));
}

// Whether each panel's columns lie side by side.
bool StridedPanelSource::rowsAreContiguous() const {
  if (nest_.n.empty() || !nest_.n.back().isContiguous(kRhs)) return false;
  if (nest_.n.size() == 1) return true;
  auto size = nest_.n.back().size.constant();
  return size && *size % tile_.columns() == 0;
}

void StridedPanelSource::copyRows(KernelBuilder& k, Value base, Value panel,
                                  Value panelOffset) const {
  forRows(k, nest_.k.size(), base, [&](Value offset, Value row) {
    Value to = k.add(panelOffset, k.mul(row, k.index(tile_.columns())));
    for (int64_t j = 0; j < tile_.columns(); j += tile_.width) {
      Value loaded = k.load(rhs_, k.add(offset, k.index(j)), tile_.width);
      k.store(widen(k, loaded, element_, accumulator_), panel, k.add(to, k.index(j)));
    }
  });
}

// Whether each column's elements lie side by side.
bool StridedPanelSource::columnsAreContiguous() const {
  return !nest_.k.empty() && nest_.k.back().isContiguous(kRhs) && llvm::isPowerOf2_64(tile_.width);
}

void StridedPanelSource::transposeColumns(KernelBuilder& k, Value base, Value firstColumn,
                                          Value panel, Value panelOffset) const {
  const LoopDim& inner = nest_.k.back();
  Value size = k.dim(inner.size), width = k.index(tile_.width), columns = k.index(tile_.columns());
  Value whole = k.mul(k.div(size, width), width);
  k.loop(k.index(0), columns, width, [&](Value group) {
    llvm::SmallVector<Value> bases;
    for (int64_t j = 0; j < tile_.width; ++j) {
      Value column = k.add(firstColumn, k.add(group, k.index(j)));
      bases.push_back(k.add(base, offsetOf(k, nest_.n, column, kRhs)));
    }
    forRows(k, nest_.k.size() - 1, k.index(0), [&](Value offset, Value outer) {
      Value row = k.mul(outer, size);
      Value to = k.add(k.add(panelOffset, group), k.mul(row, columns));
      k.loop(k.index(0), whole, width, [&](Value i) {
        llvm::SmallVector<Value> vectors;
        for (Value column : bases) {
          Value loaded = k.load(rhs_, k.add(k.add(column, offset), i), tile_.width);
          vectors.push_back(widen(k, loaded, element_, accumulator_));
        }
        transpose(k, vectors);
        for (int64_t j = 0; j < tile_.width; ++j) {
          k.store(vectors[j], panel, k.add(to, k.mul(k.add(i, k.index(j)), columns)));
        }
      });
      k.loop(whole, size, k.index(1), [&](Value i) {
        for (int64_t j = 0; j < tile_.width; ++j) {
          Value loaded = k.load(rhs_, k.add(k.add(bases[j], offset), i), 1);
          k.store(widen(k, loaded, element_, accumulator_), panel,
                  k.add(to, k.add(k.mul(i, columns), k.index(j))));
        }
      });
    });
  });
}

void StridedPanelSource::copyElements(KernelBuilder& k, Value base, Value firstColumn,
                                      Value columns, Value panel, Value panelOffset) const {
  Value width = k.index(tile_.columns());
  k.loop(k.index(0), columns, k.index(1), [&](Value column) {
    Value from = k.add(base, offsetOf(k, nest_.n, k.add(firstColumn, column), kRhs));
    forRows(k, nest_.k.size(), from, [&](Value offset, Value row) {
      Value element = widen(k, k.load(rhs_, offset, 1), element_, accumulator_);
      k.store(element, panel, k.add(panelOffset, k.add(k.mul(row, width), column)));
    });
  });
  zeroColumns(k, tile_, accumulator_, k.dim(sizeOf(nest_.k)), columns, panel, panelOffset);
}

void StridedPanelSource::pack(KernelBuilder& k, Value batch, Value firstColumn, Value columns,
                              Value panel, Value panelOffset) const {
  Value base = offsetOf(k, nest_.batch, batch, kRhs);
  auto elements = [&] { copyElements(k, base, firstColumn, columns, panel, panelOffset); };
  const bool rows = rowsAreContiguous();
  if (!rows && !columnsAreContiguous()) return elements();
  k.branch(
      k.equal(columns, k.index(tile_.columns())),
      [&] {
        if (rows) {
          copyRows(k, k.add(base, offsetOf(k, nest_.n, firstColumn, kRhs)), panel, panelOffset);
        } else {
          transposeColumns(k, base, firstColumn, panel, panelOffset);
        }
      },
      elements);
}

}  // namespace mlc::cpu
