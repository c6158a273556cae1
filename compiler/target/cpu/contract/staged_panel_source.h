// Panels of groups from a source that knows nothing of groups.
#pragma once

#include "compiler/target/cpu/contract/grouped_panel_source.h"

namespace mlc::cpu {

// Lets another source write [k][tile.columns()] elements into scratch, and interleaves them into
// groups.
class StagedPanelSource : public PanelSource {
 public:
  // `rows`: of a panel (all of k). `staging`: a flat view of stagingBytes() of this thread. `inner`
  // copies elements unchanged.
  StagedPanelSource(const PanelSource& inner, const DimExpr& rows, const TileShape& tile,
                    const Product& product, mlir::Value staging);

  // A multiple of 64.
  static DimExpr stagingBytes(const DimExpr& rows, const TileShape& tile);

  bool isMatrix() const override { return false; }
  void pack(KernelBuilder& k, mlir::Value batch, mlir::Value firstColumn, mlir::Value columns,
            mlir::Value panel, mlir::Value panelOffset) const override;

 private:
  const PanelSource& inner_;
  LoopNest staged_;  // one matrix of `rows` times the tile's columns
  TileShape tile_;
  mlir::Value staging_;
  GroupedPanelSource interleaver_;
};

}  // namespace mlc::cpu
