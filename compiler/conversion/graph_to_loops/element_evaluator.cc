#include "compiler/conversion/graph_to_loops/element_evaluator.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/visit_op.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

namespace arith = mlir::arith;
using graph::Shape;
using graph::shapeOf;
using mlir::Value;

namespace {

mlir::Type elementTypeOf(Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

// Emits the elements of ops that are computed from single elements of their operands; these are the
// ops that it has an overload for.
class ElementEmitter {
 public:
  ElementEmitter(llvm::ArrayRef<Value> indices, KernelFrame& frame, ElementEvaluator& evaluator)
      : indices_(indices), frame_(frame), evaluator_(evaluator) {}

  // A splat is a constant; other values lie in a global of the kernel's module.
  Value operator()(graph::ConstantOp op) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    mlir::Type element = elementTypeOf(op.getResult());
    auto data = storedElements(mlir::cast<mlir::DenseElementsAttr>(op.getValue()));
    if (data.isSplat() && data.getNumElements() > 0) {
      Value value = arith::ConstantOp::create(
          b, loc, mlir::cast<mlir::TypedAttr>(data.getSplatValue<mlir::Attribute>()));
      return fromStorage(b, loc, value, element);
    }
    data =
        data.reshape(mlir::RankedTensorType::get({data.getNumElements()}, data.getElementType()));
    auto type = mlir::MemRefType::get({data.getNumElements()}, data.getElementType());
    auto module = frame_.function()->getParentOfType<mlir::ModuleOp>();
    std::string name;
    for (auto global : module.getOps<mlir::memref::GlobalOp>()) {
      if (global.getInitialValueAttr() == data) name = global.getSymName().str();
    }
    if (name.empty()) {
      mlir::OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(module.getBody());
      name = (frame_.function().getName() + "_constant_" +
              llvm::Twine(llvm::range_size(module.getOps<mlir::memref::GlobalOp>())))
                 .str();
      mlir::memref::GlobalOp::create(b, loc, name, b.getStringAttr("private"), type, data,
                                     /*constant=*/true, mlir::IntegerAttr());
    }
    Value global = mlir::memref::GetGlobalOp::create(b, loc, type, name);
    // An element to a byte, of packed types too.
    Value stored = mlir::memref::LoadOp::create(
        b, loc, global, mlir::ValueRange{frame_.offset(indices_, shapeOf(op.getResult()))});
    return fromStorage(b, loc, stored, element);
  }

  Value operator()(graph::SizeOp op) {
    mlir::OpBuilder& b = frame_.builder();
    Value value = frame_.index(graph::exprsOf(op.getExpr())[0]);
    return arith::IndexCastOp::create(b, frame_.loc(), b.getI64Type(), value);
  }

  Value operator()(graph::IotaOp op) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    Value integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), indices_[op.getAxis()]);
    return emitCast(b, loc, integer, b.getI64Type(), elementTypeOf(op.getResult()));
  }

  Value operator()(graph::TransposeOp op) {
    Indices source(indices_.size());
    for (auto [i, dim] : llvm::enumerate(op.getPermutation())) source[dim] = indices_[i];
    return evaluator_.at(op.getInput(), source);
  }

  Value operator()(graph::BroadcastOp op) {
    const Shape from = shapeOf(op.getInput()), to = shapeOf(op.getResult());
    Indices source = ElementEvaluator::broadcastIndices(frame_, indices_, from);
    for (size_t i = 0; i < from.size(); ++i) {
      // A dim that may be 1 has the stride 0 if it is.
      if (graph::mayStretch(from[i], to[to.size() - from.size() + i]))
        source[i] = frame_.mul(source[i], frame_.broadcastStep(from[i]));
    }
    return evaluator_.at(op.getInput(), source);
  }

  Value operator()(graph::SliceOp op) {
    const Shape starts = graph::exprsOf(op.getStarts());
    Indices source;
    for (auto [index, start, step] : llvm::zip(indices_, starts, op.getSteps())) {
      Value scaled = step == 1 ? index : frame_.mul(index, frame_.index(step));
      source.push_back(start == DimExpr(0) ? scaled : frame_.add(scaled, frame_.index(start)));
    }
    return evaluator_.at(op.getInput(), source);
  }

  Value operator()(graph::GatherOp op) {
    const int64_t axis = op.getAxis();
    const Shape input = shapeOf(op.getInput());
    const size_t indexRank = shapeOf(op.getIndices()).size();
    Value element = evaluator_.at(op.getIndices(), indices_.slice(axis, indexRank));
    Indices source(indices_.take_front(axis));
    source.push_back(indexElement(element, frame_.dims(input)[axis]));
    llvm::append_range(source, indices_.drop_front(axis + indexRank));
    return evaluator_.at(op.getInput(), source);
  }

  Value operator()(graph::GatherElementsOp op) {
    Indices source(indices_);
    const Shape input = shapeOf(op.getInput());
    source[op.getAxis()] =
        indexElement(evaluator_.at(op.getIndices(), indices_), frame_.dims(input)[op.getAxis()]);
    return evaluator_.at(op.getInput(), source);
  }

  Value operator()(graph::ConcatOp op) {
    const int64_t axis = op.getAxis();
    // The first input whose part ends behind the index.
    std::function<Value(size_t, DimExpr)> select = [&](size_t i, DimExpr begin) -> Value {
      Value input = op.getInputs()[i];
      auto element = [&]() -> Value {
        Indices source(indices_);
        source[axis] = arith::SubIOp::create(frame_.builder(), frame_.loc(), indices_[axis],
                                             frame_.index(begin));
        return evaluator_.at(input, source);
      };
      if (i + 1 == op.getInputs().size()) return element();
      const DimExpr end = begin + shapeOf(input)[axis];
      Value inside =
          arith::CmpIOp::create(frame_.builder(), frame_.loc(), arith::CmpIPredicate::slt,
                                indices_[axis], frame_.index(end));
      return ifElse(inside, mlir::cast<mlir::RankedTensorType>(op.getType()).getElementType(),
                    element, [&] { return select(i + 1, end); });
    };
    return select(0, 0);
  }

  Value operator()(graph::PadOp op) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    const Shape input = shapeOf(op.getInput());
    const llvm::SmallVector<Value> dims = frame_.dims(input);
    Indices source;
    Value inside;
    for (size_t i = 0; i < input.size(); ++i) {
      Value index = indices_[i];
      if (op.getLow()[i] == 0 && op.getHigh()[i] == 0) {
        source.push_back(index);
        continue;
      }
      index = arith::SubIOp::create(b, loc, index, frame_.index(op.getLow()[i]));
      Value zero = frame_.index(int64_t{0});
      Value last = arith::SubIOp::create(b, loc, dims[i], frame_.index(int64_t{1}));
      if (op.getMode() == graph::PadMode::edge) {
        index = arith::MinSIOp::create(b, loc, arith::MaxSIOp::create(b, loc, index, zero), last);
      } else if (op.getMode() == graph::PadMode::reflect) {
        index =
            mlir::arith::MaxSIOp::create(b, loc, index, arith::SubIOp::create(b, loc, zero, index));
        Value over = arith::SubIOp::create(b, loc, frame_.add(last, last), index);
        index = arith::MinSIOp::create(b, loc, index, over);
      } else {
        // One unsigned comparison checks both ends.
        Value holds = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, dims[i]);
        inside = inside ? Value(arith::AndIOp::create(b, loc, inside, holds)) : holds;
      }
      source.push_back(index);
    }
    if (!inside) return evaluator_.at(op.getInput(), source);
    return ifElse(
        inside, mlir::cast<mlir::RankedTensorType>(op.getType()).getElementType(),
        [&] { return evaluator_.at(op.getInput(), source); },
        [&] { return evaluator_.at(op.getValue(), {}); });
  }

  Value operator()(graph::RotaryEmbeddingOp op) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    const Shape shape = shapeOf(op.getInput());
    Value half = frame_.index(floorDiv(shape.back(), 2));
    Value last = indices_.back();
    Value two = frame_.index(int64_t{2});
    // Which of the pair this element is, and the index of the pair.
    Value second, pair;
    if (op.getInterleaved()) {
      Value rest = arith::RemUIOp::create(b, loc, last, two);
      second =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, rest, frame_.index(int64_t{0}));
      pair = arith::DivUIOp::create(b, loc, last, two);
    } else {
      second = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, last, half);
      pair = arith::RemUIOp::create(b, loc, last, half);
    }
    Value one = op.getInterleaved() ? frame_.index(int64_t{1}) : half;
    Value partner = arith::SelectOp::create(
        b, loc, second, Value(arith::SubIOp::create(b, loc, last, one)), frame_.add(last, one));
    Indices other(indices_), angle(indices_);
    other.back() = partner;
    angle.back() = pair;
    Value x = evaluator_.at(op.getInput(), indices_), y = evaluator_.at(op.getInput(), other);
    Value cos = evaluator_.at(
        op.getCos(), ElementEvaluator::broadcastIndices(frame_, angle, shapeOf(op.getCos())));
    Value sin = evaluator_.at(
        op.getSin(), ElementEvaluator::broadcastIndices(frame_, angle, shapeOf(op.getSin())));
    Value signedSin =
        arith::SelectOp::create(b, loc, second, sin, Value(arith::NegFOp::create(b, loc, sin)));
    Value sum = arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, x, cos),
                                      arith::MulFOp::create(b, loc, y, signedSin));
    return roundTo(b, loc, sum, elementTypeOf(op.getResult()));
  }

  Value operator()(graph::QuantizeOp op) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    mlir::Type stored = elementTypeOf(op.getResult());
    const Indices ofScale = parameterIndices(op, op.getScale());
    const Indices ofZero = parameterIndices(op, op.getZeroPoint());
    Value scaled = arith::DivFOp::create(b, loc, evaluator_.at(op.getInput(), indices_),
                                         evaluator_.at(op.getScale(), ofScale));
    Value number = mlir::isa<mlir::FloatType>(stored)
                       ? scaled
                       : Value(mlir::math::RoundEvenOp::create(b, loc, scaled));
    Value zero = emitCast(b, loc, evaluator_.at(op.getZeroPoint(), ofZero), stored, b.getF32Type());
    return emitCast(b, loc, arith::AddFOp::create(b, loc, number, zero), b.getF32Type(), stored,
                    {.saturate = op.getSaturate()});
  }

  Value operator()(graph::DequantizeOp op) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    mlir::Type stored = elementTypeOf(op.getInput());
    const Indices ofScale = parameterIndices(op, op.getScale());
    const Indices ofZero = parameterIndices(op, op.getZeroPoint());
    Value x = evaluator_.at(op.getInput(), indices_),
          origin = evaluator_.at(op.getZeroPoint(), ofZero);
    Value real;
    if (mlir::isa<mlir::FloatType>(stored)) {
      real = arith::SubFOp::create(b, loc, x, origin);
    } else {
      mlir::Type i32 = b.getI32Type();
      Value value = emitCast(b, loc, x, stored, i32), zero = emitCast(b, loc, origin, stored, i32);
      Value difference = arith::SubIOp::create(b, loc, value, zero);
      real = arith::SIToFPOp::create(b, loc, b.getF32Type(), difference);
    }
    return arith::MulFOp::create(b, loc, real, evaluator_.at(op.getScale(), ofScale));
  }

  Value operator()(graph::ReshapeOp op) {
    Value linear = frame_.offset(indices_, shapeOf(op.getResult()));
    return evaluator_.at(op.getInput(),
                         frame_.delinearize(linear, frame_.dims(shapeOf(op.getInput()))));
  }

 private:
  // An index value from a tensor's element; a negative one counts from the end, one out of range is
  // moved to the nearest end.
  Value indexElement(Value element, Value size) {
    mlir::OpBuilder& b = frame_.builder();
    const mlir::Location loc = frame_.loc();
    Value index = arith::IndexCastOp::create(b, loc, b.getIndexType(), element);
    Value zero = frame_.index(int64_t{0});
    Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, index, zero);
    index = arith::SelectOp::create(b, loc, negative, frame_.add(index, size), index);
    // Of an empty dim 0: every buffer has memory for one element.
    Value last = arith::SubIOp::create(b, loc, size, frame_.index(int64_t{1}));
    return arith::MaxSIOp::create(b, loc, arith::MinSIOp::create(b, loc, index, last), zero);
  }

  Value ifElse(Value condition, mlir::Type elementType, llvm::function_ref<Value()> then,
               llvm::function_ref<Value()> otherwise) {
    mlir::OpBuilder& b = frame_.builder();
    // In place before its branches are emitted: what they hoist goes in front of it.
    auto choice = mlir::scf::IfOp::create(b, frame_.loc(), computeType(elementType), condition,
                                          /*addThenBlock=*/true, /*addElseBlock=*/true);
    mlir::OpBuilder::InsertionGuard guard(b);
    auto emit = [&](mlir::Block& block, llvm::function_ref<Value()> branch) {
      b.setInsertionPointToEnd(&block);
      Value value = branch();
      mlir::scf::YieldOp::create(b, frame_.loc(), value);
    };
    emit(choice.getThenRegion().front(), then);
    emit(choice.getElseRegion().front(), otherwise);
    return choice.getResult(0);
  }

  // Indices of a scale or zero point: none where it is a scalar, else the index along the axis, or
  // those of the block.
  template <typename Op>
  Indices parameterIndices(Op op, Value parameter) {
    if (shapeOf(parameter).empty()) return {};
    const auto rank = static_cast<int64_t>(indices_.size());
    const int64_t axis = op.getAxis() < 0 ? op.getAxis() + rank : op.getAxis();
    if (op.getBlockSize() == 0) return {indices_[axis]};
    Indices block(indices_);
    block[axis] = arith::DivUIOp::create(frame_.builder(), frame_.loc(), indices_[axis],
                                         frame_.index(static_cast<int64_t>(op.getBlockSize())));
    return block;
  }

  llvm::ArrayRef<Value> indices_;
  KernelFrame& frame_;
  ElementEvaluator& evaluator_;
};

}  // namespace

