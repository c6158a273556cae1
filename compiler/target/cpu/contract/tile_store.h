// Applies the epilogue to a tile of sums and stores it.
#pragma once

#include "compiler/target/cpu/contract/epilogue.h"
#include "compiler/target/cpu/contract/loop_nest.h"
#include "compiler/target/cpu/contract/micro_kernel.h"

namespace mlc::cpu {

struct TileStore {
  const LoopNest* nest;
  const Epilogue* epilogue;
  TileShape tile;
  mlir::Value sums;                         // flat view of [tile.rows][tile.columns()] accumulators
  mlir::Value out;                          // flat view
  llvm::SmallVector<mlir::Value> operands;  // flat views of the epilogue's operands
  mlir::Value shifts;  // flat view of what is to be subtracted from the sums of each column of the
                       // tile; null: nothing

  // Rows firstRow .. + rows, columns firstColumn .. + columns of result matrix `batch`.
  void emit(KernelBuilder& k, mlir::Value batch, mlir::Value firstRow, mlir::Value rows,
            mlir::Value firstColumn, mlir::Value columns) const;

 private:
  int64_t storeWidth() const;
  void storeColumns(KernelBuilder& k, llvm::ArrayRef<mlir::Value> rowOffsets, mlir::Value sumsRow,
                    mlir::Value firstColumn, mlir::Value columnInTile, int64_t width) const;
};

}  // namespace mlc::cpu
