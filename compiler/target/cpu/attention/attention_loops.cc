#include "compiler/target/cpu/attention/attention_loops.h"

#include <algorithm>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/attention/online_softmax.h"
#include "compiler/target/cpu/contract/kernel_function.h"
#include "compiler/target/cpu/contract/panel_source.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
using mlir::Value;

namespace {

constexpr int64_t kRowsPerBlock = 48;
constexpr int64_t kKeysPerBlock = 256;  // a multiple of every tile's columns
constexpr int64_t kBytes = 4;           // of f32
// Up to so many rows of a head, packing its keys costs more than a product for each row and key,
// and packing its values more than reading their rows where they lie.
constexpr int64_t kRowsByDotProducts = 2;
constexpr int64_t kRowsWithValuesInPlace = 11;
constexpr int64_t kKeysTogether = 8;  // of dot products

// A right side [batch, head, columns, k] for a panel source.
LoopNest panelNest(const AttentionOperands& operands,
                   const AttentionOperands::StridedBuffer& buffer, size_t columns,
                   const DimExpr& columnCount, size_t sum, const DimExpr& sumCount) {
  auto dim = [&](const DimExpr& size, size_t i) {
    return LoopDim{size, {DimExpr(0), buffer.strides[i], DimExpr(0)}};
  };
  LoopNest nest;
  nest.batch = {dim(operands.batch, 0), dim(operands.kvHeads, 1)};
  nest.n = {dim(columnCount, columns)};
  nest.k = {dim(sumCount, sum)};
  return nest;
}

}  // namespace

AttentionLoops::AttentionLoops(const AttentionOperands& operands, const CpuTarget& target)
    : operands_(operands) {
  mlir::Type f32 = mlir::Float32Type::get(operands.query.tensor.getContext());
  product_ = Product::of(target, f32, f32, /*packed=*/false);
  keyTile_ = TileShape::of(target, product_);
  valueTile_ = keyTile_;
  if (auto depth = operands.valueDepth.constant()) {
    // As few panels as possible, and as narrow as they then can be.
    const int64_t vectors = std::max<int64_t>((*depth + keyTile_.width - 1) / keyTile_.width, 1);
    const int64_t panels = (vectors + keyTile_.vectors - 1) / keyTile_.vectors;
    valueTile_.vectors = (vectors + panels - 1) / panels;
  }
  keyNest_ = panelNest(operands, operands.key, 2, operands.keys, 3, operands.depth);
  valueNest_ = panelNest(operands, operands.value, 3, operands.valueDepth, 2, operands.keys);
  depthDims_ = {{operands.depth, {DimExpr(1)}}};
}

DimExpr AttentionLoops::keyBytes() const {
  const int64_t columns = keyTile_.columns();
  return alignedTo64(ceilDiv(operands_.keys, columns) * operands_.depth *
                     DimExpr(columns * kBytes));
}

DimExpr AttentionLoops::sumStride() const {
  const int64_t columns = valueTile_.columns();
  return ceilDiv(operands_.valueDepth, columns) * DimExpr(columns);
}

DimExpr AttentionLoops::valueBytes() const {
  return alignedTo64(sumStride() * operands_.keys * DimExpr(kBytes));
}

DimExpr AttentionLoops::queryBytes() const {
  return alignedTo64(operands_.depth * DimExpr(kRowsPerBlock * kBytes));
}

DimExpr AttentionLoops::sumBytes() const {
  return alignedTo64(sumStride() * DimExpr(kRowsPerBlock * kBytes));
}

DimExpr AttentionLoops::scratchBytes() const {
  return keyBytes() + valueBytes() + queryBytes() + sumBytes() +
         DimExpr(kRowsPerBlock * kKeysPerBlock * kBytes);
}

