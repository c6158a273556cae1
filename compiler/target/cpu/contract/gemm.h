// The loops around the micro-kernel: shares of the threads, panels, tiles.
#pragma once

#include <optional>

#include "compiler/target/cpu/contract/block_storage.h"
#include "compiler/target/cpu/contract/epilogue.h"
#include "compiler/target/cpu/contract/loop_nest.h"
#include "compiler/target/cpu/contract/micro_kernel.h"
#include "compiler/target/cpu/contract/panel_source.h"
#include "compiler/target/cpu/contract/row_words.h"

namespace mlc::cpu {

// A matrix product per batch index, over views of the kernel's buffers.
struct Gemm {
  const LoopNest* nest;
  const Epilogue* epilogue;
  TileShape tile;
  Product product;
  mlir::Value thread, threads;
  mlir::Value lhs, rhs, out;                // flat views
  llvm::SmallVector<mlir::Value> operands;  // flat views of the epilogue's operands
  bool packed = false;  // rhs lies in panels, [batch][n / tile][k][tile] or of groups
  std::optional<BlockStorage> blocks;  // rhs is stored in blocks, at blockViews; no `rhs` then
  BlockStorage::Views blockViews;
  const PanelSource* source = nullptr;  // unless packed: makes panels,
  mlir::Value scratch;                  // in these bytes (rank-1 memref of i8, all threads' shares)
  // At the end of a thread's share: for the source itself, a multiple of 64.
  DimExpr sourceBytes = 0;

  void emit(KernelBuilder& k) const;

  // Bytes of scratch per thread: for panels unless packed, for rows as words if grouped.
  DimExpr scratchBytes() const;

  // A view of the source's own bytes.
  mlir::Value sourceScratch(KernelBuilder& k) const;

 private:
  class Emitter;
  DimExpr panelBytes() const;  // of all panels of a group
  DimExpr rowBytes() const;    // of all rows of a block
  int64_t rowsPerBlock() const { return tilesPerBlock() * tile.rows; }
  // Panels that are worked on together: as many as fit a part of the L2 cache.
  int64_t panelsPerGroup() const;
  // Tiles of rows that go through one panel before the next: as many as fit a part of the L2 cache.
  int64_t tilesPerBlock() const;
  // Whether whole panels can be read where they lie, and whether there are so few rows that all of
  // them are.
  bool readsInPlace() const;
  bool onlyReadsInPlace() const;
};

}  // namespace mlc::cpu
