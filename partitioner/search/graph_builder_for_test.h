// Builds functions of a block graph by hand.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "partitioner/device_model/device_model.h"
#include "partitioner/graph/block_graph.h"

namespace mlc::partition {

class FunctionBuilder {
 public:
  explicit FunctionBuilder(std::string name) { function_.name = std::move(name); }

  int input(std::vector<int64_t> dims) {
    int id = tensor(std::move(dims));
    function_.inputs.push_back(id);
    return id;
  }
  int weight(std::vector<int64_t> dims) {
    int id = tensor(std::move(dims));
    function_.tensors[id].isWeight = true;
    return id;
  }
  int weightArgument(std::vector<int64_t> dims) {
    int id = weight(std::move(dims));
    function_.inputs.push_back(id);
    return id;
  }

  // An op given by one letter per dim of each tensor, as "bsd,de->bse"; upper-case letters are
  // whole. A letter that is not in the result is summed. Letters of merged dims are in parentheses:
  // "bs(hk)->bshk".
  int einsum(std::vector<int> operands, const std::string& equation,
             const std::string& kind = "graph.contract", bool isLinear = false,
             std::map<char, int64_t> sizes = {}) {
    Op op;
    op.name = kind + std::to_string(function_.ops.size());
    op.kind = kind;
    op.operands = operands;
    op.isLinear = isLinear;
    const size_t arrow = equation.find("->");
    std::map<char, int> factorOf;
    auto parse = [&](const std::string& text) {
      TensorFactors dims;
      bool isInside = false;
      for (char c : text) {
        if (c == '(') {
          dims.emplace_back();
          isInside = true;
        } else if (c == ')') {
          isInside = false;
        } else {
          if (!isInside) dims.emplace_back();
          if (c == '1') continue;
          if (!factorOf.contains(c)) {
            factorOf[c] = static_cast<int>(op.factors.size());
            const FactorKind kind =
                c >= 'A' && c <= 'Z' ? FactorKind::kWhole : FactorKind::kReduceSum;
            op.factors.push_back({0, kind, "", true});
          }
          dims.back().push_back(factorOf[c]);
        }
      }
      return dims;
    };
    size_t begin = 0;
    const std::string left = equation.substr(0, arrow);
    while (begin <= left.size() && !operands.empty()) {
      size_t end = std::min(left.find(',', begin), left.size());
      op.operandFactors.push_back(parse(left.substr(begin, end - begin)));
      begin = end + 1;
    }
    op.resultFactors.push_back(parse(equation.substr(arrow + 2)));
    for (const auto& [letter, size] : sizes) op.factors[factorOf[letter]].size = size;
    for (size_t i = 0; i < operands.size(); ++i) {
      for (size_t dim = 0; dim < op.operandFactors[i].size(); ++dim) {
        const DimFactors& factors = op.operandFactors[i][dim];
        if (factors.size() == 1)
          op.factors[factors[0]].size = function_.tensors[operands[i]].dims[dim];
        if (factors.size() == 1)
          op.factors[factors[0]].isStatic = isStatic(function_.tensors[operands[i]].dimTexts[dim]);
        if (factors.size() == 1)
          op.factors[factors[0]].text = function_.tensors[operands[i]].dimTexts[dim];
      }
    }
    std::vector<int64_t> dims;
    std::vector<std::string> texts;
    for (const DimFactors& factors : op.resultFactors[0]) {
      int64_t size = 1;
      for (int factor : factors) {
        size *= op.factors[factor].size;
        if (op.factors[factor].kind == FactorKind::kReduceSum)
          op.factors[factor].kind = FactorKind::kParallel;
      }
      dims.push_back(size);
      texts.push_back(factors.size() == 1 ? op.factors[factors[0]].text : std::to_string(size));
    }
    double points = 1;
    for (Factor& factor : op.factors) {
      points *= static_cast<double>(factor.size);
      if (factor.text.empty()) factor.text = std::to_string(factor.size);
    }
    int result = tensor(std::move(dims));
    for (size_t i = 0; i < texts.size(); ++i) {
      if (!texts[i].empty()) function_.tensors[result].dimTexts[i] = texts[i];
    }
    if (kind != "graph.reshape") {
      op.operations = kind == "graph.contract" ? 2 * points : points;
      for (int operand : operands) op.bytes += function_.tensors[operand].bytes;
      op.bytes += function_.tensors[result].bytes;
    }
    op.results = {result};
    function_.tensors[result].producer = static_cast<int>(function_.ops.size());
    function_.ops.push_back(std::move(op));
    return result;
  }

