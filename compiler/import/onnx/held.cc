#include "compiler/import/onnx/held.h"

#include <set>
#include <string>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/ops/movement.h"
#include "compiler/import/onnx/tensor_reader.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

bool readHeld(const onnx::TypeProto& type, Held& held) {
  if (!type.has_tensor_type()) return false;
  const std::optional<DType> dtype = dtypeFromOnnx(type.tensor_type().elem_type());
  if (!dtype) return false;
  held.dtype = *dtype;
  if (!type.tensor_type().has_shape()) return true;
  held.dims.emplace();
  for (const auto& dim : type.tensor_type().shape().dim()) {
    const bool isKnown = dim.has_dim_value() && dim.dim_value() >= 0;
    held.dims->push_back(isKnown ? std::optional(DimExpr(dim.dim_value())) : std::nullopt);
  }
  return true;
}

// Ops that move, compare or hand on strings.
bool takesStrings(const std::string& op) {
  static const std::set<std::string> kOps = {"Compress",
                                             "Concat",
                                             "Equal",
                                             "Expand",
                                             "Flatten",
                                             "Gather",
                                             "GatherElements",
                                             "GatherND",
                                             "Identity",
                                             "If",
                                             "Loop",
                                             "Optional",
                                             "Reshape",
                                             "Scan",
                                             "SequenceConstruct",
                                             "SequenceInsert",
                                             "SequenceMap",
                                             "Shape",
                                             "Size",
                                             "Slice",
                                             "Split",
                                             "SplitToSequence",
                                             "Squeeze",
                                             "StringConcat",
                                             "StringNormalizer",
                                             "StringSplit",
                                             "Tile",
                                             "Transpose",
                                             "Unsqueeze",
                                             "Where",
                                             "OptionalGetElement",
                                             "OptionalHasElement"};
  return kOps.contains(op);
}

bool takesHolders(const std::string& op) {
  static const std::set<std::string> kOps = {
      "ConcatFromSequence", "Identity",           "If",         "Loop",          "Optional",
      "OptionalGetElement", "OptionalHasElement", "SequenceAt", "SequenceErase", "SequenceInsert",
      "SequenceLength",     "SequenceMap"};
  return kOps.contains(op);
}

}  // namespace

TensorRef declaredValue(const onnx::TypeProto& type) {
  auto tensor = std::make_shared<Tensor>();
  const onnx::TypeProto* inner = &type;
  tensor->dtype = DType::kSequence;
  if (inner->has_optional_type()) {
    tensor->dtype = DType::kOptional;
    inner = &inner->optional_type().elem_type();
    tensor->held.isSequence = inner->has_sequence_type();
  }
  if (inner->has_sequence_type()) {
    inner = &inner->sequence_type().elem_type();
  } else if (tensor->dtype == DType::kSequence) {
    return nullptr;
  }
  return readHeld(*inner, tensor->held) ? tensor : nullptr;
}

void checkTypes(const Node& node) {
  for (size_t i = 0; i < node.inputCount(); ++i) {
    if (!node.has(i) || !isReference(node.dtype(i))) continue;
    const bool taken =
        node.dtype(i) == DType::kString ? takesStrings(node.op()) : takesHolders(node.op());
    if (taken) continue;
    node.unsupported("takes no " + std::string(dtypeName(node.dtype(i))) + " as input " +
                     std::to_string(i));
  }
}

TensorRef optionalOf(const TensorRef& value) {
  Held held = value->dtype == DType::kSequence ? value->held : heldOf(value->dtype, value->shape);
  held.isSequence = value->dtype == DType::kSequence;
  return knownOptional(std::move(held), value);
}

TensorRef valueOfOptional(Node& node, Value optional, const Held& held) {
  Emitter& e = node.emitter;
  if (held.isSequence) {
    Held items = held;
    items.isSequence = false;
    return tensorOf(e.emitStated<graph::OptionalGetOp>(e.sequenceType(held.dtype), optional),
                    items);
  }
  if (!held.dims) node.unsupported("the rank of the tensors that it takes from is not known");
  const auto rank = static_cast<int64_t>(held.dims->size());
  Value sizes;
  graph::Shape shape;
  for (int64_t i = 0; i < rank; ++i) {
    const std::optional<DimExpr>& known = (*held.dims)[static_cast<size_t>(i)];
    if (known) {
      shape.push_back(*known);
      continue;
    }
    if (!sizes) sizes = e.emit<graph::OptionalShapeOp>(optional, rank);
    shape.push_back(defineSize(e, takeIndex(e, sizes, 0, i), "a dim of the tensor"));
  }
  return tensorOf(e.emitStated<graph::OptionalGetOp>(e.type(shape, held.dtype), optional));
}

}  // namespace mlc::onnx_import
