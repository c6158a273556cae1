#include "compiler/transforms/attention_scores.h"

#include <cmath>

#include "compiler/transforms/product_match.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

using Mask = AttentionScores::Mask;

// The operand of a select or sum that may have the scores, of the result's shape, and how the op
// masks them.
struct Masked {
  Value scores;
  Mask mask;
};

SmallVector<Masked, 2> maskedBy(Operation* op) {
  SmallVector<Masked, 2> found;
  auto add = [&](Value scores, const Mask& mask) {
    if (scores.getType() == op->getResult(0).getType()) found.push_back({scores, mask});
  };
  if (auto select = dyn_cast<SelectOp>(op)) {
    Value condition = select.getCondition();
    if (std::optional<double> fill = splatOf(select.getOnFalse()))
      add(select.getOnTrue(), {Value(), condition, true, *fill});
    if (std::optional<double> fill = splatOf(select.getOnTrue()))
      add(select.getOnFalse(), {Value(), condition, false, *fill});
  } else if (auto sum = dyn_cast<AddOp>(op)) {
    add(sum.getLhs(), {sum.getRhs(), Value()});
    add(sum.getRhs(), {sum.getLhs(), Value()});
  }
  return found;
}

// The masks are collected from the softmax inwards.
std::optional<AttentionScores> taken(Value value, unsigned depth) {
  constexpr unsigned kMostMasks = 8;
  Scaled scaled = scaledValue(value);
  if (auto contract = scaled.value.getDefiningOp<ContractOp>()) {
    if (!isOrdinaryScale(scaled.factor)) return std::nullopt;
    return AttentionScores{contract, scaled.factor, {}};
  }
  // A scale outside of a mask would scale the mask too.
  Operation* op = value.getDefiningOp();
  if (!op || depth == kMostMasks) return std::nullopt;
  for (const Masked& masked : maskedBy(op)) {
    std::optional<AttentionScores> scores = taken(masked.scores, depth + 1);
    if (!scores) continue;
    scores->masks.push_back(masked.mask);
    return scores;
  }
  return std::nullopt;
}

}  // namespace

bool isOrdinaryScale(double scale) { return std::abs(scale) > 0x1p-30 && std::abs(scale) < 0x1p30; }

bool AttentionScores::haveOneFill() const {
  std::optional<double> fill;
  for (const Mask& mask : masks) {
    if (!mask.condition) continue;
    if (fill && !(*fill == mask.fill)) return false;
    fill = mask.fill;
  }
  return true;
}

std::optional<AttentionScores> attentionScoresOf(Value value) { return taken(value, 0); }

}  // namespace mlc::transforms
