#include "compiler/import/onnx/computed_sizes.h"

#include "compiler/import/onnx/ops/movement.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

Value number(Emitter& e, int64_t value) { return sizeValue(e, DimExpr(value)); }

Value compare(Emitter& e, Value a, graph::Predicate predicate, Value b) {
  return e.emit<graph::CompareOp>(a, b, predicate);
}

Value select(Emitter& e, Value condition, Value a, Value b) {
  return e.emit<graph::SelectOp>(condition, a, b);
}

Value clamp(Emitter& e, Value value, Value low, Value high) {
  return e.emit<graph::MaxOp>(low, e.emit<graph::MinOp>(value, high));
}

// ceil(a / b) of positive b.
Value ceilQuotient(Emitter& e, Value a, int64_t b) {
  if (b == 1) return a;
  return e.emit<graph::DivOp>(e.emit<graph::AddOp>(a, number(e, b - 1)), number(e, b));
}

}  // namespace

Value sizeValue(Emitter& e, const DimExpr& expr) {
  if (expr.isConstant()) return e.constant(*constantOf({expr}, DType::kI64, {}));
  return e.emit<graph::SizeOp>(graph::dimsAttr(e.builder().getContext(), expr));
}

DimExpr defineSize(Emitter& e, Value value, const std::string& what, std::optional<DimExpr> most) {
  const std::string symbol = e.newSymbol();
  mlir::MLIRContext* context = e.builder().getContext();
  graph::DefineSizeOp::create(e.builder(), e.location(), e.reshape(e.cast(value, DType::kI64), {}),
                              symbol, what,
                              most ? graph::dimsAttr(context, {*most}) : graph::DimsAttr());
  return most && most->constant() == 0 ? DimExpr(0) : DimExpr::symbol(symbol);
}

void failIf(Emitter& e, Value condition, const std::string& message) {
  graph::FailIfOp::create(e.builder(), e.location(), condition,
                          "node " + e.description() + ": " + message, /*stops=*/true);
}

void checkComputed(Emitter& e, sizes::Relation relation, const DimExpr& left, const DimExpr& right,
                   const std::string& why) {
  using Relation = sizes::Relation;
  Value a = sizeValue(e, left), b = sizeValue(e, right), one = number(e, 1), zero = number(e, 0);
  auto differ = [&](Value x, Value y) { return compare(e, x, graph::Predicate::ne, y); };
  auto both = [&](Value x, Value y) { return e.emit<graph::AndOp>(x, y); };
  Value wrong;
  switch (relation) {
    case Relation::kEqual:
      wrong = differ(a, b);
      break;
    case Relation::kDifferent:
      wrong = compare(e, a, graph::Predicate::eq, b);
      break;
    case Relation::kAtLeast:
      wrong = compare(e, a, graph::Predicate::lt, b);
      break;
    case Relation::kDivisible: {
      Value rest = e.emit<graph::ModOp>(a, e.emit<graph::MaxOp>(b, one));
      wrong = e.emit<graph::OrOp>(differ(rest, zero), compare(e, b, graph::Predicate::eq, zero));
      break;
    }
    case Relation::kOneOrEqual:
      wrong = both(differ(a, one), differ(a, b));
      break;
    case Relation::kBroadcast:
      wrong = both(differ(a, b), both(differ(a, one), differ(b, one)));
      break;
  }
  failIf(e, wrong, why + ": " + left.str() + " must " + requirement(relation, right.str()));
}

llvm::SmallVector<Value> scalarsOf(Node& node, size_t input, const char* what) {
  const std::optional<int64_t> count = constantCount(node.shape(input));
  if (!count || *count > kMaxElements || node.rank(input) > 1)
    node.unsupported(std::string("its ") + what + " has no known number of elements");
  Emitter& e = node.emitter;
  Value all = e.reshape(e.cast(node.value(input), DType::kI64), DimExpr(*count));
  llvm::SmallVector<Value> scalars;
  for (int64_t i = 0; i < *count; ++i) scalars.push_back(takeIndex(e, all, 0, i));
  return scalars;
}