class AttentionLoops::Emitter {
 public:
  Emitter(KernelBuilder& k, const AttentionLoops& loops, const Views& views)
      : k_(k),
        loops_(loops),
        views_(views),
        operands_(loops.operands_),
        f32_(k.builder().getF32Type()),
        keySource_(loops.keyNest_, loops.keyTile_, views.key, loops.operands_.key.element(), f32_),
        valueSource_(loops.valueNest_, loops.valueTile_, views.value,
                     loops.operands_.value.element(), f32_) {
    Value at = k.mul(views.thread, k.dim(loops.scratchBytes()));
    auto take = [&](const DimExpr& bytes) {
      Value view = k.scratchView(views.scratch, at, f32_);
      at = k.add(at, k.dim(bytes));
      return view;
    };
    keyPanels_ = take(loops.keyBytes());
    valuePanels_ = take(loops.valueBytes());
    queryRows_ = take(loops.queryBytes());
    sums_ = take(loops.sumBytes());
    scores_ = take(DimExpr(kRowsPerBlock * kKeysPerBlock * kBytes));
    softmax_.emplace(k, loops.keyTile_.width, allocate(), allocate());
    keyKernel_ = {loops.keyTile_,       loops.product_,  &loops.depthDims_,
                  queryRows_,           scores_,         DimExpr(kKeysPerBlock),
                  /*addsToSums=*/false, operands_.scale, "scores"};
    valueKernel_ = {loops.valueTile_,    loops.product_,
                    /*kDims=*/nullptr,   scores_,        sums_, loops.sumStride(),
                    /*addsToSums=*/true, /*factor=*/1,   "sums"};
    queries_ = k.dim(operands_.queries);
    keys_ = k.dim(operands_.keys);
    rowsOfHead_ = k.mul(k.dim(operands_.group), queries_);
    auto atMost = [&](int64_t rows) { return k.less(rowsOfHead_, k.index(rows + 1)); };
    const AttentionOperands::StridedBuffer &key = operands_.key, &value = operands_.value;
    const auto depth = operands_.depth.constant(), valueDepth = operands_.valueDepth.constant();
    if (key.strides[3] == DimExpr(1) && depth && *depth % loops.keyTile_.width == 0) {
      byDotProducts_ = atMost(kRowsByDotProducts);
    }
    if (value.strides[3] == DimExpr(1) && value.element() == f32_ && valueDepth &&
        *valueDepth % loops.valueTile_.columns() == 0) {
      valuesInPlace_ = atMost(kRowsWithValuesInPlace);
    }
  }

  // Tasks are (batch, head of keys, block of rows); each thread takes its share of their sequence.
  void emit() {
    Value zero = k_.index(0), one = k_.index(1);
    Value heads = k_.dim(operands_.batch * operands_.kvHeads);
    Value alone = k_.equal(views_.threads, one);
    Value wanted = arith::SelectOp::create(k_.builder(), k_.loc(), alone, one,
                                           k_.mul(views_.threads, k_.index(2)));
    Value blocks = k_.ceilDiv(rowsOfHead_, k_.index(kRowsPerBlock));
    Value most = k_.ceilDiv(rowsOfHead_, k_.index(loops_.keyTile_.rows));
    blocks_ = k_.max(blocks, k_.min(most, k_.ceilDiv(wanted, k_.max(heads, one))));
    Value tasks = k_.mul(heads, blocks_);
    Value begin = shareBegin(k_, views_.thread, views_.threads, tasks);
    Value end = shareBegin(k_, k_.add(views_.thread, one), views_.threads, tasks);
    k_.branch(k_.less(begin, end), [&] {
      k_.loop(k_.div(begin, blocks_), k_.ceilDiv(end, blocks_), one, [&](Value head) {
        pack(head);
        Value first = k_.mul(head, blocks_);
        k_.loop(k_.max(k_.sub(begin, first), zero), k_.min(k_.sub(end, first), blocks_), one,
                [&](Value block) { attend(head, block); });
      });
    });
  }

 private:
  // One f32 for each row of a block.
  Value allocate() {
    auto type = mlir::MemRefType::get({kRowsPerBlock}, f32_);
    return mlir::memref::AllocaOp::create(k_.builder(), k_.loc(), type,
                                          k_.builder().getI64IntegerAttr(64));
  }

