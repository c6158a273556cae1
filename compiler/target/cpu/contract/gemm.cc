#include "compiler/target/cpu/contract/gemm.h"

#include <algorithm>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/block_kernel.h"
#include "compiler/target/cpu/contract/kernel_function.h"
#include "compiler/target/cpu/contract/tile_store.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

// The parts of a level-2 cache (512 KiB at least on the machines of interest) that panels and rows
// may take.
constexpr int64_t kPanelCacheBytes = 256 << 10;
constexpr int64_t kRowCacheBytes = 128 << 10;
// Packing a panel costs about as much as multiplying this many rows by it.
constexpr int64_t kRowsWorthPacking = 12;

}  // namespace

class Gemm::Emitter {
 public:
  Emitter(KernelBuilder& k, const Gemm& gemm)
      : k_(k), gemm_(gemm), nest_(*gemm.nest), tile_(gemm.tile) {
    m_ = k.dim(sizeOf(nest_.m));
    n_ = k.dim(sizeOf(nest_.n));
    tiles_ = k.ceilDiv(m_, k.index(tile_.rows));
    panels_ = k.ceilDiv(n_, k.index(tile_.columns()));
    const int64_t group = gemm.product.group();
    panelStride_ = k.index(tile_.columns() * group);
    panelElements_ = k.mul(k.ceilDiv(k.dim(sizeOf(nest_.k)), k.index(group)), panelStride_);
    sums_ = allocate(tile_.rows * tile_.columns());
    kernel_ = {tile_, gemm.product, &nest_.k, gemm.lhs, sums_};
    store_ = {&nest_, gemm.epilogue, tile_, sums_, gemm.out, gemm.operands, {}};
    Value begin;
    if (gemm.scratch) begin = k.mul(gemm.thread, k.dim(gemm.scratchBytes()));
    if (!gemm.packed) {
      scratch_ =
          k.scratchView(gemm.scratch, begin, conversion::storageType(gemm.product.panelElement));
    }
    if (gemm.product.isGrouped()) {
      rows_.emplace(k, nest_, gemm.product, gemm.lhs, gemm.scratch,
                    k.add(begin, k.dim(gemm.panelBytes())));
      wordDims_.push_back({RowWords::wordsPerRow(nest_, gemm.product), {DimExpr(1)}});
      kernel_.kDims = &wordDims_;
      kernel_.lhs = rows_->words();
      if (gemm.product.shiftsRows()) store_.shifts = allocate(tile_.columns());
    }
    if (gemm.readsInPlace()) {
      inPlace_ = k.less(m_, k.index(kRowsWorthPacking));
    }
  }

  // Tasks are (batch, group of panels, block of rows); each thread takes its share of their
  // sequence.
  void emit() {
    Value one = k_.index(1);
    Value batches = k_.dim(sizeOf(nest_.batch));
    Value wanted = tasksFor(k_, gemm_.threads);
    Value fewest = k_.ceilDiv(panels_, k_.index(gemm_.panelsPerGroup()));
    Value groups = k_.max(fewest, k_.ceilDiv(wanted, k_.max(batches, one)));
    groups = k_.max(k_.min(groups, panels_), one);
    Value parts = k_.ceilDiv(wanted, k_.max(k_.mul(batches, groups), one));
    parts = k_.max(k_.min(parts, tiles_), one);

    Value tasksPerBatch = k_.mul(groups, parts);
    Value tasks = k_.mul(batches, tasksPerBatch);
    Value begin = shareBegin(k_, gemm_.thread, gemm_.threads, tasks);
    Value end = shareBegin(k_, k_.add(gemm_.thread, one), gemm_.threads, tasks);
    k_.loop(begin, end, one, [&](Value task) {
      Value batch = k_.div(task, tasksPerBatch);
      Value rest = k_.rem(task, tasksPerBatch);
      Value group = k_.div(rest, parts), part = k_.rem(rest, parts);
      firstPanel_ = shareBegin(k_, group, groups, panels_);
      endPanel_ = shareBegin(k_, k_.add(group, one), groups, panels_);
      if (!gemm_.packed && !gemm_.onlyReadsInPlace()) packPanels(batch);
      Value firstTile = shareBegin(k_, part, parts, tiles_);
      Value endTile = shareBegin(k_, k_.add(part, one), parts, tiles_);
      Value step = k_.index(gemm_.tilesPerBlock());
      if (store_.shifts) rows_->fillWith128(rowOf128());
      k_.loop(firstTile, endTile, step, [&](Value tile) {
        Value blockEnd = k_.min(k_.add(tile, step), endTile);
        if (rows_) {
          Value firstRow = rowOfTile(tile);
          rows_->pack(batch, firstRow, k_.sub(rowOfTile(blockEnd), firstRow));
        }
        k_.loop(firstPanel_, endPanel_, one,
                [&](Value panel) { multiplyPanel(batch, panel, tile, blockEnd); });
      });
    });
  }

