#include "compiler/target/cpu/contract/staged_panel_source.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

LoopNest stagedMatrix(const DimExpr& rows, const TileShape& tile) {
  LoopNest nest;
  nest.k.push_back({rows, {DimExpr(0), DimExpr(tile.columns()), DimExpr(0)}});
  nest.n.push_back({DimExpr(tile.columns()), {DimExpr(0), DimExpr(1), DimExpr(0)}});
  return nest;
}

}  // namespace

StagedPanelSource::StagedPanelSource(const PanelSource& inner, const DimExpr& rows,
                                     const TileShape& tile, const Product& product, Value staging)
    : inner_(inner),
      staged_(stagedMatrix(rows, tile)),
      tile_(tile),
      staging_(staging),
      interleaver_(staged_, tile, product, staging) {}

DimExpr StagedPanelSource::stagingBytes(const DimExpr& rows, const TileShape& tile) {
  return ceilDiv(rows * DimExpr(tile.columns()), 64) * DimExpr(64);
}

void StagedPanelSource::pack(KernelBuilder& k, Value batch, Value firstColumn, Value columns,
                             Value panel, Value panelOffset) const {
  Value zero = k.index(0);
  inner_.pack(k, batch, firstColumn, columns, staging_, zero);
  // What is missing of the columns is zero there.
  interleaver_.pack(k, zero, zero, k.index(tile_.columns()), panel, panelOffset);
}

}  // namespace mlc::cpu