bool ElementEvaluator::supports(mlir::Operation* op) {
  return op->hasTrait<graph::Elementwise>() || graph::takesOp<ElementEmitter>(op);
}

void ElementEvaluator::bind(Value tensor, Value element) {
  bound_[tensor] =
      element ? roundTo(frame_.builder(), frame_.loc(), element, elementTypeOf(tensor)) : element;
  known_.clear();
}

void ElementEvaluator::readFromResult(Value tensor, unsigned result) {
  stored_[tensor] = result;
  known_.clear();
}

mlir::ValueRange ElementEvaluator::results() {
  return kernel_.getBody().front().getTerminator()->getOperands();
}

bool ElementEvaluator::isVisible(mlir::Block* block) {
  for (mlir::Block* at = frame_.builder().getInsertionBlock(); at;) {
    if (at == block) return true;
    mlir::Operation* parent = at->getParentOp();
    at = parent ? parent->getBlock() : nullptr;
  }
  return false;
}

Value ElementEvaluator::at(Value tensor, llvm::ArrayRef<Value> indices) {
  if (Value element = bound_.lookup(tensor)) return element;
  for (const Known& known : known_.lookup(tensor)) {
    if (llvm::ArrayRef<Value>(known.indices) == indices && isVisible(known.block))
      return known.value;
  }
  mlir::Block* block = frame_.builder().getInsertionBlock();
  Value value = compute(tensor, indices);
  known_[tensor].push_back({Indices(indices), value, block});
  return value;
}

