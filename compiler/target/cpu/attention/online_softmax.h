// Softmax over scores that come block by block: the running maximum and sum of each query.
#pragma once

#include "compiler/target/cpu/contract/kernel_builder.h"

namespace mlc::cpu {

// The part of a mask that belongs to a row of scores.
struct ScoreMask {
  mlir::Value view;      // flat; null: none
  mlir::Value offset;    // of the row's first element
  mlir::Value stride;    // between elements
  bool vectors = false;  // the stride is 1
  mlir::Type element;
};

// One block of a query's scores, as a row of f32.
struct ScoreRow {
  mlir::Value scores;  // flat view
  mlir::Value offset;  // of the row in it
  mlir::Value seen;    // the row's first so many scores count; those behind are of keys not seen
  mlir::Value count;  // scores of the block; the row has space up to a multiple of the vector width

  ScoreMask keep;  // of bools: where they are false, the score is `fill`
  double fill = 0;
  ScoreMask mask;  // what is added then
};

class OnlineSoftmax {
 public:
  // maxima, sums: flat views of f32, one element per query.
  OnlineSoftmax(KernelBuilder& k, int64_t width, mlir::Value maxima, mlir::Value sums)
      : k_(k), width_(width), maxima_(maxima), sums_(sums) {}

  // Of a query that has seen no score.
  void start(mlir::Value query) const;

  // Masks the row's scores and replaces them by their weights exp(score - maximum),
  // those of keys not seen by 0. Returns the factor by which what was summed up with the weights of
  // earlier blocks is to be multiplied.
  mlir::Value add(mlir::Value query, const ScoreRow& row) const;

  // The factor that makes sums with the weights weighted means. A query whose scores were all
  // -infinity: NaN times 0, or 0 if zeroMasked (an i1).
  mlir::Value normalization(mlir::Value query, mlir::Value zeroMasked) const;

 private:
  mlir::Value number(double value, int64_t width) const;
  // score = combine(score, element of the mask) for all scores that are seen; vectors up to
  // `whole`, then single ones.
  void applyMask(const ScoreRow& row, const ScoreMask& mask, mlir::Value whole,
                 llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine) const;

  KernelBuilder& k_;
  int64_t width_;
  mlir::Value maxima_, sums_;
};

}  // namespace mlc::cpu
