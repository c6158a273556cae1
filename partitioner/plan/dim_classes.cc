#include "partitioner/plan/dim_classes.h"

#include <numeric>

#include "partitioner/plan/layout.h"

namespace mlc::partition {
namespace {

class UnionFind {
 public:
  explicit UnionFind(int count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0); }
  int find(int node) {
    while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
    return node;
  }
  void unite(int a, int b) { parent_[find(b)] = find(a); }

 private:
  std::vector<int> parent_;
};

// Calls visit(tensor, dim) for every dim whose major factor is `factor`.
template <typename Visit>
void forEachDim(const Op& op, int factor, Visit visit) {
  auto visitTensor = [&](int tensor, const TensorFactors& factors) {
    for (size_t dim = 0; dim < factors.size(); ++dim) {
      if (majorFactor(op, factors[dim]) == factor) visit(tensor, static_cast<int>(dim));
    }
  };
  for (size_t i = 0; i < op.operands.size(); ++i) visitTensor(op.operands[i], op.operandFactors[i]);
  for (size_t i = 0; i < op.results.size(); ++i) visitTensor(op.results[i], op.resultFactors[i]);
}

}  // namespace

DimClasses::DimClasses(const Function& function, const std::vector<int>& keepWhole) {
  int nodes = 0;
  for (const Tensor& tensor : function.tensors) {
    std::vector<int>& ids = classOf_.emplace_back();
    for (size_t dim = 0; dim < tensor.dims.size(); ++dim) ids.push_back(nodes++);
  }
  UnionFind classes(nodes);
  std::vector<std::vector<int>> firstNode(function.ops.size());
  for (size_t i = 0; i < function.ops.size(); ++i) {
    const Op& op = function.ops[i];
    firstNode[i].assign(op.factors.size(), -1);
    for (size_t factor = 0; op.callee < 0 && factor < op.factors.size(); ++factor) {
      if (!canSplit(op, static_cast<int>(factor)) ||
          (!keepWhole.empty() && keepWhole[i] == static_cast<int>(factor)))
        continue;
      forEachDim(op, static_cast<int>(factor), [&](int tensor, int dim) {
        int node = classOf_[tensor][dim];
        if (firstNode[i][factor] < 0) firstNode[i][factor] = node;
        classes.unite(firstNode[i][factor], node);
      });
    }
  }
  std::vector<int64_t> divisor(nodes, 0);
  for (size_t i = 0; i < function.ops.size(); ++i) {
    for (size_t factor = 0; factor < firstNode[i].size(); ++factor) {
      if (firstNode[i][factor] < 0) continue;
      int64_t& units = divisor[classes.find(firstNode[i][factor])];
      units = std::gcd(units, function.ops[i].factors[factor].size);
    }
  }
  for (size_t i = 0; i < function.ops.size(); ++i) {
    std::vector<int64_t>& units = units_.emplace_back(firstNode[i].size(), 1);
    for (size_t factor = 0; factor < units.size(); ++factor) {
      if (firstNode[i][factor] >= 0) units[factor] = divisor[classes.find(firstNode[i][factor])];
    }
  }
  for (std::vector<int>& ids : classOf_) {
    for (int& id : ids) id = classes.find(id);
  }
}

}  // namespace mlc::partition