 private:
  Value allocate(int64_t accumulators) {
    auto type = mlir::MemRefType::get({accumulators}, gemm_.product.accumulator);
    return mlir::memref::AllocaOp::create(k_.builder(), k_.loc(), type,
                                          k_.builder().getI64IntegerAttr(64));
  }
  // Rows are shared evenly between tiles: no tile is much smaller than the others.
  Value rowOfTile(Value tile) { return shareBegin(k_, tile, k_.max(tiles_, k_.index(1)), m_); }
  // The row of words after those of a block.
  Value rowOf128() { return k_.index(gemm_.rowsPerBlock()); }
  Value firstColumn(Value panel) { return k_.mul(panel, k_.index(tile_.columns())); }
  Value columnsOf(Value panel) {
    return k_.min(k_.sub(n_, firstColumn(panel)), k_.index(tile_.columns()));
  }
  Value readInPlace(Value panel) {
    if (gemm_.blocks) return inPlace_;
    Value whole = k_.equal(columnsOf(panel), k_.index(tile_.columns()));
    return k_.builder().createOrFold<mlir::arith::AndIOp>(k_.loc(), inPlace_, whole);
  }
  Value scratchOffset(Value panel) { return k_.mul(k_.sub(panel, firstPanel_), panelElements_); }

  void packPanels(Value batch) {
    k_.loop(firstPanel_, endPanel_, k_.index(1), [&](Value panel) {
      auto pack = [&] {
        gemm_.source->pack(k_, batch, firstColumn(panel), columnsOf(panel), scratch_,
                           scratchOffset(panel));
      };
      if (!inPlace_) return pack();
      k_.branch(readInPlace(panel), [] {}, pack);
    });
  }

  // One panel times a block of rows.
  void multiplyPanel(Value batch, Value panel, Value firstTile, Value endTile) {
    if (gemm_.packed) {
      Value offset = k_.add(offsetOf(k_, nest_.batch, batch, kRhs), k_.mul(panel, panelElements_));
      return multiply(batch, panel, firstTile, endTile, gemm_.rhs, offset, panelStride_);
    }
    if (gemm_.blocks && gemm_.onlyReadsInPlace())
      return multiplyBlocks(batch, panel, firstTile, endTile);
    auto fromScratch = [&] {
      multiply(batch, panel, firstTile, endTile, scratch_, scratchOffset(panel), panelStride_);
    };
    if (!inPlace_) return fromScratch();
    k_.branch(
        readInPlace(panel),
        [&] {
          if (gemm_.blocks) return multiplyBlocks(batch, panel, firstTile, endTile);
          Value offset = k_.add(offsetOf(k_, nest_.batch, batch, kRhs),
                                offsetOf(k_, nest_.n, firstColumn(panel), kRhs));
          Value stride = nest_.k.empty() ? panelStride_ : k_.dim(nest_.k.back().strides[kRhs]);
          multiply(batch, panel, firstTile, endTile, gemm_.rhs, offset, stride);
        },
        fromScratch);
  }

  void multiply(Value batch, Value panel, Value firstTile, Value endTile, Value panelView,
                Value panelOffset, Value panelStride) {
    if (store_.shifts) sumColumns(panelView, panelOffset, panelStride);
    forTiles(batch, panel, firstTile, endTile, [&](llvm::ArrayRef<Value> rowOffsets) {
      kernel_.call(k_, rowOffsets, panelView, panelOffset, panelStride);
    });
  }

  void multiplyBlocks(Value batch, Value panel, Value firstTile, Value endTile) {
    const BlockKernel kernel{tile_,
                             gemm_.product,
                             *gemm_.blocks,
                             gemm_.blockViews,
                             nest_.k.empty() ? DimExpr(0) : nest_.k.back().strides[kLhs],
                             gemm_.lhs,
                             sums_};
    forTiles(batch, panel, firstTile, endTile,
             [&](llvm::ArrayRef<Value> rowOffsets) { kernel.call(k_, rowOffsets, panel); });
  }

  // Calls a kernel for the rows of each tile and stores what it sums.
  void forTiles(Value batch, Value panel, Value firstTile, Value endTile,
                llvm::function_ref<void(llvm::ArrayRef<Value>)> call) {
    Value one = k_.index(1);
    Value lhsBase = offsetOf(k_, nest_.batch, batch, kLhs);
    Value column = firstColumn(panel), columns = columnsOf(panel);
    Value firstRow = rowOfTile(firstTile);
    auto rowOffset = [&](Value row) {
      if (rows_) return rows_->offsetOfRow(k_.sub(row, firstRow));
      return k_.add(lhsBase, offsetOf(k_, nest_.m, row, kLhs));
    };
    k_.loop(firstTile, endTile, one, [&](Value tile) {
      Value row = rowOfTile(tile);
      Value rows = k_.sub(rowOfTile(k_.add(tile, one)), row);
      k_.switchOn(rows, tileRows(), [&](int64_t count) {
        llvm::SmallVector<Value> rowOffsets;
        for (int64_t i = 0; i < count; ++i)
          rowOffsets.push_back(rowOffset(k_.add(row, k_.index(i))));
        call(rowOffsets);
      });
      store_.emit(k_, batch, row, rows, column, columns);
    });
  }

