#include "compiler/import/onnx/emitter.h"

#include "compiler/dialect/graph/dense_elements.h"
#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/shape/dim_facts.h"
#include "mlir/IR/Verifier.h"
#include "runtime/base/element.h"
#include "runtime/base/objects.h"

using namespace mlir;

namespace mlc::onnx_import {
namespace {

// Constants of more bytes are weights.
constexpr size_t kMaxConstantBytes = 1024;

HostTensor scalarTensor(double value, DType dtype) {
  HostTensor tensor = HostTensor::zeros(dtype, {});
  storeNumber(tensor, 0, value);
  return tensor;
}

// Emitter has a function of the name too.
DimExpr joinedSize(const DimExpr& a, const DimExpr& b) { return broadcast(a, b); }

std::vector<int64_t> constantDims(const Tensor& tensor) {
  std::vector<int64_t> dims;
  for (const DimExpr& dim : tensor.shape) dims.push_back(*dim.constant());
  return dims;
}

}  // namespace

Emitter::Emitter(MLIRContext* context, graph::WeightTable& weights, sizes::Symbols& symbols)
    : context_(context),
      weights_(weights),
      symbols_(symbols),
      builder_(context),
      entry_(context),
      location_(UnknownLoc::get(context)),
      handler_(context, [this](Diagnostic& diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
          if (!diagnostics_.empty()) diagnostics_ += "; ";
          diagnostics_ += diagnostic.str();
        }
        return success();
      }) {}

void Emitter::setNode(std::string description, Location location) {
  description_ = std::move(description);
  location_ = location;
}

void Emitter::invalid(const std::string& what) const {
  throw ImportError{invalidError("node " + description_ + ": " + what)};
}

void Emitter::unsupported(const std::string& what) const {
  throw ImportError{unsupportedError("node " + description_ + ": " + what)};
}

void Emitter::diagnosed() { invalid(std::exchange(diagnostics_, {})); }

Operation* Emitter::createVerified(OpBuilder& builder, const OperationState& state) {
  Operation* op = builder.create(state);
  if (failed(verify(op, /*verifyRecursively=*/false))) diagnosed();
  for (const DimExpr& dim :
       op->getNumResults() ? graph::shapeOf(op->getResult(0)) : graph::Shape()) {
    if (sizes::lowerBound(dim).value_or(-1) < 0)
      assume(sizes::Relation::kAtLeast, dim, 0, "a dim of its result would be negative");
  }
  return op;
}

Value Emitter::created(OpBuilder& builder, const OperationState& state) {
  Operation* op = createVerified(builder, state);
  int64_t elements = 1;
  for (int64_t dim : mlir::cast<RankedTensorType>(op->getResult(0).getType()).getShape()) {
    if (!ShapedType::isDynamic(dim) && dim != 0 &&
        __builtin_mul_overflow(elements, dim, &elements)) {
      invalid("its result has more elements than 64 bits can count");
    }
  }
  return op->getResult(0);
}

namespace {

bool hasComputedSizes(const Tensor& tensor) {
  return llvm::any_of(tensor.shape, sizes::isComputed) ||
         (tensor.elements && llvm::any_of(*tensor.elements, sizes::isComputed));
}

}  // namespace

Value Emitter::materialize(Tensor& tensor) {
  if (tensor.value) return tensor.value;
  if (tensor.items) {
    Value value = ofItems(tensor);
    // What is made in a region is not known outside of it.
    if (block() == entry_.getBlock()) tensor.value = value;
    return value;
  }
  // What has symbols of a region is made in it, at each use.
  if (block() != entry_.getBlock() && hasComputedSizes(tensor)) {
    OpBuilder end(context_);  // the block may be in a region that no op has yet
    end.setInsertionPointToEnd(block());
    const OpBuilder saved = std::exchange(entry_, end);
    Tensor here = tensor;
    here.value = here.fill ? filled(here) : sizes(here);
    entry_ = saved;
    return here.value;
  }
  if (!tensor.weight.empty()) {
    tensor.value = weight(tensor.weight, tensor);
  } else if (tensor.fill) {
    tensor.value = filled(tensor);
  } else if (tensor.constant) {
    tensor.value = constant(*tensor.constant, tensor.name.empty() ? "constant" : tensor.name);
  } else {
    tensor.value = sizes(tensor);
  }
  return tensor.value;
}

Value Emitter::ofItems(const Tensor& tensor) {
  llvm::SmallVector<Value> items;
  for (const TensorRef& item : *tensor.items) items.push_back(materialize(*item));
  if (tensor.dtype == DType::kSequence)
    return emitStated<graph::SequenceOfOp>(sequenceType(tensor.held.dtype), ValueRange(items));
  return emitStated<graph::OptionalOfOp>(optionalType(tensor.held),
                                         items.empty() ? Value() : items[0]);
}

