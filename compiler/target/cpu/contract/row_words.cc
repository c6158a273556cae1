#include "compiler/target/cpu/contract/row_words.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::cpu {

using mlir::Value;

RowWords::RowWords(KernelBuilder& k, const LoopNest& nest, const Product& product, Value lhs,
                   Value bytes, Value byteOffset)
    : k_(k), nest_(nest), product_(product), lhs_(lhs) {
  elements_ = k.scratchView(bytes, byteOffset, product.rowElement());
  words_ = k.scratchView(bytes, byteOffset, k.builder().getI32Type());
  wordsPerRow_ = k.dim(wordsPerRow(nest, product));
}

Value RowWords::offsetOfRow(Value row) const { return k_.mul(row, wordsPerRow_); }

void RowWords::pack(Value batch, Value firstRow, Value rows) const {
  Value base = offsetOf(k_, nest_.batch, batch, kLhs);
  k_.loop(k_.index(0), rows, k_.index(1), [&](Value row) {
    Value from = k_.add(base, offsetOf(k_, nest_.m, k_.add(firstRow, row), kLhs));
    packRow(from, k_.mul(offsetOfRow(row), k_.index(product_.group())));
  });
}

void RowWords::packRow(Value base, Value to) const {
  Value size = k_.dim(sizeOf(nest_.k)), zero = k_.index(0), one = k_.index(1);
  auto copy = [&](Value i, int64_t width) {
    Value loaded = k_.load(lhs_, k_.add(base, offsetOf(k_, nest_.k, i, kLhs)), width);
    k_.store(product_.toRowElement(k_, loaded), elements_, k_.add(to, i));
  };
  Value whole = zero;
  if (nest_.k.size() == 1 && nest_.k[0].isContiguous(kLhs)) {
    const int64_t width = product_.vectorBytes * 8 / product_.rowElement().getIntOrFloatBitWidth();
    Value step = k_.index(width);
    whole = k_.mul(k_.div(size, step), step);
    k_.loop(zero, whole, step, [&](Value i) { copy(i, width); });
  }
  k_.loop(whole, size, one, [&](Value i) { copy(i, 1); });
  Value filled = k_.mul(wordsPerRow_, k_.index(product_.group()));
  Value padding = conversion::constantLike(k_.builder(), k_.loc(), product_.rowElement(), 0);
  k_.loop(size, filled, one, [&](Value i) { k_.store(padding, elements_, k_.add(to, i)); });
}

void RowWords::fillWith128(Value row) const {
  Value word = mlir::arith::ConstantIntOp::create(k_.builder(), k_.loc(),
                                                  static_cast<int32_t>(0x80808080), 32);
  Value begin = offsetOfRow(row);
  k_.loop(begin, k_.add(begin, wordsPerRow_), k_.index(1),
          [&](Value i) { k_.store(word, words_, i); });
}

}  // namespace mlc::cpu
