#include "compiler/import/onnx/node.h"

namespace mlc::onnx_import {

const TensorRef& Node::inputRef(size_t i) const {
  if (!has(i)) invalid("input " + std::to_string(i) + " is missing");
  return inputs_[i];
}

Tensor& Node::input(size_t i) const { return *inputRef(i); }

const Elements& Node::elements(size_t i, const char* what) const {
  const Tensor& tensor = input(i);
  if (!tensor.elements)
    unsupported(std::string("its ") + what +
                " is computed from data, so shapes would depend on data");
  return *tensor.elements;
}

std::vector<int64_t> Node::integers(size_t i, const char* what) const {
  std::vector<int64_t> values;
  for (const DimExpr& element : elements(i, what)) {
    if (!element.isConstant())
      unsupported(std::string("its ") + what + " must be constant, has " + element.str());
    values.push_back(*element.constant());
  }
  return values;
}

const onnx::AttributeProto* Node::find(const char* name) const {
  for (const auto& attribute : proto_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

const onnx::AttributeProto* Node::find(const char* name,
                                       onnx::AttributeProto::AttributeType type) const {
  const onnx::AttributeProto* attribute = find(name);
  // Models of IR version 1 do not state the type.
  if (attribute != nullptr && attribute->type() != type &&
      attribute->type() != onnx::AttributeProto::UNDEFINED) {
    invalid(std::string("attribute '") + name + "' is of type " +
            onnx::AttributeProto_AttributeType_Name(attribute->type()) + ", must be " +
            onnx::AttributeProto_AttributeType_Name(type));
  }
  return attribute;
}

int64_t Node::integer(const char* name, int64_t otherwise) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::INT);
  return attribute != nullptr ? attribute->i() : otherwise;
}

double Node::number(const char* name, double otherwise) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::FLOAT);
  // Defaults are f32 too: LeakyRelu's 0.01 is 0.01f for f64 operands.
  return attribute != nullptr ? attribute->f() : static_cast<float>(otherwise);
}

std::string Node::text(const char* name, const std::string& otherwise) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::STRING);
  return attribute != nullptr ? attribute->s() : otherwise;
}

std::optional<std::vector<int64_t>> Node::integerList(const char* name) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::INTS);
  if (attribute == nullptr) return std::nullopt;
  return std::vector<int64_t>(attribute->ints().begin(), attribute->ints().end());
}

std::optional<std::vector<double>> Node::numberList(const char* name) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::FLOATS);
  if (attribute == nullptr) return std::nullopt;
  return std::vector<double>(attribute->floats().begin(), attribute->floats().end());
}

std::optional<std::vector<std::string>> Node::textList(const char* name) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::STRINGS);
  if (attribute == nullptr) return std::nullopt;
  return std::vector<std::string>(attribute->strings().begin(), attribute->strings().end());
}

const onnx::GraphProto& Node::graph(const char* name) const {
  const onnx::AttributeProto* attribute = find(name, onnx::AttributeProto::GRAPH);
  if (attribute == nullptr) invalid(std::string("attribute '") + name + "' is missing");
  return attribute->g();
}

int64_t Node::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank) {
    invalid("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  }
  return axis < 0 ? axis + rank : axis;
}

void Node::set(size_t i, TensorRef tensor) {
  if (i < outputs_.size()) outputs_[i] = std::move(tensor);
}

void Node::set(size_t i, mlir::Value value) { set(i, tensorOf(value)); }

TensorRef tensorOf(mlir::Value value) {
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = graph::dtypeOf(value.getType());
  tensor->shape = graph::shapeOf(value);
  mlir::Type element = mlir::getElementTypeOrSelf(value.getType());
  if (auto optional = mlir::dyn_cast<graph::OptionalType>(element)) {
    element = optional.getHeld();
    tensor->held.isSequence = mlir::isa<graph::SequenceType>(element);
    if (!tensor->held.isSequence) tensor->held.dtype = graph::dtypeOf(element);
  }
  if (auto sequence = mlir::dyn_cast<graph::SequenceType>(element))
    tensor->held.dtype = graph::dtypeOf(sequence.getHeld());
  tensor->value = value;
  return tensor;
}

TensorRef tensorOf(mlir::Value value, const Held& held) {
  TensorRef tensor = tensorOf(value);
  tensor->held = held;
  return tensor;
}

}  // namespace mlc::onnx_import
