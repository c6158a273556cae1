// Strings, sequences and optionals. Operands have references to the context's objects.
#include <algorithm>
#include <numeric>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "runtime/base/objects.h"

namespace mlc::graph {
namespace {

using Tensors = llvm::SmallVectorImpl<HostTensor>;
using Operands = llvm::ArrayRef<HostTensor>;

HostTensor number(int64_t value) {
  HostTensor tensor = HostTensor::uninitialized(DType::kI64, {});
  storeInteger(tensor, 0, value);
  return tensor;
}

HostTensor reference(DType dtype, Reference to) {
  HostTensor tensor = HostTensor::uninitialized(dtype, {});
  storeInteger(tensor, 0, static_cast<int64_t>(to));
  return tensor;
}

Reference referenceOf(const HostTensor& tensor, int64_t i = 0) {
  return static_cast<Reference>(loadInteger(tensor, i));
}

llvm::LogicalResult give(Tensors& results, HostTensor tensor) {
  results.push_back(std::move(tensor));
  return mlir::success();
}

std::string textOf(const EvaluationContext& context, const HostTensor& strings, int64_t i) {
  return *context.objects->string(referenceOf(strings, i));
}

HostTensor stringsOf(const EvaluationContext& context, std::vector<int64_t> shape,
                     const std::vector<std::string>& texts) {
  HostTensor tensor = HostTensor::uninitialized(DType::kString, std::move(shape));
  for (size_t i = 0; i < texts.size(); ++i)
    storeInteger(tensor, i, static_cast<int64_t>(context.objects->addString(texts[i])));
  return tensor;
}

std::vector<Reference> sequenceOf(const EvaluationContext& context, const HostTensor& tensor) {
  return *context.objects->sequence(referenceOf(tensor));
}

HostTensor sequenceTensorOf(const EvaluationContext& context, std::vector<Reference> sequence) {
  return reference(DType::kSequence, context.objects->addSequence(std::move(sequence)));
}

// The place of a position in a sequence of `length`; `last` is the last that there is.
mlir::FailureOr<size_t> placeOf(mlir::Operation* op, const HostTensor& position, size_t length,
                                size_t last) {
  int64_t place = loadInteger(position, 0);
  if (place < 0) place += static_cast<int64_t>(length);
  if (place < 0 || place > static_cast<int64_t>(last) || (length == 0 && last != 0)) {
    return op->emitError("position ")
           << loadInteger(position, 0) << " is out of range: the sequence has " << length
           << (length == 1 ? " tensor" : " tensors");
  }
  return static_cast<size_t>(place);
}

// Elements of `from` from `offset` on along an axis, as many as `to` has there; or the reverse.
void copyAlong(HostTensor& to, int64_t toOffset, const HostTensor& from, int64_t fromOffset,
               llvm::ArrayRef<int64_t> region, int64_t axis) {
  const Index toStrides = stridesOf(to.shape()), fromStrides = stridesOf(from.shape());
  forEachIndex(region, [&](llvm::ArrayRef<int64_t> index, int64_t) {
    copyElement(to, offsetOf(index, toStrides) + toOffset * toStrides[axis], from,
                offsetOf(index, fromStrides) + fromOffset * fromStrides[axis]);
  });
}

bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Character by character: plainly right.
std::vector<std::string> partsOf(const std::string& text, const std::string& delimiter,
                                 int64_t most) {
  std::vector<std::string> parts;
  std::string part;
  bool isOpen = !delimiter.empty();
  for (size_t i = 0; i < text.size();) {
    const bool mayEnd = most < 0 || static_cast<int64_t>(parts.size()) < most;
    if (delimiter.empty() && isSpace(text[i]) && (mayEnd || !isOpen)) {
      if (isOpen) parts.push_back(std::exchange(part, {}));
      isOpen = false;
      ++i;
    } else if (!delimiter.empty() && mayEnd && text.compare(i, delimiter.size(), delimiter) == 0) {
      parts.push_back(std::exchange(part, {}));
      i += delimiter.size();
    } else {
      isOpen = true;
      part += text[i++];
    }
  }
  if (isOpen) parts.push_back(part);
  return parts;
}

}  // namespace

llvm::LogicalResult StringsOp::evaluate(Operands, const EvaluationContext& context,
                                        Tensors& results) {
  std::vector<std::string> texts;
  for (auto text : getTexts().getAsRange<mlir::StringAttr>()) texts.push_back(text.str());
  return give(results, stringsOf(context, getResult().getType().getShape().vec(), texts));
}

llvm::LogicalResult StringConcatOp::evaluate(Operands x, const EvaluationContext& context,
                                             Tensors& results) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < x[0].numElements(); ++i)
    texts.push_back(textOf(context, x[0], i) + textOf(context, x[1], i));
  return give(results, stringsOf(context, x[0].shape(), texts));
}