  // body(panel, first column, number of columns) for `columns` in panels of a tile's width.
  void forPanels(const TileShape& tile, Value columns,
                 llvm::function_ref<void(Value, Value, Value)> body) {
    Value width = k_.index(tile.columns());
    k_.loop(k_.index(0), k_.ceilDiv(columns, width), k_.index(1), [&](Value panel) {
      Value first = k_.mul(panel, width);
      body(panel, first, k_.min(k_.sub(columns, first), width));
    });
  }

  // One or the other, by a condition that may be null: never.
  void choose(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise) {
    if (!condition) return otherwise();
    k_.branch(condition, then, otherwise);
  }

  void pack(Value head) {
    choose(byDotProducts_, [] {}, [&] { packKeys(head); });
    choose(valuesInPlace_, [] {}, [&] { packValues(head); });
  }

  void packKeys(Value head) {
    Value keyPanel = k_.mul(k_.dim(operands_.depth), k_.index(loops_.keyTile_.columns()));
    forPanels(loops_.keyTile_, keys_, [&](Value panel, Value first, Value columns) {
      keySource_.pack(k_, head, first, columns, keyPanels_, k_.mul(panel, keyPanel));
    });
  }

  void packValues(Value head) {
    Value valuePanel = k_.mul(keys_, k_.index(loops_.valueTile_.columns()));
    forPanels(loops_.valueTile_, k_.dim(operands_.valueDepth),
              [&](Value panel, Value first, Value columns) {
                valueSource_.pack(k_, head, first, columns, valuePanels_,
                                  k_.mul(panel, valuePanel));
              });
  }

  // Row r of a head of keys is query `query` of its head `head` (of queries).
  struct Row {
    Value head, query;
  };
  Row rowOf(Value row) {
    if (operands_.group == DimExpr(1)) return {kvHead_, row};
    Value inGroup = k_.div(row, queries_);
    return {k_.add(k_.mul(kvHead_, k_.dim(operands_.group)), inGroup), k_.rem(row, queries_)};
  }

  // Where a row of a buffer over [batch, heads, length, ..] begins.
  Value offsetOfRow(const AttentionOperands::StridedBuffer& buffer, const Row& row) {
    Value offset = k_.mul(batch_, k_.dim(buffer.strides[0]));
    offset = k_.add(offset, k_.mul(row.head, k_.dim(buffer.strides[1])));
    return k_.add(offset, k_.mul(row.query, k_.dim(buffer.strides[2])));
  }

  // A block of rows and all keys that they see.
  void attend(Value head, Value block) {
    Value zero = k_.index(0), one = k_.index(1), kvHeads = k_.dim(operands_.kvHeads);
    batch_ = k_.div(head, kvHeads);
    kvHead_ = k_.rem(head, kvHeads);
    firstRow_ = shareBegin(k_, block, blocks_, rowsOfHead_);
    rows_ = k_.sub(shareBegin(k_, k_.add(block, one), blocks_, rowsOfHead_), firstRow_);
    k_.loop(zero, rows_, one, [&](Value row) { copyQuery(row); });
    k_.loop(zero, seenByBlock(), k_.index(kKeysPerBlock), [&](Value firstKey) {
      Value count = k_.min(k_.sub(seenByBlock_, firstKey), k_.index(kKeysPerBlock));
      choose(
          byDotProducts_, [&] { multiplyKeysInPlace(firstKey, count); },
          [&] { multiplyKeys(firstKey, count); });
      k_.loop(zero, rows_, one, [&](Value row) { weigh(row, firstKey, count); });
      choose(
          valuesInPlace_, [&] { multiplyValuesInPlace(firstKey, count); },
          [&] { multiplyValues(firstKey, count); });
    });
    k_.loop(zero, rows_, one, [&](Value row) { storeRow(row); });
  }

  // How many keys a query sees.
  Value seenBy(Value query) {
    if (!operands_.causal) return keys_;
    Value last = k_.add(query, k_.sub(keys_, queries_));
    return k_.max(k_.min(k_.add(last, k_.index(1)), keys_), k_.index(0));
  }

