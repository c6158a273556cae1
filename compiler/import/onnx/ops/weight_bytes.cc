#include "compiler/import/onnx/ops/weight_bytes.h"

#include "runtime/base/strided_view.h"

namespace mlc::onnx_import {
namespace {

// `bytes` under another type.
HostTensor viewAs(const HostTensor& bytes, DType dtype, const std::vector<int64_t>& shape) {
  auto owner = std::make_shared<HostTensor>(bytes);
  return HostTensor::wrap(dtype, shape, owner->raw(), owner);
}

}  // namespace

mlir::Value weightAs(Node& node, size_t input, DType dtype, const std::vector<int64_t>& shape) {
  Emitter& e = node.emitter;
  const Tensor& tensor = node.input(input);
  const graph::Weight* known = tensor.weight.empty() ? nullptr : e.weights().find(tensor.weight);
  if (!known && !tensor.constant) return {};
  std::vector<int64_t> given;
  for (const DimExpr& dim : tensor.shape) given.push_back(*dim.constant());
  if (sliceOf(nullptr, tensor.dtype, given, {}, {}).bytes() !=
      sliceOf(nullptr, dtype, shape, {}, {}).bytes()) {
    node.invalid("its input " + std::to_string(input) +
                 " has another size than its attributes say");
  }
  graph::Weight weight;
  weight.dtype = dtype;
  weight.shape = shape;
  if (known && known->kind == graph::Weight::Kind::kFile) {
    weight.file = known->file;
    weight.offset = known->offset;
  } else {
    weight.kind = graph::Weight::Kind::kBytes;
    if (known) {
      StatusOr<HostTensor> loaded = e.weights().load(tensor.weight);
      if (!loaded.ok()) node.invalid(loaded.status().message());
      weight.bytes = viewAs(*loaded, dtype, shape);
    } else {
      weight.bytes = viewAs(*tensor.constant, dtype, shape);
    }
  }
  auto made = std::make_shared<Tensor>();
  made->dtype = dtype;
  for (int64_t dim : shape) made->shape.push_back(dim);
  const std::string& name = tensor.weight.empty() ? tensor.name : tensor.weight;
  made->weight = e.unusedWeightName(name.empty() ? "constant" : name + ".blocks");
  e.weights().set(made->weight, std::move(weight));
  return e.materialize(*made);
}

}  // namespace mlc::onnx_import
