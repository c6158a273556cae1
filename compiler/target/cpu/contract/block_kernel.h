// The inner loops over a right side in blocks: as micro_kernel.h, with elements that are widened in
// registers.
#pragma once

#include "compiler/target/cpu/contract/block_storage.h"

namespace mlc::cpu {

// tile[row][column] = sum over k of lhs[row, k] * w[k, column].
//
// For one or two rows the products with the stored numbers are summed block by block, and scaled
// once a block; for more, where registers for such sums lack, each number is scaled once for all
// rows.
struct BlockKernel {
  TileShape tile;
  Product product;
  BlockStorage storage;
  BlockStorage::Views views;
  DimExpr lhsStride;  // of k
  mlir::Value lhs;    // flat view
  mlir::Value sums;   // flat view of [tile.rows][tile.columns()] f32

  // rowOffsets: where each row of lhs begins. The function is added to the module before the one
  // that the caller emits.
  void call(KernelBuilder& caller, llvm::ArrayRef<mlir::Value> rowOffsets, mlir::Value panel) const;
};

}  // namespace mlc::cpu