  // 128 times the sum over each column of a panel.
  void sumColumns(Value panel, Value panelOffset, Value panelStride) {
    MicroKernel kernel = kernel_;
    kernel.sums = store_.shifts;
    kernel.call(k_, {rows_->offsetOfRow(rowOf128())}, panel, panelOffset, panelStride);
  }

  // The numbers of rows that tiles can have.
  llvm::SmallVector<int64_t> tileRows() const {
    llvm::SmallVector<int64_t> counts;
    int64_t fewest = 1, most = tile_.rows;
    if (auto rows = sizeOf(nest_.m).constant()) {
      const int64_t tiles = std::max<int64_t>((*rows + tile_.rows - 1) / tile_.rows, 1);
      fewest = std::max<int64_t>(*rows / tiles, 1);
      most = std::max<int64_t>((*rows + tiles - 1) / tiles, 1);
    }
    for (int64_t count = most; count >= fewest; --count) counts.push_back(count);
    return counts;
  }

  KernelBuilder& k_;
  const Gemm& gemm_;
  const LoopNest& nest_;
  TileShape tile_;
  MicroKernel kernel_;
  TileStore store_;
  std::optional<RowWords> rows_;  // of grouped products
  LoopDims wordDims_;
  Value m_, n_, tiles_, panels_, panelStride_, panelElements_, sums_, scratch_;
  Value inPlace_;  // null: never
  Value firstPanel_, endPanel_;
};

void Gemm::emit(KernelBuilder& k) const { Emitter(k, *this).emit(); }

int64_t Gemm::panelsPerGroup() const {
  const int64_t bytes = tile.columns() * product.panelElement.getIntOrFloatBitWidth() / 8;
  auto size = sizeOf(nest->k).constant();
  int64_t panels =
      size ? std::clamp<int64_t>(kPanelCacheBytes / std::max<int64_t>(*size * bytes, 1), 1, 16) : 4;
  if (auto columns = sizeOf(nest->n).constant()) {
    panels =
        std::min(panels, std::max<int64_t>((*columns + tile.columns() - 1) / tile.columns(), 1));
  }
  return panels;
}

int64_t Gemm::tilesPerBlock() const {
  const int64_t bytes =
      tile.rows * (product.isGrouped() ? RowWords::kWordBytes / product.group()
                                       : product.accumulator.getIntOrFloatBitWidth() / 8);
  auto size = sizeOf(nest->k).constant();
  return size ? std::clamp<int64_t>(kRowCacheBytes / std::max<int64_t>(*size * bytes, 1), 1, 64)
              : 16;
}

bool Gemm::onlyReadsInPlace() const {
  auto rows = sizeOf(nest->m).constant();
  return blocks && rows && *rows < kRowsWorthPacking;
}

bool Gemm::readsInPlace() const {
  if (blocks) {
    auto rows = sizeOf(nest->m).constant();
    return !(rows && *rows >= kRowsWorthPacking);
  }
  if (packed || product.rhs != product.accumulator || nest->k.size() > 1 || nest->n.empty())
    return false;
  if (!source->isMatrix()) return false;
  auto rows = sizeOf(nest->m).constant();
  return !(rows && *rows >= kRowsWorthPacking) && nest->n.size() == 1 &&
         nest->n.back().isContiguous(kRhs);
}

DimExpr Gemm::panelBytes() const {
  if (packed || onlyReadsInPlace()) return 0;
  const int64_t bytes = tile.columns() * product.panelElement.getIntOrFloatBitWidth() / 8;
  const DimExpr rows = ceilDiv(sizeOf(nest->k), product.group()) * DimExpr(product.group());
  return alignedTo64(DimExpr(panelsPerGroup() * bytes) * rows);
}

DimExpr Gemm::rowBytes() const {
  if (!product.isGrouped()) return 0;
  const int64_t rows = rowsPerBlock() + (product.shiftsRows() ? 1 : 0);
  return alignedTo64(DimExpr(rows * RowWords::kWordBytes) * RowWords::wordsPerRow(*nest, product));
}

DimExpr Gemm::scratchBytes() const {
  if (packed && !product.isGrouped()) return 0;
  const DimExpr bytes = panelBytes() + rowBytes() + sourceBytes;
  return bytes == DimExpr(0) ? DimExpr(64) : bytes;
}

Value Gemm::sourceScratch(KernelBuilder& k) const {
  Value begin = k.add(k.mul(thread, k.dim(scratchBytes())), k.dim(panelBytes() + rowBytes()));
  return k.scratchView(scratch, begin, k.builder().getI8Type());
}

}  // namespace mlc::cpu
