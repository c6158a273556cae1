// A right side that is stored in blocks: elements of 4 or 8 bits, and a scale and a zero point for
// every `block` rows of a column.
//
//   w[k, n] = (q[k, n] - zero[k / block, n]) * scale[k / block, n]
//
// All three arrive in panels of a tile's columns (PanelLayout); two rows of 4-bit elements share a
// byte. They are widened in registers: w is never in memory as a whole.
#pragma once

#include <optional>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/micro_kernel.h"

namespace mlc::cpu {

struct BlockStorage {
  mlir::Type element;          // i4, ui4, i8 or ui8: also of the zero points
  mlir::Type scale;            // a float type
  int64_t rows = 0;            // of the matrix
  int64_t block = 0;           // rows that have one scale
  std::optional<double> zero;  // one zero point for all blocks

  // Of a matrix in blocks along the rows (`transposed`: it lies as [columns, rows]); none if there
  // is no code for it.
  static std::optional<BlockStorage> of(graph::DequantizeOp op, bool transposed);

  // Rows that share a byte.
  int64_t group() const { return 8 / element.getIntOrFloatBitWidth(); }
  int64_t blocks() const { return (rows + block - 1) / block; }

  // Flat views of the panels; `zeros` is null where `zero` says them.
  struct Views {
    mlir::Value elements, scales, zeros;
  };
  using Vectors = llvm::SmallVector<mlir::Value, 4>;

  // Of one block of a panel, in f32, a vector of columns each: w = q * scale + shift, with q as
  // `rowsAt` gives it.
  struct Factors {
    Vectors scales, shifts;
  };
  Factors factors(KernelBuilder& k, const Views& views, const TileShape& tile, mlir::Value panel,
                  mlir::Value block) const;

  // q of group() rows from `row` on, which is a multiple of that, in f32.
  llvm::SmallVector<Vectors, 2> rowsAt(KernelBuilder& k, const Views& views, const TileShape& tile,
                                       mlir::Value panel, mlir::Value row) const;

 private:
  bool isNibbles() const { return element.getIntOrFloatBitWidth() == 4; }
  // Signed nibbles are read as their number plus 8.
  bool isShifted() const { return isNibbles() && !element.isUnsignedInteger(); }
  mlir::Value unsignedNibbles(KernelBuilder& k, mlir::Value bytes) const;
  mlir::Value toFloat(KernelBuilder& k, mlir::Value bytes) const;
  mlir::Value zerosAt(KernelBuilder& k, const Views& views, mlir::Value offset,
                      int64_t width) const;
};

}  // namespace mlc::cpu
