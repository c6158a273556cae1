#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

bool isScalar(Type type, unsigned bits) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 0 && tensor.getElementType().isInteger(bits);
}

// Whether values of one type can be values of the other: the same element type and rank, no two
// static dims that differ.
bool areCompatible(Type a, Type b) {
  auto x = cast<RankedTensorType>(a), y = cast<RankedTensorType>(b);
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank()) return false;
  return succeeded(verifyCompatibleShape(x.getShape(), y.getShape()));
}

LogicalResult verifyYield(Operation* op, Region& region, TypeRange types) {
  auto yield = cast<YieldOp>(region.front().getTerminator());
  if (yield.getNumOperands() != types.size()) {
    return op->emitOpError("has a region that yields ")
           << yield.getNumOperands() << " values instead of " << types.size();
  }
  for (auto [value, type] : llvm::zip(yield.getValues(), types)) {
    if (!areCompatible(value.getType(), type)) {
      return op->emitOpError("has a region that yields ") << value.getType() << " for " << type;
    }
  }
  return success();
}

}  // namespace

LogicalResult IfOp::verify() {
  if (!isScalar(getCondition().getType(), 1))
    return emitOpError("needs a scalar bool as condition");
  for (Region* region : {&getThenRegion(), &getElseRegion()}) {
    if (region->front().getNumArguments() != 0) return emitOpError("has a region with arguments");
    if (failed(verifyYield(*this, *region, getResultTypes()))) return failure();
  }
  return success();
}

LogicalResult LoopOp::verify() {
  if (!isScalar(getTripCount().getType(), 64))
    return emitOpError("needs a scalar i64 as trip count");
  if (!isScalar(getCondition().getType(), 1))
    return emitOpError("needs a scalar bool as condition");
  Block& body = getBody().front();
  size_t carried = getCarried().size();
  if (body.getNumArguments() != carried + 2 || getNumResults() < carried) {
    return emitOpError("needs a body with ")
           << carried + 2 << " arguments and at least " << carried << " results";
  }
  if (!isScalar(body.getArgument(0).getType(), 64) || !isScalar(body.getArgument(1).getType(), 1)) {
    return emitOpError("needs the iteration and the condition as the body's first arguments");
  }
  SmallVector<Type> yielded = {body.getArgument(1).getType()};
  for (size_t i = 0; i < carried; ++i) {
    Type type = body.getArgument(i + 2).getType();
    if (!areCompatible(getCarried()[i].getType(), type) ||
        !areCompatible(type, getResult(i).getType())) {
      return emitOpError("carries ") << getCarried()[i].getType() << " as " << type;
    }
    yielded.push_back(type);
  }
  for (Value scanned : getResults().drop_front(carried)) {
    auto type = cast<RankedTensorType>(scanned.getType());
    if (type.getRank() == 0) return emitOpError("needs a leading dim on scanned results");
    yielded.push_back(tensorType(ArrayRef(shapeOf(type)).drop_front(), type.getElementType()));
  }
  return verifyYield(*this, getBody(), yielded);
}

namespace {

OpWork workOfRegion(Region& region) {
  OpWork work;
  region.walk([&](Factored op) {
    if (op->getParentRegion() != &region) return;
    OpWork part = cast<Work>(op.getOperation()).getWork();
    work.operations = work.operations + part.operations;
    work.bytes = work.bytes + part.bytes;
  });
  return work;
}

}  // namespace

// The greater of the two regions'.
OpWork IfOp::getWork() {
  OpWork thenWork = workOfRegion(getThenRegion()), elseWork = workOfRegion(getElseRegion());
  return {max(thenWork.operations, elseWork.operations), max(thenWork.bytes, elseWork.bytes)};
}

// One trip where the number of trips is not constant.
OpWork LoopOp::getWork() {
  OpWork work = workOfRegion(getBody());
  ElementsAttr trips;
  if (!matchPattern(getTripCount(), m_Constant(&trips))) return work;
  int64_t count = (*trips.value_begin<APInt>()).getSExtValue();
  constexpr int64_t kUnbounded = int64_t{1} << 31;
  if (count < 0 || count >= kUnbounded) return work;
  return {work.operations * count, work.bytes * count};
}

}  // namespace mlc::graph
