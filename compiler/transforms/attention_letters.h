// The dims of two contractions that are an attention, by the letters of their equations.
#pragma once

#include <optional>
#include <string>

#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::transforms {

// Scores = contract(query, key) and result = contract(softmax(scores), value), in one naming of
// dims: query sums `depth` with key, over `keys` keys for `queries` queries; `batch` has up to two
// letters, in the order of the scores. A batch dim of size 1 may be absent from key and value.
struct AttentionLetters {
  std::string query, key, scores;  // of the first contraction
  std::string value, result;       // of the second, renamed to agree with the first
  std::string batch;
  char queries = 0, keys = 0, depth = 0, valueDepth = 0;
  bool queryIsLhs = true;
};

// `softmaxAxis`: of the scores; `probabilitiesAreLhs`: of the second contraction.
std::optional<AttentionLetters> matchAttention(graph::ContractOp first, graph::ContractOp second,
                                               int64_t softmaxAxis, bool probabilitiesAreLhs);

}  // namespace mlc::transforms
