#include "collectives/tensor_collectives.h"

#include <cstring>
#include <numeric>

#include "collectives/algorithm/arguments.h"

namespace mlc::collectives {
namespace {

Status checkTensor(const Communicator& communicator, int64_t outer,
                   const std::vector<int64_t>& inner) {
  MLC_RETURN_IF_ERROR(checkCount(outer));
  return checkCounts(inner, communicator.size());
}

std::vector<int64_t> wholeCounts(int64_t outer, const std::vector<int64_t>& inner) {
  std::vector<int64_t> counts(inner);
  for (int64_t& count : counts) count *= outer;
  return counts;
}

char* reserve(Workspace& workspace, int64_t bytes) {
  if (workspace.size() < static_cast<size_t>(bytes)) workspace.resize(static_cast<size_t>(bytes));
  return workspace.data();
}

// Calls copy(place in the rows, place in rank-by-rank order, bytes) for each rank's piece of each
// row.
template <typename Copy>
void forEachPiece(int64_t outer, const std::vector<int64_t>& inner, int64_t width, Copy copy) {
  const int64_t row = std::accumulate(inner.begin(), inner.end(), int64_t{0}) * width;
  int64_t before = 0;
  for (const int64_t count : inner) {
    const int64_t piece = count * width;
    if (piece > 0) {
      for (int64_t i = 0; i < outer; ++i) {
        copy(i * row + before, outer * before + i * piece, static_cast<size_t>(piece));
      }
    }
    before += piece;
  }
}

}  // namespace

Status allGatherTensor(Communicator& communicator, const void* in, void* out, int64_t outer,
                       const std::vector<int64_t>& inner, DType dtype, Workspace& workspace) {
  MLC_RETURN_IF_ERROR(checkTensor(communicator, outer, inner));
  const std::vector<int64_t> counts = wholeCounts(outer, inner);
  if (outer <= 1) return communicator.allGather(in, out, counts, dtype);
  const auto width = static_cast<int64_t>(dtypeBytes(dtype));
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  char* pieces = reserve(workspace, total * width);
  MLC_RETURN_IF_ERROR(communicator.allGather(in, pieces, counts, dtype));
  forEachPiece(outer, inner, width, [&](int64_t inRows, int64_t inPieces, size_t bytes) {
    std::memcpy(static_cast<char*>(out) + inRows, pieces + inPieces, bytes);
  });
  return okStatus();
}

Status reduceScatterTensor(Communicator& communicator, const void* in, void* out, int64_t outer,
                           const std::vector<int64_t>& inner, DType dtype, Reduction reduction,
                           Workspace& workspace) {
  MLC_RETURN_IF_ERROR(checkTensor(communicator, outer, inner));
  const std::vector<int64_t> counts = wholeCounts(outer, inner);
  if (outer <= 1) return communicator.reduceScatter(in, out, counts, dtype, reduction);
  const auto width = static_cast<int64_t>(dtypeBytes(dtype));
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  char* pieces = reserve(workspace, total * width);
  forEachPiece(outer, inner, width, [&](int64_t inRows, int64_t inPieces, size_t bytes) {
    std::memcpy(pieces + inPieces, static_cast<const char*>(in) + inRows, bytes);
  });
  return communicator.reduceScatter(pieces, out, counts, dtype, reduction);
}

}  // namespace mlc::collectives
