#include "compiler/dialect/graph/shape.h"

#include <algorithm>
#include <cassert>

#include "compiler/dialect/graph/graph_dialect.h"
#include "runtime/base/objects.h"

using namespace mlir;

namespace mlc::graph {

Shape shapeOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  auto encoding = dyn_cast_or_null<DimsAttr>(tensor.getEncoding());
  Shape shape;
  for (int64_t i = 0; i < tensor.getRank(); ++i) {
    if (!tensor.isDynamicDim(i)) {
      shape.push_back(tensor.getDimSize(i));
    } else if (encoding) {
      StatusOr<DimExpr> expr = DimExpr::parse(encoding.getExprs()[i].getValue());
      assert(expr.ok() && "encodings are verified");
      shape.push_back(*expr);
    } else {
      shape.push_back(DimExpr::symbol("?"));
    }
  }
  return shape;
}

Shape shapeOf(Value value) { return shapeOf(value.getType()); }

RankedTensorType tensorType(llvm::ArrayRef<DimExpr> shape, Type elementType) {
  SmallVector<int64_t> sizes;
  SmallVector<StringAttr> texts;
  bool dynamic = false;
  for (const DimExpr& dim : shape) {
    std::optional<int64_t> size = dim.constant();
    assert((!size || *size >= 0) && "a dim cannot be negative");
    dynamic |= !size;
    sizes.push_back(size.value_or(ShapedType::kDynamic));
    texts.push_back(StringAttr::get(elementType.getContext(), size ? "" : dim.str()));
  }
  Attribute encoding;
  if (dynamic) encoding = DimsAttr::get(elementType.getContext(), texts);
  return RankedTensorType::get(sizes, elementType, encoding);
}

DimExpr elementCount(llvm::ArrayRef<DimExpr> shape) {
  DimExpr count = 1;
  for (const DimExpr& dim : shape) count = count * dim;
  return count;
}

DimExpr bytesOf(mlir::Value value) { return bytesOf(shapeOf(value), dtypeOf(value.getType())); }

DimExpr bytesOf(llvm::ArrayRef<DimExpr> shape, DType type) {
  const DimExpr count = elementCount(shape);
  return isPacked(type) ? ceilDiv(count, elementsPerByte(type))
                        : count * static_cast<int64_t>(elementBytes(type));
}

Status checkEqual(const DimExpr& a, const DimExpr& b) {
  if (a == b) return okStatus();
  return invalidError("dims " + a.str() + " and " + b.str() + " differ");
}

StatusOr<Shape> broadcastShapes(llvm::ArrayRef<DimExpr> a, llvm::ArrayRef<DimExpr> b) {
  if (a.size() < b.size()) std::swap(a, b);
  Shape result(a.begin(), a.end());
  size_t offset = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    DimExpr& dim = result[offset + i];
    if (b[i].constant() == 1) continue;
    if (dim.constant() == 1) {
      dim = b[i];
      continue;
    }
    MLC_RETURN_IF_ERROR(checkEqual(dim, b[i]));
  }
  return result;
}

bool mayStretch(const DimExpr& from, const DimExpr& to) {
  return from.constant() != 1 && !(from == to);
}

bool broadcastsTo(llvm::ArrayRef<DimExpr> from, llvm::ArrayRef<DimExpr> to) {
  if (from.size() > to.size()) return false;
  for (auto [dim, size] : llvm::zip(from, to.take_back(from.size()))) {
    if (mayStretch(dim, size)) return false;
  }
  return true;
}

DimsAttr dimsAttr(MLIRContext* context, llvm::ArrayRef<DimExpr> exprs) {
  SmallVector<StringAttr> texts;
  for (const DimExpr& expr : exprs) texts.push_back(StringAttr::get(context, expr.str()));
  return DimsAttr::get(context, texts);
}

Shape exprsOf(DimsAttr attr) {
  Shape exprs;
  for (StringAttr text : attr.getExprs()) {
    StatusOr<DimExpr> expr = DimExpr::parse(text.getValue());
    assert(expr.ok() && "dims attributes are verified");
    exprs.push_back(*expr);
  }
  return exprs;
}

