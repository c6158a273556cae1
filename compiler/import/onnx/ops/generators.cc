// Ops that make tensors: constants, ranges, triangles, one-hot.
#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/graph_importer.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/movement.h"
#include "compiler/import/onnx/tensor_reader.h"
#include "compiler/import/shape/dim_facts.h"
#include "runtime/base/element.h"
#include "runtime/base/objects.h"

using mlir::Value;

namespace mlc::onnx_import {

using namespace sizes;

namespace {

template <typename T, typename List>
HostTensor listTensor(DType dtype, const List& list) {
  HostTensor tensor = HostTensor::uninitialized(dtype, {static_cast<int64_t>(list.size())});
  for (int i = 0; i < list.size(); ++i) tensor.data<T>()[i] = static_cast<T>(list[i]);
  return tensor;
}

void constant(Node& node) {
  if (const auto* value = node.find("value")) {
    node.set(constantTensor(valueOrThrow(readTensor(value->t(), node.importer.modelPath()))));
  } else if (const auto* list = node.find("value_floats")) {
    node.set(constantTensor(listTensor<float>(DType::kF32, list->floats())));
  } else if (const auto* list = node.find("value_ints")) {
    node.set(constantTensor(listTensor<int64_t>(DType::kI64, list->ints())));
  } else if (const auto* single = node.find("value_float")) {
    node.set(constantTensor(listTensor<float>(DType::kF32, std::array{single->f()}).reshaped({})));
  } else if (const auto* single = node.find("value_int")) {
    node.set(
        constantTensor(listTensor<int64_t>(DType::kI64, std::array{single->i()}).reshaped({})));
  } else if (const auto* list = node.find("value_strings")) {
    node.set(constantTensor(
        stringTensor({list->strings_size()}, {list->strings().begin(), list->strings().end()})));
  } else if (const auto* single = node.find("value_string")) {
    node.set(constantTensor(stringTensor({}, {single->s()})));
  } else {
    node.invalid("has no value");
  }
}

void constantOfShape(Node& node) {
  HostTensor value = HostTensor::zeros(DType::kF32, {});
  if (const auto* given = node.find("value")) {
    value = valueOrThrow(readTensor(given->t(), node.importer.modelPath()));
    if (value.numElements() != 1) node.invalid("its value must have one element");
    value = value.reshaped({});
  }
  const Elements dims = sizesOf(node, 0, "shape");
  auto tensor = std::make_shared<Tensor>();
  tensor->dtype = value.dtype();
  tensor->shape.assign(dims.begin(), dims.end());
  node.emitter.type(tensor->shape, tensor->dtype);  // no dim is negative
  const std::optional<int64_t> count = constantCount(tensor->shape);
  if (const std::optional<Elements> one = elementsOf(value);
      one && count && *count <= kMaxElements) {
    tensor->elements = Elements(*count, one->front());
  }
  tensor->fill = std::move(value);
  node.set(std::move(tensor));
}

Value iota(Emitter& e, const graph::Shape& shape, int64_t axis, DType dtype) {
  return e.emitStated<graph::IotaOp>(e.type(shape, dtype), axis);
}

std::optional<double> constantScalar(const Tensor& tensor) {
  if (!tensor.constant || tensor.constant->numElements() != 1) return std::nullopt;
  if (!isFloat(tensor.dtype)) return std::nullopt;
  return loadFloat(*tensor.constant, 0);
}

// Number of elements of a range; known elements are integers.
DimExpr rangeCount(Node& node) {
  const Tensor &start = node.input(0), &limit = node.input(1), &delta = node.input(2);
  if (start.elements && limit.elements && delta.elements) {
    const DimExpr from = start.elements->front(), to = limit.elements->front();
    const std::optional<int64_t> step = delta.elements->front().constant();
    if (!step) node.unsupported("its delta must be constant");
    if (*step == 0) node.invalid("its delta is 0");
    const DimExpr count = *step > 0 ? ceilDiv(to - from, *step) : ceilDiv(from - to, -*step);
    return larger(count, 0);
  }
  const std::optional<double> from = constantScalar(start), to = constantScalar(limit),
                              step = constantScalar(delta);
  if (!from || !to || !step)
    node.unsupported("its bounds are computed from data, so shapes would depend on data");
  if (!(std::isfinite((*to - *from) / *step))) node.invalid("has a delta of 0 or infinite bounds");
  return static_cast<int64_t>(std::max(0.0, std::ceil((*to - *from) / *step)));
}

void range(Node& node) {
  Emitter& e = node.emitter;
  for (size_t i = 0; i < 3; ++i) {
    if (constantCount(node.shape(i)) != 1) node.invalid("its bounds must be scalars");
  }
  auto isKnown = [&](size_t i) { return node.input(i).elements || constantScalar(node.input(i)); };
  if (!isKnown(0) || !isKnown(1) || !isKnown(2)) return computedRange(node);
  const DimExpr count = rangeCount(node);
  const Tensor &start = node.input(0), &delta = node.input(2);
  if (start.elements && count.isConstant() && *count.constant() <= kMaxElements) {
    Elements elements;
    for (int64_t i = 0; i < *count.constant(); ++i)
      elements.push_back(start.elements->front() + delta.elements->front() * i);
    node.set(symbolicTensor(start.dtype, {count}, std::move(elements)));
    return;
  }
  Value x = iota(e, {count}, 0, start.dtype);
  const bool isOne =
      delta.elements ? delta.elements->front().constant() == 1 : constantScalar(delta) == 1.0;
  const bool isZero =
      start.elements ? start.elements->front().constant() == 0 : constantScalar(start) == 0.0;
  if (!isOne) x = e.binary<graph::MulOp>(x, e.reshape(node.value(2), {}));
  if (!isZero) x = e.binary<graph::AddOp>(x, e.reshape(node.value(0), {}));
  node.set(x);
}

// Compares the column index with the row index plus k, for matrices of this size.
Value compareDiagonal(Node& node, const DimExpr& rows, const DimExpr& columns, Value k,
                      graph::Predicate predicate) {
  Emitter& e = node.emitter;
  Value row = iota(e, {rows, DimExpr(1)}, 0, DType::kI64),
        column = iota(e, {DimExpr(1), columns}, 1, DType::kI64);
  if (k) row = e.binary<graph::AddOp>(row, e.reshape(k, {}));
  return e.emit<graph::CompareOp>(column, row, predicate);
}

void trilu(Node& node) {
  Emitter& e = node.emitter;
  const graph::Shape& shape = node.shape(0);
  if (shape.size() < 2) node.invalid("needs matrices");
  const bool upper = node.integer("upper", 1) != 0;
  Value keep = compareDiagonal(node, shape[shape.size() - 2], shape.back(),
                               node.has(1) ? node.value(1) : Value(),
                               upper ? graph::Predicate::ge : graph::Predicate::le);
  Value x = node.value(0);
  node.set(e.emit<graph::SelectOp>(keep, x, e.scalarLike(0, x)));
}

void eyeLike(Node& node) {
  Emitter& e = node.emitter;
  if (node.rank(0) != 2) node.invalid("needs a matrix");
  const int64_t type = node.integer("dtype", 0);
  const std::optional<DType> dtype =
      type == 0 ? node.dtype(0) : dtypeFromOnnx(static_cast<int>(type));
  if (!dtype) node.unsupported("makes a " + dataTypeName(static_cast<int>(type)));
  const int64_t k = node.integer("k", 0);
  Value shift = k == 0 ? Value() : e.scalar(static_cast<double>(k), DType::kI64);
  node.set(
      e.cast(compareDiagonal(node, node.shape(0)[0], node.shape(0)[1], shift, graph::Predicate::eq),
             *dtype));
}

// The depth of a OneHot may have any type of numbers.
DimExpr oneHotDepth(Node& node) {
  if (const std::optional<double> depth = constantScalar(node.input(1)))
    return static_cast<int64_t>(*depth);
  if (constantCount(node.shape(1)) != 1) node.invalid("needs one depth");
  return sizesOf(node, 1, "depth").front();
}

void oneHot(Node& node) {
  Emitter& e = node.emitter;
  const DimExpr depth = oneHotDepth(node);
  const int64_t axis = node.axis(node.integer("axis", -1), node.rank(0) + 1);
  graph::Shape open = node.shape(0), line(node.rank(0) + 1, DimExpr(1));
  open.insert(open.begin() + axis, DimExpr(1));
  line[axis] = depth;
  Value indices = e.reshape(e.cast(node.value(0), DType::kI64), open);
  // Negative indices count from the end.
  Value size = e.reshape(e.cast(node.value(1), DType::kI64), {});
  Value negative =
      e.binary<graph::CompareOp>(indices, e.scalar(0, DType::kI64), graph::Predicate::lt);
  indices = e.emit<graph::SelectOp>(negative, e.binary<graph::AddOp>(indices, size), indices);
  Value hot =
      e.binary<graph::CompareOp>(indices, iota(e, line, axis, DType::kI64), graph::Predicate::eq);
  Value values = node.value(2);
  if (constantCount(node.shape(2)) != 2 || node.rank(2) != 1) node.invalid("needs two values");
  node.set(e.emit<graph::SelectOp>(hot, takeIndex(e, values, 0, 1), takeIndex(e, values, 0, 0)));
}

}  // namespace

std::vector<OpEntry> generatorOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"Constant", 7, kLast, 0, 0,
       "value value_float value_floats value_int value_ints value_string value_strings", constant},
      {"ConstantOfShape", 9, kLast, 1, 1, "value", constantOfShape},
      {"EyeLike", 9, kLast, 1, 1, "dtype k", eyeLike},
      {"OneHot", 9, kLast, 3, 3, "axis", oneHot},
      {"Range", 11, kLast, 3, 3, "", range},
      {"Trilu", 14, kLast, 1, 2, "upper", trilu},
  };
}

}  // namespace mlc::onnx_import
