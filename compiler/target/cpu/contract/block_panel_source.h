// Panels of f32 from a right side in blocks, for products with many rows.
#pragma once

#include "compiler/target/cpu/contract/block_storage.h"
#include "compiler/target/cpu/contract/panel_source.h"

namespace mlc::cpu {

// Widens one panel at a time into a thread's scratch, where it stays in the cache while all rows
// pass.
class BlockPanelSource : public PanelSource {
 public:
  BlockPanelSource(const TileShape& tile, const BlockStorage& storage,
                   const BlockStorage::Views& views)
      : tile_(tile), storage_(storage), views_(views) {}

  bool isMatrix() const override { return false; }
  void pack(KernelBuilder& k, mlir::Value batch, mlir::Value firstColumn, mlir::Value columns,
            mlir::Value panel, mlir::Value panelOffset) const override;

 private:
  TileShape tile_;
  BlockStorage storage_;
  BlockStorage::Views views_;
};

}  // namespace mlc::cpu