llvm::LogicalResult StringSplitOp::evaluate(Operands x, const EvaluationContext& context,
                                            Tensors& results) {
  const std::string delimiter = textOf(context, x[1], 0);
  std::vector<std::vector<std::string>> rows;
  HostTensor counts = HostTensor::uninitialized(DType::kI64, x[0].shape());
  size_t width = 0;
  for (int64_t i = 0; i < x[0].numElements(); ++i) {
    rows.push_back(partsOf(textOf(context, x[0], i), delimiter, static_cast<int64_t>(getAtMost())));
    storeInteger(counts, i, static_cast<int64_t>(rows.back().size()));
    width = std::max(width, rows.back().size());
  }
  std::vector<std::string> parts;
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < width; ++i) parts.push_back(i < row.size() ? row[i] : std::string());
  }
  std::vector<int64_t> shape = x[0].shape();
  shape.push_back(static_cast<int64_t>(width));
  const HostTensor table = stringsOf(context, shape, parts);
  results.push_back(reference(DType::kOptional, context.objects->addTensor(table)));
  results.push_back(counts);
  return mlir::success();
}

// Of ASCII letters alone: what it cannot compare it refuses.
llvm::LogicalResult StringNormalizeOp::evaluate(Operands x, const EvaluationContext& context,
                                                Tensors& results) {
  auto inCase = [](std::string text, int64_t letterCase) {
    for (char& c : text) {
      const bool isLower = c >= 'a' && c <= 'z', isUpper = c >= 'A' && c <= 'Z';
      if ((letterCase < 0 && isUpper) || (letterCase > 0 && isLower)) c ^= 0x20;
    }
    return text;
  };
  auto isAscii = [](const std::string& text) {
    return llvm::all_of(text, [](char c) { return static_cast<signed char>(c) >= 0; });
  };
  const int64_t keyCase = getCaseSensitive() ? 0 : -1;
  const auto letterCase = static_cast<int64_t>(getLetterCase());
  std::vector<std::string> stopwords, kept;
  for (int64_t i = 0; i < x[1].numElements(); ++i)
    stopwords.push_back(inCase(textOf(context, x[1], i), keyCase));
  for (int64_t i = 0; i < x[0].numElements(); ++i) {
    const std::string text = textOf(context, x[0], i);
    if (!isAscii(text) && (letterCase != 0 || keyCase != 0))
      return emitError("the reference evaluation knows the case of ASCII letters only");
    if (!llvm::is_contained(stopwords, inCase(text, keyCase)))
      kept.push_back(inCase(text, letterCase));
  }
  if (kept.empty()) kept.emplace_back();
  std::vector<int64_t> shape = x[0].shape();
  shape.back() = static_cast<int64_t>(kept.size());
  const HostTensor strings = stringsOf(context, shape, kept);
  return give(results, reference(DType::kOptional, context.objects->addTensor(strings)));
}

llvm::LogicalResult SequenceOfOp::evaluate(Operands x, const EvaluationContext& context,
                                           Tensors& results) {
  std::vector<Reference> sequence;
  for (const HostTensor& tensor : x) sequence.push_back(context.objects->addTensor(tensor));
  return give(results, sequenceTensorOf(context, std::move(sequence)));
}

llvm::LogicalResult SequenceInsertOp::evaluate(Operands x, const EvaluationContext& context,
                                               Tensors& results) {
  std::vector<Reference> sequence = sequenceOf(context, x[0]);
  size_t place = sequence.size();
  if (x.size() > 2) {
    mlir::FailureOr<size_t> given = placeOf(*this, x[2], sequence.size(), sequence.size());
    if (mlir::failed(given)) return mlir::failure();
    place = *given;
  }
  sequence.insert(sequence.begin() + static_cast<ptrdiff_t>(place),
                  context.objects->addTensor(x[1]));
  return give(results, sequenceTensorOf(context, std::move(sequence)));
}

llvm::LogicalResult SequenceEraseOp::evaluate(Operands x, const EvaluationContext& context,
                                              Tensors& results) {
  std::vector<Reference> sequence = sequenceOf(context, x[0]);
  if (sequence.empty()) return emitError("there is nothing to erase: the sequence is empty");
  const HostTensor position = x.size() > 1 ? x[1] : number(-1);
  mlir::FailureOr<size_t> place = placeOf(*this, position, sequence.size(), sequence.size() - 1);
  if (mlir::failed(place)) return mlir::failure();
  sequence.erase(sequence.begin() + static_cast<ptrdiff_t>(*place));
  return give(results, sequenceTensorOf(context, std::move(sequence)));
}

llvm::LogicalResult SequenceAtOp::evaluate(Operands x, const EvaluationContext& context,
                                           Tensors& results) {
  const std::vector<Reference> sequence = sequenceOf(context, x[0]);
  mlir::FailureOr<size_t> place = placeOf(*this, x[1], sequence.size(), sequence.size() - 1);
  if (mlir::failed(place)) return mlir::failure();
  return give(results, reference(DType::kOptional, sequence[*place]));
}

