// The inner loops: a few rows times one panel of columns, held in registers over all of k.
#pragma once

#include <optional>

#include "compiler/target/cpu/contract/loop_nest.h"
#include "compiler/target/cpu/contract/product.h"
#include "compiler/target/cpu/cpu_target.h"

namespace mlc::cpu {

// The shape of the register tile, from the number and width of the vector registers.
struct TileShape {
  int64_t rows;     // at most this many
  int64_t vectors;  // per row
  int64_t width;    // elements of the accumulator's type per vector

  int64_t columns() const { return vectors * width; }

  static TileShape of(const CpuTarget& target, const Product& product);
};

// tile[row][column] = factor * sum over k of lhs[row, k] * panel[k, column]; for grouped products k
// counts words of lhs and groups of the panel.
//
// A function of its own for each number of rows, never inlined: its accumulators take nearly all
// vector registers, so nothing else may live in them.
struct MicroKernel {
  TileShape tile;
  Product product;
  const LoopDims* kDims;  // null: one dim, contiguous in lhs, whose size each call gives
  mlir::Value lhs;        // flat view
  mlir::Value sums;       // flat view of [tile.rows][tile.columns()] accumulators
  // How many accumulators the rows of `sums` are apart, if not tile.columns().
  std::optional<DimExpr> sumsStride = std::nullopt;
  bool addsToSums = false;        // sums += instead of sums =
  double factor = 1;              // not with addsToSums
  llvm::StringRef name = "rows";  // tells a kernel's micro-kernels apart

  // What calls may differ in; null: 0.
  struct Place {
    mlir::Value sumsOffset = {};  // of the tile in `sums`
    mlir::Value size = {};        // of k, where kDims is null
  };

  // rowOffsets: where each row of lhs begins. The panel's rows (of groups) are `panelStride`
  // elements apart; a stride that is not the tile's width is of a matrix that is read where it
  // lies. The function is added to the module before the one that the caller emits.
  void call(KernelBuilder& caller, llvm::ArrayRef<mlir::Value> rowOffsets, mlir::Value panel,
            mlir::Value panelOffset, mlir::Value panelStride, Place place) const;
  void call(KernelBuilder& caller, llvm::ArrayRef<mlir::Value> rowOffsets, mlir::Value panel,
            mlir::Value panelOffset, mlir::Value panelStride) const {
    call(caller, rowOffsets, panel, panelOffset, panelStride, Place());
  }
};

}  // namespace mlc::cpu
