// Dims of a function's tensors that are cut alike: those which some op indexes by one factor. 12
// heads make a class of the dims [12] and [384 = 12 * 32]; its units are what divides all of
// them: 12.
#pragma once

#include <vector>

#include "partitioner/graph/block_graph.h"

namespace mlc::partition {

class DimClasses {
 public:
  // keepWhole: per op a factor that is not cut, or -1; empty: none.
  explicit DimClasses(const Function& function, const std::vector<int>& keepWhole = {});

  // In how many equal parts the op's factor can be cut; 1: not at all. Every factor of a class has
  // the same answer.
  int64_t units(int op, int factor) const { return units_[op][factor]; }

  // The class of the tensor's dim: dims with equal numbers are cut alike.
  int classOf(int tensor, int dim) const { return classOf_[tensor][dim]; }

 private:
  std::vector<std::vector<int64_t>> units_;
  std::vector<std::vector<int>> classOf_;
};

}  // namespace mlc::partition