llvm::LogicalResult SequenceLengthOp::evaluate(Operands x, const EvaluationContext& context,
                                               Tensors& results) {
  return give(results, number(static_cast<int64_t>(sequenceOf(context, x[0]).size())));
}

llvm::LogicalResult SplitToSequenceOp::evaluate(Operands x, const EvaluationContext& context,
                                                Tensors& results) {
  const int64_t axis = getAxis(), whole = x[0].shape()[axis];
  std::vector<int64_t> sizes;
  if (x[1].rank() == 0) {
    const int64_t size = loadInteger(x[1], 0);
    if (size <= 0) return emitError("cannot split into parts of size ") << size;
    for (int64_t rest = whole; rest > 0; rest -= size) sizes.push_back(std::min(rest, size));
  } else {
    for (int64_t i = 0; i < x[1].numElements(); ++i) sizes.push_back(loadInteger(x[1], i));
  }
  const bool isNegative = llvm::any_of(sizes, [](int64_t size) { return size < 0; });
  if (isNegative || std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) != whole)
    return emitError("the sizes of its parts do not add up to the dim of ") << whole;
  std::vector<Reference> sequence;
  int64_t first = 0;
  for (int64_t size : sizes) {
    std::vector<int64_t> shape = x[0].shape();
    shape[axis] = size;
    HostTensor part = HostTensor::zeros(x[0].dtype(), shape);
    copyAlong(part, 0, x[0], first, shape, axis);
    first += size;
    if (getDropsDim()) shape.erase(shape.begin() + axis);
    sequence.push_back(context.objects->addTensor(part.reshaped(shape)));
  }
  return give(results, sequenceTensorOf(context, std::move(sequence)));
}

llvm::LogicalResult ConcatFromSequenceOp::evaluate(Operands x, const EvaluationContext& context,
                                                   Tensors& results) {
  std::vector<HostTensor> parts;
  for (Reference part : sequenceOf(context, x[0])) parts.push_back(*context.objects->tensor(part));
  if (parts.empty()) return emitError("there is nothing to concatenate: the sequence is empty");
  const int64_t rank = parts[0].rank() + getStacks();
  int64_t axis = getAxis();
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return emitError("axis ") << getAxis() << " of rank " << rank;
  std::vector<int64_t> joint;
  for (HostTensor& part : parts) {
    std::vector<int64_t> shape = part.shape();
    if (getStacks() && axis <= part.rank()) shape.insert(shape.begin() + axis, 1);
    part = part.reshaped(shape);
    if (joint.empty()) joint = shape, joint[axis] = 0;
    std::vector<int64_t> expected = joint;
    if (shape.size() == joint.size()) expected[axis] = shape[axis];
    if (shape != expected) return emitError("concatenates tensors of different shapes");
    joint[axis] += shape[axis];
  }
  HostTensor whole = HostTensor::zeros(parts[0].dtype(), joint);
  int64_t first = 0;
  for (const HostTensor& part : parts) {
    copyAlong(whole, first, part, 0, part.shape(), axis);
    first += part.shape()[axis];
  }
  return give(results, reference(DType::kOptional, context.objects->addTensor(whole)));
}

llvm::LogicalResult OptionalOfOp::evaluate(Operands x, const EvaluationContext& context,
                                           Tensors& results) {
  return give(results,
              reference(DType::kOptional, x.empty() ? 0 : context.objects->addTensor(x[0])));
}

llvm::LogicalResult OptionalHasOp::evaluate(Operands x, const EvaluationContext& context,
                                            Tensors& results) {
  HostTensor has = HostTensor::uninitialized(DType::kBool, {});
  storeInteger(has, 0, context.objects->tensor(referenceOf(x[0])) != nullptr);
  return give(results, has);
}

llvm::LogicalResult OptionalShapeOp::evaluate(Operands x, const EvaluationContext& context,
                                              Tensors& results) {
  const HostTensor* value = context.objects->tensor(referenceOf(x[0]));
  if (!value) return emitError("the optional has no value");
  if (value->rank() != static_cast<int64_t>(getRank()))
    return emitError("the value is of rank ") << value->rank() << ", must be of " << getRank();
  HostTensor dims = HostTensor::uninitialized(DType::kI64, {value->rank()});
  for (int64_t i = 0; i < value->rank(); ++i) storeInteger(dims, i, value->shape()[i]);
  return give(results, dims);
}

llvm::LogicalResult OptionalGetOp::evaluate(Operands x, const EvaluationContext& context,
                                            Tensors& results) {
  const HostTensor* value = context.objects->tensor(referenceOf(x[0]));
  if (!value) return emitError("the optional has no value");
  return give(results, *value);
}

}  // namespace mlc::graph
