// Where the panels of the right side come from.
#pragma once

#include "compiler/target/cpu/contract/loop_nest.h"
#include "compiler/target/cpu/contract/micro_kernel.h"

namespace mlc::cpu {

// Copies columns of a right side into a panel [k][tile.columns()] of the accumulator's type.
class PanelSource {
 public:
  virtual ~PanelSource() = default;

  // Whether the right side lies in memory as the loop nest says (and not, as for an image, in
  // another form).
  virtual bool isMatrix() const = 0;

  // Columns firstColumn .. firstColumn + columns (at most the tile's) of matrix `batch`; the
  // panel's other columns become 0.
  virtual void pack(KernelBuilder& k, mlir::Value batch, mlir::Value firstColumn,
                    mlir::Value columns, mlir::Value panel, mlir::Value panelOffset) const = 0;
};

// A right side with any strides.
class StridedPanelSource : public PanelSource {
 public:
  StridedPanelSource(const LoopNest& nest, const TileShape& tile, mlir::Value rhs,
                     mlir::Type element, mlir::Type accumulator)
      : nest_(nest), tile_(tile), rhs_(rhs), element_(element), accumulator_(accumulator) {}

  bool isMatrix() const override { return true; }
  void pack(KernelBuilder& k, mlir::Value batch, mlir::Value firstColumn, mlir::Value columns,
            mlir::Value panel, mlir::Value panelOffset) const override;

 private:
  // Over the outer dims of k: the offset into the right side and the number of the panel's row.
  using RowBody = llvm::function_ref<void(mlir::Value rhsOffset, mlir::Value row)>;
  void forRows(KernelBuilder& k, size_t dims, mlir::Value rhsOffset, RowBody body) const;

  bool rowsAreContiguous() const;
  void copyRows(KernelBuilder& k, mlir::Value base, mlir::Value panel,
                mlir::Value panelOffset) const;
  bool columnsAreContiguous() const;
  void transposeColumns(KernelBuilder& k, mlir::Value base, mlir::Value firstColumn,
                        mlir::Value panel, mlir::Value panelOffset) const;
  void copyElements(KernelBuilder& k, mlir::Value base, mlir::Value firstColumn,
                    mlir::Value columns, mlir::Value panel, mlir::Value panelOffset) const;

  const LoopNest& nest_;
  TileShape tile_;
  mlir::Value rhs_;
  mlir::Type element_, accumulator_;
};

// Stores 0 in columns `columns` .. of every row of a panel.
void zeroColumns(KernelBuilder& k, const TileShape& tile, mlir::Type accumulator, mlir::Value rows,
                 mlir::Value columns, mlir::Value panel, mlir::Value panelOffset);

}  // namespace mlc::cpu
