// What a softmax of attention scores is made of.
#pragma once

#include <optional>

#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::transforms {

// softmax's input taken apart: a contraction * scale, then masks.
struct AttentionScores {
  graph::ContractOp contract;
  double scale = 1;

  // A mask that is added, or, with `condition`, one that puts a number in the place of scores.
  struct Mask {
    mlir::Value added;
    mlir::Value condition;
    bool keepsTrue = true;  // where the condition holds the score stays, else where it does not
    double fill = 0;
  };
  llvm::SmallVector<Mask> masks;  // the one next to the contraction first

  // Whether one condition and one added mask say the same: all fills are one number.
  bool haveOneFill() const;
};

// Whether a scale leaves scores that are neither too large nor too small for f32.
bool isOrdinaryScale(double scale);

// The parts of a softmax's input, if it is made in this way.
std::optional<AttentionScores> attentionScoresOf(mlir::Value value);

}  // namespace mlc::transforms
