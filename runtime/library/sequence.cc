#include <optional>

#include "runtime/base/shape_text.h"
#include "runtime/base/strided_view.h"
#include "runtime/library/references.h"

namespace mlc::library {
namespace {

Status notASequence() { return invalidError("a value that should be a sequence is none"); }

StatusOr<std::vector<Reference>> sequenceOperand(const Call& call) {
  std::optional<std::vector<Reference>> sequence =
      call.objects->sequence(referenceOf(call.operands[0]));
  if (!sequence) return notASequence();
  return *std::move(sequence);
}

StatusOr<int64_t> lengthOperand(const Call& call) {
  const std::optional<int64_t> length = call.objects->length(referenceOf(call.operands[0]));
  if (!length) return notASequence();
  return *length;
}

// The position of operand i, from the front: 0 to `last`, of a sequence of `length`.
StatusOr<int64_t> positionOf(const Call& call, size_t i, int64_t length, int64_t last) {
  const int64_t position = *dataOf<int64_t>(call.operands[i]);
  const int64_t fromFront = position < 0 ? position + length : position;
  if (fromFront < 0 || fromFront > last) {
    return invalidError("position " + std::to_string(position) +
                        " is out of range: the sequence has " + std::to_string(length) +
                        (length == 1 ? " tensor" : " tensors"));
  }
  return fromFront;
}

// The part of a tensor from `first` on along an axis.
HostTensor partOf(const MlcTensor& whole, int64_t axis, int64_t first, int64_t size,
                  bool dropsDim) {
  std::vector<int64_t> shape = shapeOf(whole), offsets(shape.size(), 0), sizes = shape;
  const auto at = static_cast<size_t>(axis);
  offsets[at] = first;
  sizes[at] = size;
  std::vector<int64_t> result = sizes;
  if (dropsDim) result.erase(result.begin() + axis);
  HostTensor part = HostTensor::uninitialized(static_cast<DType>(whole.type), result);
  if (part.bytes() > 0)
    copyOut(sliceOf(whole.data, part.dtype(), shape, offsets, sizes), part.raw());
  return part;
}

// The sizes of the parts of a dim.
StatusOr<std::vector<int64_t>> partSizes(const MlcTensor& sizes, int64_t whole) {
  const auto* given = dataOf<int64_t>(sizes);
  std::vector<int64_t> parts;
  if (sizes.rank == 0) {
    if (*given <= 0)
      return invalidError("cannot split into parts of size " + std::to_string(*given));
    for (int64_t at = 0; at < whole; at += *given) parts.push_back(std::min(*given, whole - at));
    return parts;
  }
  int64_t left = whole;
  for (int64_t i = 0; i < elementsOf(sizes); ++i) {
    if (given[i] < 0 || given[i] > left) left = -1;
    if (left < 0) break;
    left -= given[i];
    parts.push_back(given[i]);
  }
  if (left != 0)
    return invalidError("the sizes of its parts do not add up to the dim of " +
                        std::to_string(whole));
  return parts;
}

// The shape of tensors of one rank along the axis together.
StatusOr<std::vector<int64_t>> jointShape(const std::vector<const HostTensor*>& items,
                                          int64_t axis) {
  std::vector<int64_t> joint = items[0]->shape();
  int64_t total = 0;
  for (const HostTensor* item : items) {
    std::vector<int64_t> shape = item->shape();
    total += shape[static_cast<size_t>(axis)];
    shape[static_cast<size_t>(axis)] = joint[static_cast<size_t>(axis)];
    if (shape != joint) {
      return invalidError("concatenates tensors of " + shapeText(items[0]->shape()) + " and " +
                          shapeText(item->shape()));
    }
  }
  joint[static_cast<size_t>(axis)] = total;
  return joint;
}

// The same tensor with a dim of 1 more.
HostTensor withDim(const HostTensor& tensor, int64_t axis) {
  std::vector<int64_t> shape = tensor.shape();
  shape.insert(shape.begin() + axis, 1);
  return tensor.reshaped(shape);
}

// SequenceConstruct. Operands: tensors. Results: the sequence.
Status sequenceOf(const Call& call) {
  return onThreadZero(call, [&] {
    std::vector<Reference> references;
    for (const MlcTensor& tensor : call.operands)
      references.push_back(call.objects->addTensor(copyOf(tensor)));
    referenceOf(call.results[0]) = call.objects->addSequence(std::move(references));
    return okStatus();
  });
}

// SequenceInsert. Operands: sequence, tensor, and the position if it is not the end. Results: the
// sequence.
Status sequenceInsert(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(const int64_t length, lengthOperand(call));
    int64_t position = length;
    if (call.operands.size() > 2) {
      MLC_ASSIGN_OR_RETURN(position, positionOf(call, 2, length, length));
    }
    const Reference tensor = call.objects->addTensor(copyOf(call.operands[1]));
    Reference& result = referenceOf(call.results[0]);
    if (position == length) {
      result = call.objects->append(referenceOf(call.operands[0]), tensor);
      return okStatus();
    }
    MLC_ASSIGN_OR_RETURN(std::vector<Reference> sequence, sequenceOperand(call));
    sequence.insert(sequence.begin() + position, tensor);
    result = call.objects->addSequence(std::move(sequence));
    return okStatus();
  });
}

