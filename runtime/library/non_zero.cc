#include <vector>

#include "runtime/library/library.h"
#include "runtime/library/tensor_view.h"

namespace mlc::library {
namespace {

// NonZero. Operands: x. Results: indices i64 [rank, elements of x], of which the first `count`
// columns are filled in row-major order; count (i64). Thread 0 does it.
Status nonZero(const Call& call) {
  if (call.thread != 0) return okStatus();
  const MlcTensor& x = call.operands[0];
  auto* indices = dataOf<int64_t>(call.results[0]);
  return withElementType(x.type, [&](auto zero) {
    using T = decltype(zero);
    const int64_t elements = elementsOf(x);
    std::vector<int64_t> at(static_cast<size_t>(x.rank), 0);
    int64_t count = 0;
    for (int64_t i = 0; i < elements; ++i) {
      if (keyOf(dataOf<T>(x)[i]) != 0) {
        for (int32_t dim = 0; dim < x.rank; ++dim) {
          indices[dim * elements + count] = at[static_cast<size_t>(dim)];
        }
        ++count;
      }
      for (int32_t dim = x.rank - 1; dim >= 0; --dim) {
        if (++at[static_cast<size_t>(dim)] < x.dims[dim]) break;
        at[static_cast<size_t>(dim)] = 0;
      }
    }
    *dataOf<int64_t>(call.results[1]) = count;
    return okStatus();
  });
}

const Function kNonZero("non_zero", nonZero);

}  // namespace
}  // namespace mlc::library