  // How many keys the last query of the block sees; if it goes into the next head's queries, the
  // last of all.
  Value seenByBlock() {
    seenByBlock_ = keys_;
    if (!operands_.causal) return seenByBlock_;
    Value one = k_.index(1);
    Value first = rowOf(firstRow_).head;
    const Row last = rowOf(k_.sub(k_.add(firstRow_, rows_), one));
    Value query = last.query;
    if (!(operands_.group == DimExpr(1))) {
      query = arith::SelectOp::create(k_.builder(), k_.loc(), k_.equal(first, last.head), query,
                                      k_.sub(queries_, one));
    }
    seenByBlock_ = seenBy(query);
    return seenByBlock_;
  }

  // Copies a query as f32, and sets its sums to zero.
  void copyQuery(Value row) {
    mlir::OpBuilder& b = k_.builder();
    const AttentionOperands::StridedBuffer& query = operands_.query;
    Value from = offsetOfRow(query, rowOf(k_.add(firstRow_, row)));
    Value depth = k_.dim(operands_.depth), stride = k_.dim(query.strides[3]);
    Value to = k_.mul(row, depth);
    forElements(depth, query.strides[3] == DimExpr(1), [&](Value d, int64_t width) {
      Value loaded = k_.load(views_.query, k_.add(from, k_.mul(d, stride)), width);
      k_.store(widen(k_, loaded, query.element(), f32_), queryRows_, k_.add(to, d));
    });
    forSums(row, [&](Value at) {
      k_.store(conversion::constantLike(b, k_.loc(), vectorType(), 0), sums_, at);
    });
    softmax_->start(row);
  }

  mlir::Type vectorType() { return vectorOf(f32_, loops_.valueTile_.width); }

  // body(element, width) for `count` elements: vectors if they are contiguous, then single ones.
  void forElements(Value count, bool contiguous, llvm::function_ref<void(Value, int64_t)> body) {
    const int64_t width = loops_.valueTile_.width;
    Value whole = k_.index(0);
    if (contiguous) {
      whole = k_.mul(k_.div(count, k_.index(width)), k_.index(width));
      k_.loop(k_.index(0), whole, k_.index(width), [&](Value i) { body(i, width); });
    }
    k_.loop(whole, count, k_.index(1), [&](Value i) { body(i, 1); });
  }

  // body(offset) for each vector of a row's sums.
  void forSums(Value row, llvm::function_ref<void(Value)> body) {
    Value stride = k_.dim(loops_.sumStride());
    Value begin = k_.mul(row, stride);
    k_.loop(begin, k_.add(begin, stride), k_.index(loops_.valueTile_.width), body);
  }

  // body(first row, number of rows) for the block's rows in tiles of about the same size.
  void forTiles(int64_t tileRows, llvm::function_ref<void(Value, int64_t)> body) {
    Value one = k_.index(1);
    Value tiles = k_.ceilDiv(rows_, k_.index(tileRows));
    llvm::SmallVector<int64_t> counts;
    for (int64_t count = tileRows; count >= 1; --count) counts.push_back(count);
    k_.loop(k_.index(0), tiles, one, [&](Value tile) {
      Value row = shareBegin(k_, tile, tiles, rows_);
      Value rows = k_.sub(shareBegin(k_, k_.add(tile, one), tiles, rows_), row);
      k_.switchOn(rows, counts, [&](int64_t count) { body(row, count); });
    });
  }

  // Where `count` rows from `row` on begin.
  llvm::SmallVector<Value> rowOffsets(Value row, int64_t count, Value stride) {
    llvm::SmallVector<Value> offsets;
    for (int64_t i = 0; i < count; ++i) offsets.push_back(k_.mul(k_.add(row, k_.index(i)), stride));
    return offsets;
  }

  // scores = queries * keys of the block.
  void multiplyKeys(Value firstKey, Value count) {
    const TileShape& tile = loops_.keyTile_;
    Value columns = k_.index(tile.columns()), depth = k_.dim(operands_.depth);
    Value panelElements = k_.mul(depth, columns);
    Value firstPanel = k_.div(firstKey, columns);
    forPanels(tile, count, [&](Value panel, Value column, Value) {
      Value from = k_.mul(k_.add(firstPanel, panel), panelElements);
      forTiles(tile.rows, [&](Value row, int64_t rows) {
        Value to = k_.add(k_.mul(row, k_.index(kKeysPerBlock)), column);
        keyKernel_.call(k_, rowOffsets(row, rows, depth), keyPanels_, from, columns, {to, {}});
      });
    });
  }

