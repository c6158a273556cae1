// If, Loop and checks of host functions. All threads take the same branch: they read the same
// condition after a barrier.
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlc::conversion {

namespace LLVM = mlir::LLVM;
namespace arith = mlir::arith;
namespace scf = mlir::scf;
using mlir::Value;

// Whether a scalar i1 tensor (a byte) holds.
Value FunctionEmitter::readCondition(Value tensor) {
  Value byte = readScalar(tensor, builder_.getI8Type());
  Value zero = arith::ConstantIntOp::create(builder_, loc_, 0, 8);
  return arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::ne, byte, zero);
}

mlir::LogicalResult FunctionEmitter::emitIf(graph::IfOp op) {
  if (hazards_.pending()) barrier();
  Value condition = readCondition(op.getCondition());
  auto branch = scf::IfOp::create(builder_, loc_, condition, /*withElseRegion=*/true);
  for (auto [region, block] : {std::pair(&op.getThenRegion(), branch.thenBlock()),
                               std::pair(&op.getElseRegion(), branch.elseBlock())}) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPoint(block->getTerminator());
    mlir::Block& body = region->front();
    // Other threads may still have to read it when this one writes what lies there next.
    access({op.getCondition()}, {});
    if (mlir::failed(emitBlock(body))) return mlir::failure();
    loc_ = op.getLoc();
    for (auto [result, value] : llvm::zip(op.getResults(), body.getTerminator()->getOperands())) {
      copyTensor(result, value);
    }
    barrier();
  }
  return mlir::success();
}

mlir::LogicalResult FunctionEmitter::emitLoop(graph::LoopOp op) {
  mlir::Block& body = op.getBody().front();
  const size_t carried = op.getCarried().size();
  Value iteration = body.getArgument(0), condition = body.getArgument(1);
  mlir::Type i64 = builder_.getI64Type();

  // Carried values live in the result buffers.
  for (size_t i = 0; i < carried; ++i) copyTensor(op.getResult(i), op.getCarried()[i]);
  copyTensor(condition, op.getCondition());
  barrier();
  Value trips = readScalar(op.getTripCount(), i64);

  auto loop = scf::WhileOp::create(builder_, loc_, i64, mlir::ValueRange{abi_.i64(0)});
  mlir::OpBuilder::InsertionGuard guard(builder_);
  mlir::Block* before = builder_.createBlock(&loop.getBefore(), {}, i64, loc_);
  Value more = arith::CmpIOp::create(builder_, loc_, arith::CmpIPredicate::slt,
                                     before->getArgument(0), trips);
  Value holds = readCondition(condition);
  scf::ConditionOp::create(builder_, loc_, arith::AndIOp::create(builder_, loc_, more, holds),
                           before->getArguments());

  mlir::Block* after = builder_.createBlock(&loop.getAfter(), {}, i64, loc_);
  Value trip = after->getArgument(0);
  writeScalar(iteration, trip);
  barrier();
  if (mlir::failed(emitBlock(body))) return mlir::failure();
  loc_ = op.getLoc();
  if (hazards_.pending()) barrier();
  mlir::OperandRange yielded = body.getTerminator()->getOperands();
  for (size_t i = 0; i < carried; ++i) copyTensor(op.getResult(i), yielded[i + 1]);
  copyTensor(condition, yielded[0]);
  for (size_t i = carried; i < op.getNumResults(); ++i) {
    Value scanned = yielded[i + 1];
    const DimExpr size = tensorBytes(scanned.getType());
    Value offset = arith::MulIOp::create(builder_, loc_, trip, bytes(size));
    copy(abi_.advance(pointer(op.getResult(i)), offset), pointer(scanned), size);
  }
  barrier();
  scf::YieldOp::create(builder_, loc_,
                       mlir::ValueRange{arith::AddIOp::create(builder_, loc_, trip, abi_.i64(1))});
  // Other threads may still have to find that there is no further trip.
  access({condition, op.getTripCount()}, {});
  return mlir::success();
}

// Thread 0 tells the runtime; the program goes on to its end.
void FunctionEmitter::emitFailIf(graph::FailIfOp op) {
  access({op.getCondition()}, {});
  onThreadZero([&] {
    auto branch = scf::IfOp::create(builder_, loc_, readCondition(op.getCondition()),
                                    /*withElseRegion=*/false);
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(branch.thenBlock());
    abi_.callRuntime(thread_, offsetof(MlcRuntime, fail), {message(op.getMessage())});
  });
}

// The address of a text, which is a global of the program, once.
Value FunctionEmitter::message(llvm::StringRef text) {
  const std::string terminated = text.str() + '\0';
  LLVM::GlobalOp global;
  int count = 0;
  for (auto known : program_.host.getOps<LLVM::GlobalOp>()) {
    auto value = mlir::dyn_cast_or_null<mlir::StringAttr>(known.getValueOrNull());
    if (!value) continue;
    ++count;
    if (value.getValue() == terminated) global = known;
  }
  if (!global) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(program_.host.getBody());
    auto type = LLVM::LLVMArrayType::get(builder_.getI8Type(), terminated.size());
    global = LLVM::GlobalOp::create(builder_, loc_, type, /*isConstant=*/true,
                                    LLVM::Linkage::Private, "message_" + std::to_string(count),
                                    builder_.getStringAttr(terminated));
  }
  return LLVM::AddressOfOp::create(builder_, loc_, global);
}

}  // namespace mlc::conversion
