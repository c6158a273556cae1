// Sequences and optionals. Where all tensors of a sequence are known, it is nothing but a list of
// them: the ops leave no trace in the graph.
#include <algorithm>
#include <numeric>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/graph_importer.h"
#include "compiler/import/onnx/held.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/movement.h"
#include "compiler/import/onnx/ops/sequence_map.h"
#include "compiler/import/onnx/tensor_reader.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

using Items = std::vector<TensorRef>;

void checkSequence(Node& node, size_t i) {
  if (node.dtype(i) != DType::kSequence)
    node.invalid("input " + std::to_string(i) + " must be a sequence");
}

// What is known of the tensors of a sequence of these.
Held heldByItems(Node& node, const Items& items) {
  Held held;
  held.dtype = items.front()->dtype;
  held.isEmpty = true;
  for (const TensorRef& item : items) {
    if (item->dtype != held.dtype) node.invalid("the tensors of a sequence must have one type");
    held = joined(held, heldOf(item->dtype, item->shape));
  }
  return held;
}

Value position(Node& node, size_t i) {
  if (constantCount(node.shape(i)) != 1) node.invalid("its position must be one number");
  return node.emitter.reshape(node.emitter.cast(node.value(i), DType::kI64), {});
}

std::optional<int64_t> knownPosition(Node& node, size_t i) {
  const Tensor& tensor = node.input(i);
  if (!tensor.elements || tensor.elements->size() != 1) return std::nullopt;
  return tensor.elements->front().constant();
}

// The place, 0 to `last`, of a known position in a sequence of `length`.
size_t placeOf(Node& node, int64_t position, size_t length, int64_t last) {
  const int64_t place = position < 0 ? position + static_cast<int64_t>(length) : position;
  if (place < 0 || place > last) {
    node.invalid("position " + std::to_string(position) + " is out of range: the sequence has " +
                 std::to_string(length) + (length == 1 ? " tensor" : " tensors"));
  }
  return static_cast<size_t>(place);
}

void sequenceConstruct(Node& node) {
  Items items;
  for (size_t i = 0; i < node.inputCount(); ++i) items.push_back(node.inputRef(i));
  Held held = heldByItems(node, items);
  node.set(knownSequence(std::move(held), std::move(items)));
}

void sequenceEmpty(Node& node) {
  const auto type = static_cast<int>(node.integer("dtype", onnx::TensorProto::FLOAT));
  const std::optional<DType> dtype = dtypeFromOnnx(type);
  if (!dtype) node.unsupported("makes a sequence of " + dataTypeName(type));
  Held held;
  held.dtype = *dtype;
  held.isEmpty = true;
  node.set(knownSequence(held, {}));
}

void sequenceInsert(Node& node) {
  checkSequence(node, 0);
  const Tensor &sequence = node.input(0), &tensor = node.input(1);
  if (tensor.dtype != sequence.held.dtype)
    node.invalid("inserts a tensor of another type than the sequence holds");
  Held held = joined(sequence.held, heldOf(tensor.dtype, tensor.shape));
  const std::optional<int64_t> known = node.has(2) ? knownPosition(node, 2) : std::nullopt;
  if (sequence.items && (known || !node.has(2)) &&
      static_cast<int64_t>(sequence.items->size()) < kMaxKnownItems) {
    Items items = *sequence.items;
    const size_t length = items.size();
    const size_t place =
        known ? placeOf(node, *known, length, static_cast<int64_t>(length)) : length;
    items.insert(items.begin() + static_cast<ptrdiff_t>(place), node.inputRef(1));
    node.set(knownSequence(std::move(held), std::move(items)));
    return;
  }
  Value inserted = node.emitter.emit<graph::SequenceInsertOp>(
      node.value(0), node.value(1), node.has(2) ? position(node, 2) : Value());
  node.set(tensorOf(inserted, held));
}

void sequenceErase(Node& node) {
  checkSequence(node, 0);
  const Tensor& sequence = node.input(0);
  const std::optional<int64_t> known = node.has(1) ? knownPosition(node, 1) : int64_t{-1};
  if (sequence.items && known) {
    Items items = *sequence.items;
    const size_t length = items.size();
    items.erase(items.begin() + static_cast<ptrdiff_t>(placeOf(node, *known, length,
                                                               static_cast<int64_t>(length) - 1)));
    Held held = sequence.held;
    held.isEmpty = items.empty();
    node.set(knownSequence(std::move(held), std::move(items)));
    return;
  }
  Value erased = node.emitter.emit<graph::SequenceEraseOp>(
      node.value(0), node.has(1) ? position(node, 1) : Value());
  node.set(tensorOf(erased, sequence.held));
}