  // The same from the keys where they lie: the sums of vectors of products.
  void multiplyKeysInPlace(Value firstKey, Value count) {
    Value zero = k_.index(0), step = k_.index(kKeysTogether);
    Value whole = k_.mul(k_.div(count, step), step);
    k_.loop(zero, rows_, k_.index(1), [&](Value row) {
      k_.loop(zero, whole, step, [&](Value key) { dotKeys(row, firstKey, key, kKeysTogether); });
      k_.loop(whole, count, k_.index(1), [&](Value key) { dotKeys(row, firstKey, key, 1); });
    });
  }

  // A row's scores of `n` keys of the block from `key` on.
  void dotKeys(Value row, Value firstKey, Value key, int64_t n) {
    mlir::OpBuilder& b = k_.builder();
    const int64_t width = loops_.keyTile_.width;
    const AttentionOperands::StridedBuffer& keys = operands_.key;
    Value depth = k_.dim(operands_.depth), stride = k_.dim(keys.strides[2]);
    Value begin = offsetOfRow(keys, {kvHead_, k_.add(firstKey, key)});
    Value query = k_.mul(row, depth);
    mlir::Type vector = vectorOf(f32_, width);
    KernelBuilder::Carried sums(n, conversion::constantLike(b, k_.loc(), vector, 0));
    sums =
        k_.loop(k_.index(0), depth, k_.index(width), sums, [&](Value d, mlir::ValueRange carried) {
          Value x = k_.load(queryRows_, k_.add(query, d), width);
          KernelBuilder::Carried next;
          for (int64_t i = 0; i < n; ++i) {
            Value at = k_.add(k_.add(begin, k_.mul(k_.index(i), stride)), d);
            Value y = widen(k_, k_.load(views_.key, at, width), keys.element(), f32_);
            next.push_back(mlir::math::FmaOp::create(b, k_.loc(), x, y, carried[i]));
          }
          return next;
        });
    Value to = k_.add(k_.mul(row, k_.index(kKeysPerBlock)), key);
    for (int64_t i = 0; i < n; ++i) {
      Value sum = mlir::vector::ReductionOp::create(b, k_.loc(), mlir::vector::CombiningKind::ADD,
                                                    sums[i], arith::FastMathFlags::reassoc);
      Value scale = conversion::constantLike(b, k_.loc(), f32_, operands_.scale);
      k_.store(arith::MulFOp::create(b, k_.loc(), sum, scale), scores_, k_.add(to, k_.index(i)));
    }
  }

  ScoreMask maskOfRow(const AttentionOperands::StridedBuffer& buffer, Value view, const Row& at,
                      Value firstKey) {
    ScoreMask mask;
    mask.view = view;
    mask.stride = k_.dim(buffer.strides[3]);
    mask.offset = k_.add(offsetOfRow(buffer, at), k_.mul(firstKey, mask.stride));
    mask.vectors = buffer.strides[3] == DimExpr(1);
    mask.element = buffer.element();
    return mask;
  }

  // Turns a row's scores into weights and makes its sums fit them.
  void weigh(Value row, Value firstKey, Value count) {
    mlir::OpBuilder& b = k_.builder();
    const Row at = rowOf(k_.add(firstRow_, row));
    ScoreRow scores;
    scores.scores = scores_;
    scores.offset = k_.mul(row, k_.index(kKeysPerBlock));
    scores.count = count;
    scores.seen = count;
    if (operands_.causal) {
      scores.seen = k_.max(k_.min(k_.sub(seenBy(at.query), firstKey), count), k_.index(0));
    }
    if (operands_.mask.tensor) scores.mask = maskOfRow(operands_.mask, views_.mask, at, firstKey);
    if (operands_.keep.tensor) scores.keep = maskOfRow(operands_.keep, views_.keep, at, firstKey);
    scores.fill = operands_.fill;
    Value factor = softmax_->add(row, scores);
    // There is nothing in the sums before the first block.
    k_.branch(k_.less(k_.index(0), firstKey), [&] {
      Value factors = k_.broadcast(factor, loops_.valueTile_.width);
      forSums(row, [&](Value offset) {
        Value sums = k_.load(sums_, offset, loops_.valueTile_.width);
        k_.store(arith::MulFOp::create(b, k_.loc(), sums, factors), sums_, offset);
      });
    });
  }