Value ElementEvaluator::compute(Value tensor, llvm::ArrayRef<Value> indices) {
  if (auto stored = stored_.find(tensor); stored != stored_.end()) {
    return load(frame_.output(stored->second), frame_.offset(indices, shapeOf(tensor)),
                elementTypeOf(tensor));
  }
  mlir::OpBuilder& b = frame_.builder();
  const mlir::Location loc = frame_.loc();
  if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(tensor)) {
    return load(frame_.input(argument.getArgNumber()), frame_.offset(indices, shapeOf(tensor)),
                elementTypeOf(tensor));
  }
  mlir::Operation* op = tensor.getDefiningOp();
  if (op->hasTrait<graph::Elementwise>()) {
    llvm::SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(at(operand, broadcastIndices(frame_, indices, shapeOf(operand))));
    }
    return emitElementwise(b, loc, op, operands);
  }
  return graph::visitOp<Value>(op, ElementEmitter(indices, frame_, *this));
}

void ElementEvaluator::storeResults(llvm::ArrayRef<Value> indices) {
  for (auto [i, result] : llvm::enumerate(results())) {
    if (!stored_.contains(result)) store(static_cast<unsigned>(i), at(result, indices), indices);
  }
}

void ElementEvaluator::storeByte(llvm::ArrayRef<Value> elements, Value byte) {
  mlir::OpBuilder& b = frame_.builder();
  const mlir::Location loc = frame_.loc();
  mlir::Type type = elementTypeOf(kernel_.front().getTerminator()->getOperand(0));
  const int64_t bits = type.getIntOrFloatBitWidth();
  Value whole;
  for (auto [i, element] : llvm::enumerate(elements)) {
    Value stored = toStorage(b, loc, element, type);
    Value shift = constantLike(b, loc, stored.getType(), static_cast<double>(i * bits));
    Value placed = arith::ShLIOp::create(b, loc, stored, shift);
    whole = whole ? Value(arith::OrIOp::create(b, loc, whole, placed)) : placed;
  }
  mlir::memref::StoreOp::create(b, loc, whole, frame_.output(0), mlir::ValueRange{byte});
}

