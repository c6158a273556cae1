// Rows of the left side as the words that grouped products read.
#pragma once

#include "compiler/target/cpu/contract/loop_nest.h"
#include "compiler/target/cpu/contract/product.h"

namespace mlc::cpu {

// A word has the elements of one group of k; a row's last word is filled up with zeros.
class RowWords {
 public:
  static constexpr int64_t kWordBytes = 4;

  // `lhs`: a flat view; `bytes`: the scratch that the rows are written to, from a byte offset on.
  RowWords(KernelBuilder& k, const LoopNest& nest, const Product& product, mlir::Value lhs,
           mlir::Value bytes, mlir::Value byteOffset);

  static DimExpr wordsPerRow(const LoopNest& nest, const Product& product) {
    return ceilDiv(sizeOf(nest.k), product.group());
  }

  // Copies rows firstRow .. + rows of matrix `batch`; the first one becomes row 0.
  void pack(mlir::Value batch, mlir::Value firstRow, mlir::Value rows) const;
  // Makes every element of a row 128, so that its products are 128 times the sums over the columns.
  void fillWith128(mlir::Value row) const;

  mlir::Value words() const { return words_; }  // flat view of i32
  mlir::Value offsetOfRow(mlir::Value row) const;

 private:
  void packRow(mlir::Value base, mlir::Value to) const;

  KernelBuilder& k_;
  const LoopNest& nest_;
  const Product& product_;
  mlir::Value lhs_, elements_, words_, wordsPerRow_;
};

}  // namespace mlc::cpu