Type elementType(MLIRContext* context, DType type) {
  auto integer = [&](unsigned bits, IntegerType::SignednessSemantics signedness) {
    return IntegerType::get(context, bits, signedness);
  };
  switch (type) {
    case DType::kF32:
      return Float32Type::get(context);
    case DType::kF64:
      return Float64Type::get(context);
    case DType::kF16:
      return Float16Type::get(context);
    case DType::kBF16:
      return BFloat16Type::get(context);
    case DType::kI8:
      return integer(8, IntegerType::Signless);
    case DType::kI16:
      return integer(16, IntegerType::Signless);
    case DType::kI32:
      return integer(32, IntegerType::Signless);
    case DType::kI64:
      return integer(64, IntegerType::Signless);
    case DType::kU8:
      return integer(8, IntegerType::Unsigned);
    case DType::kU16:
      return integer(16, IntegerType::Unsigned);
    case DType::kU32:
      return integer(32, IntegerType::Unsigned);
    case DType::kU64:
      return integer(64, IntegerType::Unsigned);
    case DType::kBool:
      return integer(1, IntegerType::Signless);
    case DType::kI4:
      return integer(4, IntegerType::Signless);
    case DType::kU4:
      return integer(4, IntegerType::Unsigned);
    case DType::kI2:
      return integer(2, IntegerType::Signless);
    case DType::kU2:
      return integer(2, IntegerType::Unsigned);
    case DType::kF4E2M1:
      return Float4E2M1FNType::get(context);
    case DType::kF8E4M3FN:
      return Float8E4M3FNType::get(context);
    case DType::kF8E4M3FNUZ:
      return Float8E4M3FNUZType::get(context);
    case DType::kF8E5M2:
      return Float8E5M2Type::get(context);
    case DType::kF8E5M2FNUZ:
      return Float8E5M2FNUZType::get(context);
    case DType::kF8E8M0:
      return Float8E8M0FNUType::get(context);
    case DType::kString:
      return StringType::get(context);
    case DType::kSequence:
    case DType::kOptional:
      break;  // their types say what they hold
  }
  llvm_unreachable("no element type by itself");
}

DType dtypeOf(Type elementOrTensorType) {
  Type type = getElementTypeOrSelf(elementOrTensorType);
  if (type.isF32()) return DType::kF32;
  if (type.isF64()) return DType::kF64;
  if (type.isF16()) return DType::kF16;
  if (type.isBF16()) return DType::kBF16;
  if (isa<Float4E2M1FNType>(type)) return DType::kF4E2M1;
  if (isa<Float8E4M3FNType>(type)) return DType::kF8E4M3FN;
  if (isa<Float8E4M3FNUZType>(type)) return DType::kF8E4M3FNUZ;
  if (isa<Float8E5M2Type>(type)) return DType::kF8E5M2;
  if (isa<Float8E5M2FNUZType>(type)) return DType::kF8E5M2FNUZ;
  if (isa<Float8E8M0FNUType>(type)) return DType::kF8E8M0;
  if (isa<StringType>(type)) return DType::kString;
  if (isa<SequenceType>(type)) return DType::kSequence;
  if (isa<OptionalType>(type)) return DType::kOptional;
  auto integer = cast<IntegerType>(type);
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
    case 1:
      return DType::kBool;
    case 2:
      return isUnsigned ? DType::kU2 : DType::kI2;
    case 4:
      return isUnsigned ? DType::kU4 : DType::kI4;
    case 8:
      return isUnsigned ? DType::kU8 : DType::kI8;
    case 16:
      return isUnsigned ? DType::kU16 : DType::kI16;
    case 32:
      return isUnsigned ? DType::kU32 : DType::kI32;
    case 64:
      return isUnsigned ? DType::kU64 : DType::kI64;
  }
  llvm_unreachable("not an element type of the graph dialect");
}

std::string heldTypeText(Type elementOrTensorType) {
  Type type = getElementTypeOrSelf(elementOrTensorType), held;
  if (auto sequence = dyn_cast<SequenceType>(type)) held = sequence.getHeld();
  if (auto optional = dyn_cast<OptionalType>(type)) held = optional.getHeld();
  return held ? valueTypeText(dtypeOf(held), heldTypeText(held)) : std::string();
}

}  // namespace mlc::graph