void ElementEvaluator::store(unsigned result, Value element, llvm::ArrayRef<Value> indices) {
  mlir::Type type = kernel_.getResultTypes()[result];
  mlir::OpBuilder& b = frame_.builder();
  Value stored = toStorage(b, frame_.loc(), element,
                           mlir::cast<mlir::RankedTensorType>(type).getElementType());
  mlir::memref::StoreOp::create(b, frame_.loc(), stored, frame_.output(result),
                                mlir::ValueRange{frame_.offset(indices, shapeOf(type))});
}

Indices ElementEvaluator::broadcastIndices(KernelFrame& frame, llvm::ArrayRef<Value> indices,
                                           llvm::ArrayRef<DimExpr> shape) {
  Indices result;
  llvm::ArrayRef<Value> aligned = indices.take_back(shape.size());
  for (auto [index, dim] : llvm::zip(aligned, shape)) {
    result.push_back(dim == DimExpr(1) ? frame.index(int64_t{0}) : index);
  }
  return result;
}

Value ElementEvaluator::load(Value buffer, Value offset, mlir::Type elementType) {
  mlir::OpBuilder& b = frame_.builder();
  const mlir::Location loc = frame_.loc();
  Value place;
  if (isPackedType(elementType)) {
    const int64_t bits = elementType.getIntOrFloatBitWidth();
    Value perByte = frame_.index(8 / bits);
    place = frame_.mul(arith::RemUIOp::create(b, loc, offset, perByte), frame_.index(bits));
    offset = arith::DivUIOp::create(b, loc, offset, perByte);
  }
  Value stored = mlir::memref::LoadOp::create(b, loc, buffer, mlir::ValueRange{offset});
  if (place) {
    Value shift = arith::IndexCastOp::create(b, loc, b.getI8Type(), place);
    stored = arith::ShRUIOp::create(b, loc, stored, shift);
  }
  return fromStorage(frame_.builder(), frame_.loc(), stored, elementType);
}

}  // namespace mlc::conversion