void sequenceAt(Node& node) {
  checkSequence(node, 0);
  const Tensor& sequence = node.input(0);
  const std::optional<int64_t> known = knownPosition(node, 1);
  if (sequence.items && known) {
    const size_t length = sequence.items->size();
    node.set((*sequence.items)[placeOf(node, *known, length, static_cast<int64_t>(length) - 1)]);
    return;
  }
  Value found = node.emitter.emit<graph::SequenceAtOp>(node.value(0), position(node, 1));
  node.set(valueOfOptional(node, found, sequence.held));
}

void sequenceLength(Node& node) {
  checkSequence(node, 0);
  if (node.input(0).items) {
    const auto length = static_cast<int64_t>(node.input(0).items->size());
    node.set(symbolicTensor(DType::kI64, {}, {DimExpr(length)}));
    return;
  }
  node.set(node.emitter.emit<graph::SequenceLengthOp>(node.value(0)));
}

// The sizes of the parts if they are known and few.
std::optional<Elements> knownPartSizes(Node& node, const DimExpr& whole) {
  const bool isGiven = node.has(1);
  if (isGiven && node.rank(1) == 1) {
    const Tensor& sizes = node.input(1);
    if (!sizes.elements || static_cast<int64_t>(sizes.elements->size()) > kMaxKnownItems)
      return std::nullopt;
    return *sizes.elements;
  }
  const std::optional<int64_t> size = isGiven ? knownPosition(node, 1) : int64_t{1};
  if (!size || !whole.isConstant()) return std::nullopt;
  if (*size <= 0) node.invalid("cannot split into parts of size " + std::to_string(*size));
  Elements sizes;
  for (int64_t at = 0; at < *whole.constant(); at += *size) {
    if (static_cast<int64_t>(sizes.size()) == kMaxKnownItems) return std::nullopt;
    sizes.emplace_back(std::min(*size, *whole.constant() - at));
  }
  return sizes;
}

void splitToSequence(Node& node) {
  Emitter& e = node.emitter;
  const int64_t axis = node.axis(node.integer("axis", 0), node.rank(0));
  const bool dropsDim = !node.has(1) && node.integer("keepdims", 1) == 0;
  if (node.has(1) && node.rank(1) > 1) node.invalid("its sizes must be a number or a vector");
  const DimExpr whole = node.shape(0)[axis];
  Held held = heldOf(node.dtype(0), node.shape(0));
  if (dropsDim) {
    held.dims->erase(held.dims->begin() + axis);
  } else {
    (*held.dims)[static_cast<size_t>(axis)].reset();
  }
  const std::optional<Elements> sizes = knownPartSizes(node, whole);
  if (!sizes) {
    Value parts = node.has(1) ? e.cast(node.value(1), DType::kI64) : sizeValue(e, 1);
    node.set(
        tensorOf(e.emit<graph::SplitToSequenceOp>(node.value(0), parts, axis, dropsDim), held));
    return;
  }
  DimExpr first = 0;
  Items items;
  for (const DimExpr& size : *sizes) {
    if (size.constant().value_or(0) < 0) node.invalid("a size of its parts is negative");
    Value part = dropsDim ? takeIndex(e, node.value(0), axis, first)
                          : sliceAxis(e, node.value(0), axis, first, size);
    items.push_back(tensorOf(part));
    first = first + size;
  }
  e.assume(sizes::Relation::kEqual, first, whole, "the sizes of its parts and the dim");
  if (!items.empty()) held = heldByItems(node, items);
  held.isEmpty = items.empty();
  node.set(knownSequence(std::move(held), std::move(items)));
}

// The tensors with a dim of 1 more where they are stacked, all of equal dims but along the axis.
llvm::SmallVector<Value> alignedItems(Node& node, const Items& items, int64_t axis, bool stacks) {
  Emitter& e = node.emitter;
  auto shapeFor = [&](const Tensor& item) {
    graph::Shape shape = item.shape;
    if (stacks) shape.insert(shape.begin() + axis, 1);
    return shape;
  };
  graph::Shape common = shapeFor(*items.front());
  for (const TensorRef& item : items) {
    if (item->rank() != items.front()->rank())
      node.invalid("concatenates tensors of different ranks");
    const graph::Shape shape = shapeFor(*item);
    for (size_t d = 0; d < shape.size(); ++d) {
      if (static_cast<int64_t>(d) != axis)
        common[d] = e.equal(common[d], shape[d], "dim " + std::to_string(d) + " of its tensors");
    }
  }
  llvm::SmallVector<Value> values;
  for (const TensorRef& item : items) {
    common[axis] = shapeFor(*item)[axis];
    values.push_back(e.reshape(e.materialize(*item), common));
  }
  return values;
}