  // sums += weights * values of the block.
  void multiplyValues(Value firstKey, Value count) {
    const TileShape& tile = loops_.valueTile_;
    Value columns = k_.index(tile.columns());
    Value panelElements = k_.mul(keys_, columns);
    forPanels(tile, k_.dim(operands_.valueDepth), [&](Value panel, Value column, Value) {
      Value from = k_.add(k_.mul(panel, panelElements), k_.mul(firstKey, columns));
      multiplyPanel(valuePanels_, from, columns, column, count);
    });
  }

  // The same from the values where they lie.
  void multiplyValuesInPlace(Value firstKey, Value count) {
    const AttentionOperands::StridedBuffer& value = operands_.value;
    Value begin = offsetOfRow(value, {kvHead_, firstKey});
    forPanels(loops_.valueTile_, k_.dim(operands_.valueDepth), [&](Value, Value column, Value) {
      multiplyPanel(views_.value, k_.add(begin, column), k_.dim(value.strides[2]), column, count);
    });
  }

  // All rows with `count` rows of a panel, for the sums from `column` on.
  void multiplyPanel(Value panel, Value offset, Value stride, Value column, Value count) {
    forTiles(loops_.valueTile_.rows, [&](Value row, int64_t rows) {
      Value to = k_.add(k_.mul(row, k_.dim(loops_.sumStride())), column);
      valueKernel_.call(k_, rowOffsets(row, rows, k_.index(kKeysPerBlock)), panel, offset, stride,
                        {to, count});
    });
  }

  void storeRow(Value row) {
    mlir::OpBuilder& b = k_.builder();
    const AttentionOperands::StridedBuffer& result = operands_.result;
    // Without keys the result is a sum of nothing.
    Value zero = k_.equal(keys_, k_.index(0));
    if (operands_.zeroMasked) zero = arith::ConstantIntOp::create(b, k_.loc(), 1, 1);
    Value factor = softmax_->normalization(row, zero);
    Value from = k_.mul(row, k_.dim(loops_.sumStride()));
    Value to = offsetOfRow(result, rowOf(k_.add(firstRow_, row)));
    Value stride = k_.dim(result.strides[3]);
    forElements(k_.dim(operands_.valueDepth), result.strides[3] == DimExpr(1),
                [&](Value d, int64_t width) {
                  Value sum = k_.load(sums_, k_.add(from, d), width);
                  Value mean = arith::MulFOp::create(b, k_.loc(), sum, k_.broadcast(factor, width));
                  Value stored = conversion::toStorage(b, k_.loc(), mean, result.element());
                  k_.store(stored, views_.result, k_.add(to, k_.mul(d, stride)));
                });
  }

  KernelBuilder& k_;
  const AttentionLoops& loops_;
  const Views& views_;
  const AttentionOperands& operands_;
  mlir::Type f32_;
  StridedPanelSource keySource_, valueSource_;
  MicroKernel keyKernel_, valueKernel_;
  std::optional<OnlineSoftmax> softmax_;
  Value keyPanels_, valuePanels_, queryRows_, sums_, scores_;
  Value queries_, keys_, rowsOfHead_, blocks_;
  Value byDotProducts_, valuesInPlace_;                   // i1, or null: never
  Value batch_, kvHead_, firstRow_, rows_, seenByBlock_;  // of the task
};

void AttentionLoops::emit(KernelBuilder& k, const Views& views) const {
  Emitter(k, *this, views).emit();
}

}  // namespace mlc::cpu