Value Emitter::weight(const std::string& name, const Tensor& tensor) {
  OperationState state(location_, graph::WeightOp::getOperationName());
  graph::WeightOp::build(entry_, state, type(tensor.shape, tensor.dtype), llvm::StringRef(name));
  return created(entry_, state);
}

Value Emitter::constant(const HostTensor& tensor, const std::string& hint) {
  if (tensor.dtype() == DType::kString) {
    const std::vector<std::string> texts = stringsOf(tensor);
    llvm::SmallVector<llvm::StringRef> views(texts.begin(), texts.end());
    OperationState state(location_, graph::StringsOp::getOperationName());
    graph::StringsOp::build(
        entry_, state,
        RankedTensorType::get(tensor.shape(), graph::elementType(context_, DType::kString)),
        entry_.getStrArrayAttr(views));
    return created(entry_, state);
  }
  if (tensor.bytes() > kMaxConstantBytes) {
    Tensor entry;
    entry.dtype = tensor.dtype();
    for (int64_t dim : tensor.shape()) entry.shape.push_back(dim);
    return weight(weights_.addBytes(hint, tensor), entry);
  }
  auto shaped = RankedTensorType::get(tensor.shape(), graph::elementType(context_, tensor.dtype()));
  return emitAt<graph::ConstantOp>(entry_,
                                   mlir::cast<ElementsAttr>(graph::denseElements(shaped, tensor)));
}