void concatFromSequence(Node& node) {
  checkSequence(node, 0);
  Emitter& e = node.emitter;
  const Tensor& sequence = node.input(0);
  const int64_t given = node.integer("axis", 0);
  const bool stacks = node.integer("new_axis", 0) != 0;
  if (sequence.items) {
    if (sequence.items->empty())
      node.invalid("there is nothing to concatenate: the sequence is empty");
    const int64_t axis = node.axis(given, sequence.items->front()->rank() + (stacks ? 1 : 0));
    const llvm::SmallVector<Value> values = alignedItems(node, *sequence.items, axis, stacks);
    node.set(values.size() == 1 ? values[0]
                                : e.emit<graph::ConcatOp>(mlir::ValueRange(values), axis));
    return;
  }
  Held held = sequence.held;
  if (held.dims) {
    const int64_t axis =
        node.axis(given, static_cast<int64_t>(held.dims->size()) + (stacks ? 1 : 0));
    if (stacks) {
      held.dims->insert(held.dims->begin() + axis, std::nullopt);
    } else {
      (*held.dims)[static_cast<size_t>(axis)].reset();
    }
  }
  node.set(valueOfOptional(node, e.emit<graph::ConcatFromSequenceOp>(node.value(0), given, stacks),
                           held));
}

void optional(Node& node) {
  if (node.has(0)) {
    if (node.dtype(0) == DType::kOptional) node.unsupported("makes an optional of an optional");
    node.set(optionalOf(node.inputRef(0)));
    return;
  }
  const onnx::AttributeProto* type = node.find("type");
  if (!type || !type->has_tp()) node.invalid("needs an input or the attribute 'type'");
  onnx::TypeProto whole;
  *whole.mutable_optional_type()->mutable_elem_type() = type->tp();
  const TensorRef declared = declaredValue(whole);
  if (!declared) node.unsupported("makes an optional of a type that is not supported");
  node.set(knownOptional(declared->held, nullptr));
}

void optionalHasElement(Node& node) {
  const bool isOptional = node.has(0) && node.dtype(0) == DType::kOptional;
  if (isOptional && !node.input(0).items) {
    node.set(node.emitter.emit<graph::OptionalHasOp>(node.value(0)));
    return;
  }
  const bool has = isOptional ? !node.input(0).items->empty() : node.has(0);
  node.set(symbolicTensor(DType::kBool, {}, {DimExpr(has ? 1 : 0)}));
}

void optionalGetElement(Node& node) {
  const Tensor& input = node.input(0);
  if (input.dtype != DType::kOptional) {
    node.set(node.inputRef(0));
  } else if (!input.items) {
    node.set(valueOfOptional(node, node.value(0), input.held));
  } else if (input.items->empty()) {
    node.invalid("the optional has no value");
  } else {
    node.set(input.items->front());
  }
}

}  // namespace

std::vector<OpEntry> sequenceOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"ConcatFromSequence", 11, kLast, 1, 1, "axis new_axis", concatFromSequence},
      {"Optional", 15, kLast, 0, 1, "type", optional},
      {"OptionalGetElement", 15, kLast, 1, 1, "", optionalGetElement},
      {"OptionalHasElement", 15, kLast, 0, 1, "", optionalHasElement},
      {"SequenceAt", 11, kLast, 2, 2, "", sequenceAt},
      {"SequenceConstruct", 11, kLast, 1, kAnyNumber, "", sequenceConstruct},
      {"SequenceEmpty", 11, kLast, 0, 0, "dtype", sequenceEmpty},
      {"SequenceErase", 11, kLast, 1, 2, "", sequenceErase},
      {"SequenceInsert", 11, kLast, 2, 3, "", sequenceInsert},
      {"SequenceLength", 11, kLast, 1, 1, "", sequenceLength},
      {"SequenceMap", 17, kLast, 1, kAnyNumber, "body", importSequenceMap},
      {"SplitToSequence", 11, kLast, 1, 2, "axis keepdims", splitToSequence},
  };
}

}  // namespace mlc::onnx_import