Elements sizesOf(Node& node, size_t input, const char* what) {
  if (node.input(input).elements) return *node.input(input).elements;
  Elements sizes;
  for (Value scalar : scalarsOf(node, input, what))
    sizes.push_back(defineSize(node.emitter, scalar, std::string("its ") + what));
  return sizes;
}

// As in ONNX 0 copies the input's dim and -1 is what is left. Where the elements do not fit, the
// run fails and the result is empty.
void reshapeToComputed(Node& node) {
  Emitter& e = node.emitter;
  const graph::Shape& from = node.shape(0);
  const bool copyZero = node.integer("allowzero", 0) == 0;
  llvm::SmallVector<Value> dims = scalarsOf(node, 1, "shape");
  Value one = number(e, 1), zero = number(e, 0), open = number(e, -1), known = one;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (copyZero) {
      Value copied = i < from.size() ? sizeValue(e, from[i]) : open;
      dims[i] = select(e, compare(e, dims[i], graph::Predicate::eq, zero), copied, dims[i]);
    }
    Value isOpen = compare(e, dims[i], graph::Predicate::eq, open);
    known = e.emit<graph::MulOp>(known, select(e, isOpen, one, dims[i]));
  }
  Value total = sizeValue(e, graph::elementCount(from));
  Value rest = e.emit<graph::DivOp>(total, e.emit<graph::MaxOp>(known, one));
  Value product = one;
  for (Value& dim : dims) {
    Value isOpen = compare(e, dim, graph::Predicate::eq, open);
    dim = select(e, isOpen, rest, dim);
    product = e.emit<graph::MulOp>(product, dim);
  }
  Value wrong = compare(e, product, graph::Predicate::ne, total);
  failIf(e, wrong,
         "reshapes " + graph::elementCount(from).str() + " elements to a shape of others");
  graph::Shape shape;
  for (Value dim : dims) shape.push_back(defineSize(e, select(e, wrong, zero, dim), "its shape"));
  node.set(e.reshape(node.value(0), shape));
}

void expandToComputed(Node& node) {
  Emitter& e = node.emitter;
  graph::Shape from = node.shape(0);
  llvm::SmallVector<Value> target = scalarsOf(node, 1, "shape");
  Value one = number(e, 1), zero = number(e, 0);
  while (from.size() < target.size()) from.insert(from.begin(), 1);
  while (target.size() < from.size()) target.insert(target.begin(), one);
  Value x = e.reshape(node.value(0), from);
  graph::Shape shape;
  for (auto [dim, wanted] : llvm::zip(from, target)) {
    if (dim == DimExpr(1)) {
      shape.push_back(defineSize(e, wanted, "its shape"));
      continue;
    }
    // The target is 1 or the dim itself; a dim that is 1 stretches.
    Value own = sizeValue(e, dim);
    Value stretches = compare(e, own, graph::Predicate::eq, one);
    Value same = compare(e, wanted, graph::Predicate::eq, own);
    Value fits = e.emit<graph::OrOp>(
        e.emit<graph::OrOp>(same, compare(e, wanted, graph::Predicate::eq, one)), stretches);
    Value wrong = e.emit<graph::NotOp>(fits);
    failIf(e, wrong, "expands a dim of " + dim.str() + " to another size");
    if (dim.isConstant()) {
      shape.push_back(dim);
      continue;
    }
    Value size = select(e, stretches, wanted, own);
    shape.push_back(defineSize(e, select(e, wrong, zero, size), "its shape"));
  }
  node.set(e.broadcast(x, shape));
}