std::string Emitter::unusedWeightName(const std::string& wanted) const {
  std::string name = wanted;
  for (int i = 1; weights_.find(name) != nullptr; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

Value Emitter::filled(const Tensor& tensor) {
  const HostTensor& one = *tensor.fill;
  const std::optional<int64_t> count = constantCount(tensor.shape);
  if (!count) {
    OperationState state(location_, graph::BroadcastOp::getOperationName());
    graph::BroadcastOp::build(entry_, state, type(tensor.shape, tensor.dtype), constant(one));
    return created(entry_, state);
  }
  if (*count <= static_cast<int64_t>(kMaxConstantBytes / one.bytes()))
    return constant(filledTensor(tensor.dtype, constantDims(tensor), one));
  graph::Weight entry;
  entry.kind = graph::Weight::Kind::kFill;
  entry.dtype = tensor.dtype;
  entry.shape = constantDims(tensor);
  const HostTensor unit = filledTensor(tensor.dtype, {elementsPerByte(tensor.dtype)}, one);
  entry.fill.assign(unit.data<char>(), unit.bytes());
  const std::string name = unusedWeightName(tensor.name.empty() ? "fill" : tensor.name);
  weights_.set(name, std::move(entry));
  return weight(name, tensor);
}

// One graph.size per element, concatenated.
Value Emitter::sizes(const Tensor& tensor) {
  const OpBuilder saved = builder_;
  builder_ = entry_;
  llvm::SmallVector<Value> parts;
  for (const DimExpr& element : *tensor.elements) {
    Value part = element.isConstant() ? constant(*constantOf({element}, DType::kI64, {}))
                                      : emit<graph::SizeOp>(graph::dimsAttr(context_, element));
    parts.push_back(tensor.elements->size() == 1 ? part : reshape(part, DimExpr(1)));
  }
  Value whole = parts.size() == 1 ? parts[0] : emit<graph::ConcatOp>(ValueRange(parts), int64_t{0});
  whole = reshape(cast(whole, tensor.dtype), tensor.shape);
  builder_ = saved;
  return whole;
}

void Emitter::assume(sizes::Relation relation, const DimExpr& left, const DimExpr& right,
                     const std::string& why) {
  switch (symbols_.assume(relation, left, right, {description_, why})) {
    case sizes::Verdict::kProved:
    case sizes::Verdict::kChecked:
      return;
    case sizes::Verdict::kComputed:
      checkComputed(*this, relation, left, right, why);
      return;
    case sizes::Verdict::kLearned:
      throw Restart{};
    case sizes::Verdict::kRefuted:
      if (relation == sizes::Relation::kEqual || relation == sizes::Relation::kBroadcast)
        invalid(why + ": " + left.str() + " and " + right.str() + " differ");
      invalid(why + ": " + left.str() + " must " + requirement(relation, right.str()));
  }
}

DimExpr Emitter::equal(const DimExpr& a, const DimExpr& b, const std::string& why) {
  assume(sizes::Relation::kEqual, a, b, why);
  return b.isConstant() ? b : a;
}

graph::Shape Emitter::meet(llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b) {
  if (a.size() < b.size()) std::swap(a, b);
  graph::Shape result(a.begin(), a.end());
  for (size_t i = 0; i < b.size(); ++i) {
    DimExpr& dim = result[a.size() - b.size() + i];
    assume(sizes::Relation::kBroadcast, dim, b[i], "shapes that do not broadcast");
    dim = symbols_.simplified(joinedSize(dim, b[i]));
  }
  return result;
}

Value Emitter::stretched(Value value, llvm::ArrayRef<DimExpr> shape) {
  graph::Shape to = graph::shapeOf(value);
  const llvm::ArrayRef<DimExpr> aligned = shape.take_back(to.size());
  for (auto [dim, size] : llvm::zip(to, aligned)) {
    if (dim.constant() != 1) dim = size;
  }
  return broadcast(value, to);
}

Value Emitter::stretchedTo(Value value, llvm::ArrayRef<DimExpr> shape, const std::string& why) {
  const graph::Shape from = graph::shapeOf(value);
  if (from.size() > shape.size()) {
    invalid(why + ": a tensor of rank " + std::to_string(from.size()) +
            " does not broadcast to rank " + std::to_string(shape.size()));
  }
  for (auto [dim, size] : llvm::zip(from, shape.take_back(from.size())))
    assume(sizes::Relation::kOneOrEqual, dim, size, why);
  return stretched(value, shape);
}

void Emitter::broadcastOperands(OperationState& state) {
  if (state.operands.size() < 2) return;
  graph::Shape shape;
  for (Value operand : state.operands) shape = meet(shape, graph::shapeOf(operand));
  for (Value& operand : state.operands) operand = stretched(operand, shape);
}

RankedTensorType Emitter::type(llvm::ArrayRef<DimExpr> shape, DType dtype) const {
  for (const DimExpr& dim : shape) {
    if (dim.constant().value_or(0) < 0) invalid("a dim would be " + dim.str());
    if (!dim.isDefined())
      invalid("a dim would overflow 64 bits, divide by zero or be too large an expression");
  }
  return graph::tensorType(shape, graph::elementType(context_, dtype));
}

RankedTensorType Emitter::sequenceType(DType held) const {
  return RankedTensorType::get(
      {}, graph::SequenceType::get(context_, graph::elementType(context_, held)));
}

RankedTensorType Emitter::optionalType(const Held& held) const {
  Type element = held.isSequence ? sequenceType(held.dtype).getElementType()
                                 : graph::elementType(context_, held.dtype);
  return RankedTensorType::get({}, graph::OptionalType::get(context_, element));
}

RankedTensorType Emitter::typeLike(const Tensor& tensor, llvm::ArrayRef<DimExpr> shape) const {
  if (tensor.dtype == DType::kSequence) return sequenceType(tensor.held.dtype);
  if (tensor.dtype == DType::kOptional) return optionalType(tensor.held);
  return type(shape, tensor.dtype);
}

Value Emitter::reshape(Value value, llvm::ArrayRef<DimExpr> shape) {
  const graph::Shape from = graph::shapeOf(value);
  if (llvm::ArrayRef<DimExpr>(from) == shape) return value;
  // Whoever has proved more says so before, in the model's terms.
  assume(sizes::Relation::kEqual, graph::elementCount(from), graph::elementCount(shape),
         "as many elements in another shape");
  return emitStated<graph::ReshapeOp>(type(shape, graph::dtypeOf(value.getType())), value);
}

Value Emitter::broadcast(Value value, llvm::ArrayRef<DimExpr> shape) {
  if (llvm::ArrayRef<DimExpr>(graph::shapeOf(value)) == shape) return value;
  return emitStated<graph::BroadcastOp>(type(shape, graph::dtypeOf(value.getType())), value);
}

Value Emitter::cast(Value value, DType dtype, Conversion conversion) {
  const DType from = graph::dtypeOf(value.getType());
  if (from == dtype) return value;
  if (isReference(from) || isReference(dtype)) {
    unsupported("casts " + std::string(dtypeName(from)) + " to " + std::string(dtypeName(dtype)));
  }
  return emitStated<graph::CastOp>(type(graph::shapeOf(value), dtype), value, conversion.saturate,
                                   static_cast<graph::PowerRounding>(conversion.rounding));
}

Value Emitter::transpose(Value value, llvm::ArrayRef<int64_t> permutation) {
  bool identity = true;
  for (auto [i, dim] : llvm::enumerate(permutation)) identity &= static_cast<int64_t>(i) == dim;
  return identity ? value : emit<graph::TransposeOp>(value, permutation);
}

Value Emitter::scalar(double value, DType dtype) { return constant(scalarTensor(value, dtype)); }

}  // namespace mlc::onnx_import
