#include "compiler/transforms/attention_letters.h"

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/dialect/graph/shape.h"

using namespace mlir;
using namespace mlc::graph;

namespace mlc::transforms {
namespace {

bool contains(const std::string& letters, char letter) {
  return letters.find(letter) != std::string::npos;
}

// Sorts the first contraction's letters into their roles.
bool matchScores(AttentionLetters& letters, const ContractEquation& equation,
                 const Shape& queryShape) {
  std::string ownOfQuery;
  for (char letter : equation.letters()) {
    const bool inQuery = contains(letters.query, letter), inKey = contains(letters.key, letter),
               inScores = equation.inResult(letter);
    if (letter == letters.keys) continue;
    if (inQuery && inKey && !inScores) {
      if (letters.depth) return false;
      letters.depth = letter;
    } else if (inScores && inQuery && !inKey) {
      ownOfQuery += letter;
    } else if (!(inScores && inQuery && inKey)) {
      return false;
    }
  }
  // Of several that only the query has, all but one are batch dims that its size of 1 kept from the
  // key: the last in the scores are the queries.
  llvm::sort(ownOfQuery,
             [&](char a, char b) { return letters.scores.find(a) < letters.scores.find(b); });
  if (ownOfQuery.empty() || !letters.depth) return false;
  letters.queries = ownOfQuery.back();
  ownOfQuery.pop_back();
  for (char letter : ownOfQuery) {
    if (queryShape[letters.query.find(letter)].constant() != 1) return false;
  }
  for (char letter : letters.scores) {
    if (letter != letters.queries && letter != letters.keys) letters.batch += letter;
  }
  return letters.batch.size() == 1 || letters.batch.size() == 2;
}

// Renames the second contraction's letters: those of the probabilities to the scores', the depth of
// the values to a new one.
bool matchValues(AttentionLetters& letters, const ContractEquation& equation,
                 bool probabilitiesAreLhs) {
  const std::string& probabilities = probabilitiesAreLhs ? equation.lhs : equation.rhs;
  constexpr char kValueDepth = 'A';  // equations have small letters
  letters.valueDepth = kValueDepth;
  auto rename = [&](const std::string& text) {
    std::string renamed;
    for (char letter : text) {
      size_t at = probabilities.find(letter);
      renamed += at == std::string::npos ? kValueDepth : letters.scores[at];
    }
    return renamed;
  };
  letters.value = rename(probabilitiesAreLhs ? equation.rhs : equation.lhs);
  letters.result = rename(equation.result);
  auto count = [](const std::string& text, char letter) { return llvm::count(text, letter); };
  const bool fits = count(letters.value, letters.keys) == 1 &&
                    count(letters.value, kValueDepth) == 1 &&
                    count(letters.value, letters.queries) == 0;
  std::string result = letters.result, expected = letters.batch + letters.queries + kValueDepth;
  llvm::sort(result);
  llvm::sort(expected);
  return fits && result == expected;
}

// Whether dims that an attention has in common are equal for certain: its own rules are stricter
// than those of a contraction, whose dims may be a symbol and a number.
bool dimsAgree(const AttentionLetters& letters, const Shape& query, const Shape& key,
               const Shape& value, const Shape& scores) {
  for (char letter : letters.batch + letters.queries + letters.keys + letters.depth) {
    std::optional<DimExpr> size;
    for (auto [text, shape] :
         {std::pair(letters.query, query), std::pair(letters.key, key),
          std::pair(letters.value, value), std::pair(letters.scores, scores)}) {
      size_t at = text.find(letter);
      if (at == std::string::npos) continue;
      if (size && !(*size == shape[at])) return false;
      size = shape[at];
    }
    // What key or value lack is made a dim of size 1.
    const bool isBatch = contains(letters.batch, letter);
    const bool isShared = contains(letters.key, letter) && contains(letters.value, letter);
    if (isBatch && !isShared && size->constant() != 1) return false;
  }
  return true;
}

}  // namespace

std::optional<AttentionLetters> matchAttention(ContractOp first, ContractOp second,
                                               int64_t softmaxAxis, bool probabilitiesAreLhs) {
  ContractEquation equation = *ContractEquation::parse(first.getEquation());
  AttentionLetters letters;
  letters.scores = equation.result;
  letters.keys = equation.result[softmaxAxis];
  letters.queryIsLhs = !equation.inLhs(letters.keys);
  letters.query = letters.queryIsLhs ? equation.lhs : equation.rhs;
  letters.key = letters.queryIsLhs ? equation.rhs : equation.lhs;
  Value query = letters.queryIsLhs ? first.getLhs() : first.getRhs();
  Value key = letters.queryIsLhs ? first.getRhs() : first.getLhs();
  Value value = probabilitiesAreLhs ? second.getRhs() : second.getLhs();
  if (contains(letters.query, letters.keys) || !matchScores(letters, equation, shapeOf(query)) ||
      !matchValues(letters, *ContractEquation::parse(second.getEquation()), probabilitiesAreLhs) ||
      !dimsAgree(letters, shapeOf(query), shapeOf(key), shapeOf(value),
                 shapeOf(first.getResult()))) {
    return std::nullopt;
  }
  return letters;
}

}  // namespace mlc::transforms