// SequenceErase. Operands: sequence, and the position if it is not the last. Results: the sequence.
Status sequenceErase(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(std::vector<Reference> sequence, sequenceOperand(call));
    const auto length = static_cast<int64_t>(sequence.size());
    if (length == 0) return invalidError("there is nothing to erase: the sequence is empty");
    int64_t position = length - 1;
    if (call.operands.size() > 1) {
      MLC_ASSIGN_OR_RETURN(position, positionOf(call, 1, length, length - 1));
    }
    sequence.erase(sequence.begin() + position);
    referenceOf(call.results[0]) = call.objects->addSequence(std::move(sequence));
    return okStatus();
  });
}

// SequenceAt. Operands: sequence, position. Results: an optional with the tensor.
Status sequenceAt(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(const int64_t length, lengthOperand(call));
    MLC_ASSIGN_OR_RETURN(const int64_t position, positionOf(call, 1, length, length - 1));
    referenceOf(call.results[0]) = *call.objects->at(referenceOf(call.operands[0]), position);
    return okStatus();
  });
}

// SequenceLength. Operands: sequence. Results: i64.
Status sequenceLength(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(*dataOf<int64_t>(call.results[0]), lengthOperand(call));
    return okStatus();
  });
}

// SplitToSequence. Operands: tensor; sizes (i64), of all parts or a scalar. Attributes: axis,
// whether parts lack it. Results: the sequence.
Status splitToSequence(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    const MlcTensor& whole = call.operands[0];
    const int64_t axis = call.attributes[0];
    MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> sizes,
                         partSizes(call.operands[1], whole.dims[axis]));
    std::vector<Reference> parts;
    int64_t first = 0;
    for (int64_t size : sizes) {
      parts.push_back(
          call.objects->addTensor(partOf(whole, axis, first, size, call.attributes[1] != 0)));
      first += size;
    }
    referenceOf(call.results[0]) = call.objects->addSequence(std::move(parts));
    return okStatus();
  });
}

// ConcatFromSequence. Operands: sequence. Attributes: axis (negative ones count from the end),
// whether it is a new one. Results: an optional with the tensor.
Status concatFromSequence(const Call& call) {
  return onThreadZero(call, [&]() -> Status {
    MLC_ASSIGN_OR_RETURN(const std::vector<Reference> sequence, sequenceOperand(call));
    if (sequence.empty())
      return invalidError("there is nothing to concatenate: the sequence is empty");
    const bool stacks = call.attributes[1] != 0;
    const int64_t itemRank = call.objects->tensor(sequence[0])->rank();
    const int64_t rank = itemRank + (stacks ? 1 : 0);
    const int64_t axis = call.attributes[0] + (call.attributes[0] < 0 ? rank : 0);
    if (axis < 0 || axis >= rank) {
      return invalidError("axis " + std::to_string(call.attributes[0]) + " of a tensor of rank " +
                          std::to_string(rank));
    }
    std::vector<HostTensor> stacked;
    std::vector<const HostTensor*> items;
    stacked.reserve(sequence.size());
    for (Reference reference : sequence) {
      const HostTensor* item = call.objects->tensor(reference);
      if (item->rank() != itemRank) {
        return invalidError("concatenates tensors of rank " + std::to_string(itemRank) + " and " +
                            std::to_string(item->rank()));
      }
      if (stacks) item = &stacked.emplace_back(withDim(*item, axis));
      items.push_back(item);
    }
    MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, jointShape(items, axis));
    HostTensor joint = HostTensor::uninitialized(items[0]->dtype(), shape);
    std::vector<int64_t> offsets(shape.size(), 0);
    for (const HostTensor* item : items) {
      if (item->bytes() > 0)
        copyIn(item->raw(), sliceOf(joint.raw(), joint.dtype(), shape, offsets, item->shape()));
      offsets[static_cast<size_t>(axis)] += item->shape()[static_cast<size_t>(axis)];
    }
    referenceOf(call.results[0]) = call.objects->addTensor(joint);
    return okStatus();
  });
}

const Function kSequenceOf("sequence_of", sequenceOf);
const Function kSequenceInsert("sequence_insert", sequenceInsert);
const Function kSequenceErase("sequence_erase", sequenceErase);
const Function kSequenceAt("sequence_at", sequenceAt);
const Function kSequenceLength("sequence_length", sequenceLength);
const Function kSplitToSequence("split_to_sequence", splitToSequence);
const Function kConcatFromSequence("concat_from_sequence", concatFromSequence);

}  // namespace
}  // namespace mlc::library
