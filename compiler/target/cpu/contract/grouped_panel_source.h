// Panels of groups, for products of bytes.
#pragma once

#include "compiler/target/cpu/contract/panel_source.h"

namespace mlc::cpu {

// Copies a right side with any strides into panels [ceil(k / group)][tile.columns()][group] of its
// own element type.
class GroupedPanelSource : public PanelSource {
 public:
  GroupedPanelSource(const LoopNest& nest, const TileShape& tile, const Product& product,
                     mlir::Value rhs)
      : nest_(nest), tile_(tile), product_(product), rhs_(rhs) {}

  // Never read in place.
  bool isMatrix() const override { return false; }
  void pack(KernelBuilder& k, mlir::Value batch, mlir::Value firstColumn, mlir::Value columns,
            mlir::Value panel, mlir::Value panelOffset) const override;

 private:
  bool rowsAreContiguous() const;
  void interleaveRows(KernelBuilder& k, mlir::Value base, mlir::Value panel,
                      mlir::Value panelOffset) const;
  void copyElements(KernelBuilder& k, mlir::Value base, mlir::Value firstColumn,
                    mlir::Value columns, mlir::Value groups, mlir::Value panel,
                    mlir::Value panelOffset) const;

  const LoopNest& nest_;
  TileShape tile_;
  Product product_;
  mlir::Value rhs_;
};

}  // namespace mlc::cpu