  int call(int callee, std::vector<int> operands, std::vector<int64_t> dims) {
    Op op;
    op.name = "call" + std::to_string(function_.ops.size());
    op.kind = "func.call";
    op.callee = callee;
    op.operands = std::move(operands);
    int result = tensor(std::move(dims));
    function_.tensors[result].producer = static_cast<int>(function_.ops.size());
    op.results = {result};
    function_.ops.push_back(std::move(op));
    return result;
  }

  void name(int tensor, int64_t dim, const std::string& text) {
    function_.tensors[tensor].dimTexts[dim] = text;
  }

  Function finish(std::vector<int> outputs) {
    function_.outputs = std::move(outputs);
    return function_;
  }

 private:
  static bool isStatic(const std::string& text) {
    return text.find_first_not_of("0123456789") == std::string::npos;
  }

  int tensor(std::vector<int64_t> dims) {
    Tensor tensor;
    tensor.name = "t" + std::to_string(function_.tensors.size());
    tensor.bytes = 4;
    for (int64_t dim : dims) {
      tensor.bytes *= static_cast<double>(dim);
      tensor.dimTexts.push_back(std::to_string(dim));
    }
    tensor.dims = std::move(dims);
    function_.tensors.push_back(std::move(tensor));
    return static_cast<int>(function_.tensors.size()) - 1;
  }

  Function function_;
};

inline DeviceModel equalDevices(int count, double flops = 1e11, double bandwidth = 1e12) {
  DeviceModel model;
  for (int i = 0; i < count; ++i) {
    Device device;
    device.name = "d" + std::to_string(i);
    device.peakFlops[DType::kF32] = flops;
    device.memoryBandwidth = bandwidth;
    device.launchSeconds = 1e-7;
    model.devices.push_back(device);
  }
  model.sameHost = {1e-6, 1e10};
  return model;
}

// A transformer block of a symbolic sequence: attention with `heads` heads of 32, and an MLP of 4
// times the width. Its weights are arguments.
inline Function transformerBlock(int64_t heads, int64_t seq) {
  const int64_t width = heads * 32;
  FunctionBuilder b("block");
  int x = b.input({1, seq, width});
  b.name(x, 1, "seq");
  int q = b.einsum({x, b.weightArgument({width, width})}, "bsd,de->bse");
  int k = b.einsum({x, b.weightArgument({width, width})}, "bsd,de->bse");
  int v = b.einsum({x, b.weightArgument({width, width})}, "bsd,de->bse");
  for (int* t : {&q, &k, &v})
    *t = b.einsum({*t}, "bs(hk)->bshk", "graph.reshape", true, {{'h', heads}, {'k', 32}});
  int scores = b.einsum({q, k}, "bshk,bthk->bhst");
  int soft = b.einsum({scores}, "bhsT->bhsT", "graph.softmax");
  int mixed = b.einsum({soft, v}, "bhst,bthk->bshk");
  int merged = b.einsum({mixed}, "bshk->bs(hk)", "graph.reshape", true);
  int out = b.einsum({merged, b.weightArgument({width, width})}, "bse,ed->bsd");
  int first = b.einsum({x, out}, "bsd,bsd->bsd", "graph.add", true);
  int norm = b.einsum({first}, "bsD->bsD", "graph.layer_norm");
  int up = b.einsum({norm, b.weightArgument({width, 4 * width})}, "bsd,df->bsf");
  int biased = b.einsum({up, b.weightArgument({4 * width})}, "bsf,f->bsf", "graph.add", true);
  int gelu = b.einsum({biased}, "bsf->bsf", "graph.gelu");
  int down = b.einsum({gelu, b.weightArgument({4 * width, width})}, "bsf,fd->bsd");
  int second = b.einsum({first, down}, "bsd,bsd->bsd", "graph.add", true);
  return b.finish({second});
}

}  // namespace mlc::partition