// Bounds count from the end where they are negative, and are cut off at the ends.
void sliceComputed(Node& node) {
  Emitter& e = node.emitter;
  const llvm::SmallVector<Value> starts = scalarsOf(node, 1, "starts"),
                                 ends = scalarsOf(node, 2, "ends");
  std::vector<int64_t> axes, steps(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (node.has(3)) axes = node.integers(3, "axes");
  if (node.has(4)) steps = node.integers(4, "steps");
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    node.invalid("needs as many ends, axes and steps as starts");
  }
  graph::Shape from(node.rank(0), DimExpr(0)), shape = node.shape(0);
  std::vector<int64_t> strides(node.rank(0), 1);
  Value zero = number(e, 0), minusOne = number(e, -1);
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t axis = node.axis(axes[i], node.rank(0)), step = steps[i];
    if (step == 0) node.invalid("has a step of 0");
    Value size = sizeValue(e, shape[axis]);
    auto bound = [&](Value index, Value low, Value high) {
      Value isNegative = compare(e, index, graph::Predicate::lt, zero);
      return clamp(e, select(e, isNegative, e.emit<graph::AddOp>(index, size), index), low, high);
    };
    Value high = step > 0 ? size : e.emit<graph::AddOp>(size, minusOne);
    Value low = step > 0 ? zero : minusOne;
    Value start = bound(starts[i], zero, e.emit<graph::MaxOp>(high, zero));
    Value end = bound(ends[i], low, high);
    Value span = step > 0 ? e.emit<graph::SubOp>(end, start) : e.emit<graph::SubOp>(start, end);
    Value count = ceilQuotient(e, e.emit<graph::MaxOp>(span, zero), step > 0 ? step : -step);
    count = e.emit<graph::MinOp>(count, size);
    const DimExpr whole = shape[axis];
    from[axis] = defineSize(e, start, "its start", whole);
    shape[axis] = defineSize(e, count, "its length", whole);
    strides[axis] = step;
  }
  Value x = node.value(0);
  node.set(e.emitStated<graph::SliceOp>(e.type(shape, node.dtype(0)), x,
                                        graph::dimsAttr(x.getContext(), from),
                                        llvm::ArrayRef<int64_t>(strides)));
}

void computedRange(Node& node) {
  Emitter& e = node.emitter;
  const DType dtype = node.dtype(0);
  Value start = e.reshape(node.value(0), {}), limit = e.reshape(node.value(1), {}),
        delta = e.reshape(node.value(2), {});
  // In a type that holds the difference of the bounds, and quotients of f32 without rounding.
  const DType wide = isFloat(dtype) ? DType::kF64 : DType::kI64;
  Value step = e.cast(delta, wide), count;
  Value span = e.emit<graph::SubOp>(e.cast(limit, wide), e.cast(start, wide));
  failIf(e, compare(e, step, graph::Predicate::eq, e.scalar(0, wide)), "its delta is 0");
  if (wide == DType::kF64) {
    count = e.cast(e.emit<graph::CeilOp>(e.emit<graph::DivOp>(span, step)), DType::kI64);
  } else {
    Value zero = number(e, 0);
    Value quotient = e.emit<graph::DivOp>(span, step);
    // Rounds up where something is left in the direction of the step.
    Value rest = e.emit<graph::SubOp>(span, e.emit<graph::MulOp>(quotient, step));
    Value isLeft = compare(e, rest, graph::Predicate::ne, zero);
    Value alike = compare(e, compare(e, rest, graph::Predicate::lt, zero), graph::Predicate::eq,
                          compare(e, step, graph::Predicate::lt, zero));
    count =
        e.emit<graph::AddOp>(quotient, e.cast(e.emit<graph::AndOp>(isLeft, alike), DType::kI64));
  }
  count = e.emit<graph::MaxOp>(count, number(e, 0));
  const DimExpr size = defineSize(e, count, "its number of elements");
  Value x = e.emitStated<graph::IotaOp>(e.type(size, dtype), int64_t{0});
  node.set(e.emit<graph::AddOp>(e.emit<graph::MulOp>(x, delta), start));
}

}  // namespace mlc::onnx_import
