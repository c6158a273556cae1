#include <map>
#include <string>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"

namespace mlc::graph {
namespace {

// The sizes of letters and the strides by which a tensor is walked along them; 0 where it lacks the
// letter.
Index stridesAlong(const std::string& letters, llvm::StringRef own, const HostTensor& tensor) {
  const Index strides = stridesOf(tensor.shape());
  Index result;
  for (char letter : letters) {
    const size_t at = own.find(letter);
    result.push_back(at == llvm::StringRef::npos ? 0 : strides[at]);
  }
  return result;
}

// The tensor's elements as doubles or 64-bit integers, in row-major order.
template <typename T>
std::vector<T> widened(const HostTensor& tensor) {
  std::vector<T> values(tensor.numElements());
  for (size_t i = 0; i < values.size(); ++i) {
    if constexpr (std::is_same_v<T, double>) {
      values[i] = loadFloat(tensor, i);
    } else {
      values[i] = loadInteger(tensor, i);
    }
  }
  return values;
}

// For every result row (all letters but the result's last): accumulates over the reduced letters,
// the last result letter innermost.
template <typename T>
std::vector<T> contract(size_t resultRank, const Index& sizes, const std::vector<T>& lhs,
                        const Index& lhsStrides, const std::vector<T>& rhs,
                        const Index& rhsStrides) {
  int64_t resultCount = 1;
  for (size_t i = 0; i < resultRank; ++i) resultCount *= sizes[i];
  std::vector<T> result(resultCount, 0);
  const bool hasInner = resultRank > 0;
  const int64_t inner = hasInner ? sizes[resultRank - 1] : 1;
  const int64_t lhsInner = hasInner ? lhsStrides[resultRank - 1] : 0;
  const int64_t rhsInner = hasInner ? rhsStrides[resultRank - 1] : 0;
  Index rows(sizes.begin(), sizes.begin() + (hasInner ? resultRank - 1 : 0));
  Index reduced(sizes.begin() + resultRank, sizes.end());
  forEachIndex(rows, [&](llvm::ArrayRef<int64_t> row, int64_t r) {
    T* out = result.data() + r * inner;
    const int64_t lhsRow = offsetOf(row, lhsStrides), rhsRow = offsetOf(row, rhsStrides);
    forEachIndex(reduced, [&](llvm::ArrayRef<int64_t> point, int64_t) {
      int64_t a = lhsRow, b = rhsRow;
      for (size_t k = 0; k < point.size(); ++k) {
        a += point[k] * lhsStrides[resultRank + k];
        b += point[k] * rhsStrides[resultRank + k];
      }
      for (int64_t i = 0; i < inner; ++i) out[i] += lhs[a + i * lhsInner] * rhs[b + i * rhsInner];
    });
  });
  return result;
}

}  // namespace

llvm::LogicalResult ContractOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                         llvm::SmallVectorImpl<HostTensor>& results) {
  auto [operands, resultLetters] = getEquation().split("->");
  auto [lhs, rhs] = operands.split(",");
  std::map<char, int64_t> size;
  auto collect = [&](llvm::StringRef letters, const HostTensor& tensor) {
    for (size_t i = 0; i < letters.size(); ++i) {
      auto [it, inserted] = size.try_emplace(letters[i], tensor.shape()[i]);
      if (!inserted && it->second != tensor.shape()[i]) return false;
    }
    return true;
  };
  if (!collect(lhs, x[0]) || !collect(rhs, x[1]))
    return emitError("contracts dims of different sizes");
  // The result's letters, then the reduced ones.
  std::string letters = resultLetters.str();
  for (auto [letter, extent] : size) {
    if (letters.find(letter) == std::string::npos) letters += letter;
  }
  Index sizes;
  for (char letter : letters) sizes.push_back(size[letter]);
  const Index lhsStrides = stridesAlong(letters, lhs, x[0]);
  const Index rhsStrides = stridesAlong(letters, rhs, x[1]);
  const size_t rank = resultLetters.size();
  HostTensor result = HostTensor::uninitialized(
      resultType(getResult()), std::vector<int64_t>(sizes.begin(), sizes.begin() + rank));
  if (isFloat(x[0].dtype())) {
    std::vector<double> sums = contract<double>(rank, sizes, widened<double>(x[0]), lhsStrides,
                                                widened<double>(x[1]), rhsStrides);
    for (size_t i = 0; i < sums.size(); ++i) storeFloat(result, i, sums[i]);
  } else {
    std::vector<int64_t> sums = contract<int64_t>(rank, sizes, widened<int64_t>(x[0]), lhsStrides,
                                                  widened<int64_t>(x[1]), rhsStrides);
    for (size_t i = 0; i < sums.size(); ++i) storeInteger(result, i, sums[i]);
  }
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
