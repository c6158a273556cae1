#include "compiler/import/onnx/ops/step_loop.h"

#include "compiler/import/onnx/computed_sizes.h"

using mlir::Value;

namespace mlc::onnx_import {

StepLoop::StepLoop(Emitter& emitter, DimExpr steps, llvm::ArrayRef<Value> initial)
    : emitter_(emitter), steps_(std::move(steps)), outer_(emitter.block()) {
  operands_ = {sizeValue(emitter, steps_), emitter.scalar(1, DType::kBool)};
  operands_.append(initial.begin(), initial.end());
  mlir::Block& block = body_.emplaceBlock();
  step_ = block.addArgument(emitter.type({}, DType::kI64), emitter.location());
  goesOn_ = block.addArgument(emitter.type({}, DType::kBool), emitter.location());
  for (Value value : initial)
    carried_.push_back(block.addArgument(value.getType(), emitter.location()));
  emitter.setBlock(&block);
}

Value StepLoop::index(bool isReverse) {
  if (!isReverse) return step_;
  Value last = emitter_.emit<graph::SizeOp>(graph::dimsAttr(step_.getContext(), {steps_ - 1}));
  return emitter_.emit<graph::SubOp>(last, step_);
}

void StepLoop::end(llvm::ArrayRef<Value> after, llvm::ArrayRef<Value> parts) {
  llvm::SmallVector<Value> yielded{goesOn_};
  llvm::SmallVector<mlir::Type> types;
  for (Value value : after) {
    yielded.push_back(value);
    types.push_back(value.getType());
  }
  for (Value part : parts) {
    yielded.push_back(part);
    graph::Shape shape = graph::shapeOf(part);
    shape.insert(shape.begin(), steps_);
    types.push_back(emitter_.type(shape, graph::dtypeOf(part.getType())));
  }
  graph::YieldOp::create(emitter_.builder(), emitter_.location(), mlir::ValueRange(yielded));
  emitter_.setBlock(outer_);
  mlir::OperationState state(emitter_.location(), graph::LoopOp::getOperationName());
  state.addOperands(operands_);
  state.addTypes(types);
  state.addRegion()->takeBody(body_);
  llvm::append_range(results_, emitter_.builder().create(state)->getResults());
}

Value StepLoop::stacked(size_t i, bool isReverse) const {
  Value whole = results_[carried_.size() + i];
  if (!isReverse) return whole;
  graph::Shape starts(graph::shapeOf(whole).size(), DimExpr(0));
  starts[0] = steps_ - 1;
  std::vector<int64_t> steps(starts.size(), 1);
  steps[0] = -1;
  return emitter_.emitStated<graph::SliceOp>(whole.getType(), whole,
                                             graph::dimsAttr(whole.getContext(), starts),
                                             llvm::ArrayRef<int64_t>(steps));
}

}  // namespace mlc::onnx_import
