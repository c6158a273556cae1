// Sizes that a function computes while it runs: symbols become values of the host code, and the
// segments of memory that depend on them are allocated as soon as they are known.
//
// A size that cannot be had (negative, beyond its bound, more memory than there is) marks the run
// as failed and counts as 0, so that the rest of the program works on empty tensors to its end.
#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "compiler/dialect/graph/node_name.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

namespace LLVM = mlir::LLVM;
namespace arith = mlir::arith;
namespace scf = mlir::scf;
using mlir::Value;

Value FunctionEmitter::isNull(Value address) {
  return LLVM::ICmpOp::create(builder_, loc_, LLVM::ICmpPredicate::eq, address, abi_.nullPointer());
}

// All threads get the same address. More bytes than 64 bits count are asked for as -1, which the
// runtime refuses.
Value FunctionEmitter::allocate(int64_t segment, const DimExpr& size, Value kept) {
  constexpr double kMost = 4e18;
  Value exact = bytes(size), rough = dimToF64(builder_, loc_, size, symbols_);
  Value most = arith::ConstantOp::create(builder_, loc_, builder_.getF64FloatAttr(kMost));
  Value fits = arith::CmpFOp::create(builder_, loc_, arith::CmpFPredicate::OLT, rough, most);
  exact = arith::SelectOp::create(builder_, loc_, fits, exact, abi_.i64(-1));
  hazards_.clear();  // the runtime's function waits for the team
  return abi_.callForAddress(thread_, offsetof(MlcRuntime, allocate),
                             {abi_.i64(segment), exact, kept ? kept : abi_.i64(0)});
}

// Allocates the segment, if there is one, of what becomes known there. Where it cannot be had, the
// symbol is 0 and the segment that of size 0.
void FunctionEmitter::allocateSegment(mlir::Operation* definedBy, bool inBody,
                                      llvm::StringRef symbol) {
  auto segment = llvm::find_if(plan_.segments, [&](const Segment& candidate) {
    return candidate.definedBy == definedBy && candidate.inBody == inBody;
  });
  if (segment == plan_.segments.end()) return;
  const int64_t number = std::distance(plan_.segments.begin(), segment);
  Value base = allocate(number, segment->bytes);
  if (!symbol.empty()) {
    Value size = symbols_.lookup(symbol);
    auto choice = scf::IfOp::create(builder_, loc_, mlir::TypeRange{abi_.ptr(), size.getType()},
                                    isNull(base), /*withElseRegion=*/true);
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(choice.thenBlock());
    Value zero = arith::ConstantIndexOp::create(builder_, loc_, 0);
    symbols_[symbol] = zero;
    Value empty = allocate(number, segment->bytes);
    scf::YieldOp::create(builder_, loc_, mlir::ValueRange{empty, zero});
    builder_.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(builder_, loc_, mlir::ValueRange{base, size});
    base = choice.getResult(0);
    symbols_[symbol] = choice.getResult(1);
  }
  auto place = [&](const Place& place) { return abi_.advance(base, bytes(place.offset)); };
  auto isHere = [&](const Place& candidate) {
    return candidate.kind == Place::Kind::kSegment && candidate.segment == number;
  };
  // In the function's order, so that the code does not depend on addresses.
  function_.walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation* op) {
    auto visit = [&](Value value) {
      auto it = plan_.places.find(value);
      if (it != plan_.places.end() && isHere(it->second)) pointers_[value] = place(it->second);
    };
    for (Value result : op->getResults()) visit(result);
    for (mlir::Region& region : op->getRegions()) {
      for (Value argument : region.getArguments()) visit(argument);
    }
    auto it = plan_.scratch.find(op);
    if (it != plan_.scratch.end() && isHere(it->second)) scratch_[op] = place(it->second);
  });
}

void FunctionEmitter::emitDefineSize(graph::DefineSizeOp op) {
  // Every thread reads the value, before any of them overwrites it.
  access({op.getValue()}, {});
  Value value = readScalar(op.getValue(), builder_.getI64Type());
  value = arith::IndexCastOp::create(builder_, loc_, builder_.getIndexType(), value);
  Value zero = arith::ConstantIndexOp::create(builder_, loc_, 0);
  const std::string node = "node '" + graph::nodeNameOf(op) + "': " + op.getWhat().str();
  Value bad = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::slt, value, zero);
  failIf(bad, node + " is negative");
  if (op.getMost()) {
    const DimExpr most = graph::exprsOf(*op.getMost())[0];
    Value above = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::sgt, value,
                                        dimToIndex(builder_, loc_, most, symbols_));
    failIf(above, node + " is more than " + most.str());
    bad = arith::OrIOp::create(builder_, loc_, bad, above);
  }
  symbols_[op.getSymbol()] = arith::SelectOp::create(builder_, loc_, bad, zero, value);
  allocateSegment(op, /*inBody=*/false, op.getSymbol());
}

// The runtime gives the memory for an output whose shape it does not know.
void FunctionEmitter::emitReturnOfComputedShape(Value tensor, int64_t index) {
  if (hazards_.pending()) barrier();
  const graph::Shape shape = graph::shapeOf(tensor);
  Value address = abi_.callForAddress(
      thread_, offsetof(MlcRuntime, output),
      {abi_.i64(index), dimsOnStack(shape), abi_.i64(static_cast<int64_t>(shape.size()))});
  auto given = scf::IfOp::create(builder_, loc_, isNull(address), /*withElseRegion=*/true);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(given.elseBlock());
  copy(address, pointer(tensor), tensorBytes(tensor.getType()));
}

}  // namespace mlc::conversion
