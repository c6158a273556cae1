#include "compiler/conversion/graph_to_kernels/assign_channel_blocks.h"

#include <algorithm>

#include "compiler/conversion/graph_to_kernels/weight_layout.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlc::conversion {
namespace {

using graph::Shape;
using graph::shapeOf;
using graph::tensorType;
using mlir::Operation;
using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;
using Kind = package::LayoutStep::Kind;

mlir::Type elementOf(Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

// Whether all sizes are known and none is 0.
bool isStaticAndFull(llvm::ArrayRef<DimExpr> dims) {
  return llvm::all_of(dims, [](const DimExpr& dim) { return dim.constant().value_or(0) > 0; });
}

// Rewrites one block of ops, in order.
class BlockRewriter {
 public:
  BlockRewriter(mlir::Block& block, const ChannelBlocks& policy)
      : block_(block), policy_(policy), builder_(block.getParentOp()->getContext()) {}

  void run() {
    for (Operation& op : llvm::make_early_inc_range(block_)) {
      builder_.setInsertionPoint(&op);
      if (Value blocked = rewritten(&op)) blocked_[op.getResult(0)] = blocked;
    }
    for (auto& [value, blocked] : blocked_) {
      bool isUsed = llvm::any_of(value.getUsers(), [&](Operation* user) {
        return user->getNumResults() != 1 || !blocked_.contains(user->getResult(0));
      });
      if (!isUsed) continue;
      builder_.setInsertionPointAfter(value.getDefiningOp());
      Value original = inOrder(value.getLoc(), blocked, value.getType());
      value.replaceUsesWithIf(original, [&](mlir::OpOperand& use) {
        Operation* user = use.getOwner();
        return user->getNumResults() != 1 || !blocked_.contains(user->getResult(0));
      });
    }
    llvm::SmallVector<Value> values;
    for (auto& [value, blocked] : blocked_) values.push_back(value);
    for (Value value : llvm::reverse(values)) value.getDefiningOp()->erase();
  }

 private:
  Value blockedOf(Value value) const { return blocked_.lookup(value); }
  int64_t blockSizeOf(Value blocked) const { return *shapeOf(blocked)[4].constant(); }

  // The op's result in blocks; null if the op stays as it is.
  Value rewritten(Operation* op) {
    if (auto conv = mlir::dyn_cast<graph::ConvOp>(op)) return convolution(conv);
    if (auto pool = mlir::dyn_cast<graph::PoolOp>(op)) return pooled(pool);
    if (auto concat = mlir::dyn_cast<graph::ConcatOp>(op)) return concatenated(concat);
    if (auto reduce = mlir::dyn_cast<graph::ReduceOp>(op)) return reduced(reduce);
    if (op->hasTrait<graph::Elementwise>()) return elementwise(op);
    return {};
  }

  // The largest block that divides a number of channels; 0: none.
  int64_t blockFor(int64_t channels) const {
    for (int64_t block : {policy_.vector, policy_.vector / 2}) {
      if (block >= 4 && channels % block == 0) return block;
    }
    return 0;
  }

  Value convolution(graph::ConvOp op) {
    const Shape input = shapeOf(op.getInput()), filter = shapeOf(op.getFilter());
    auto weight = op.getFilter().getDefiningOp<graph::WeightOp>();
    if (!weight || !layoutStepsOf(weight).empty() || input.size() != 4 ||
        !isStaticAndFull(filter) || !isStaticAndFull(llvm::ArrayRef(input).drop_front()) ||
        !elementOf(op.getInput()).isF32() || !elementOf(op.getFilter()).isF32()) {
      return {};
    }
    const int64_t outChannels = *filter[0].constant(), groups = op.getGroups();
    Value blockedInput = blockedOf(op.getInput());
    const bool depthwise = groups > 1 && groups == outChannels && filter[1] == DimExpr(1);
    int64_t block = blockFor(outChannels);
    if (groups == 1 ? block == 0 : !depthwise || !blockedInput) return {};
    if (depthwise) block = blockSizeOf(blockedInput);
    // Blocks of one channel are a view of the image.
    if (!blockedInput)
      blockedInput = reshape(op.getInput(), {input[0], input[1], input[2], input[3], 1});
    Value packed = depthwise ? depthwiseFilter(weight, filter, block)
                             : denseFilter(weight, filter, blockSizeOf(blockedInput));
    Value result = graph::BlockedConvOp::create(
        builder_, op.getLoc(), blockedInput, packed, outChannels, block, op.getStrides(),
        op.getPadsLow(), op.getPadsHigh(), op.getDilations(), depthwise);
    if (!op.getBias()) return result;
    Value bias = reshape(op.getBias(), {DimExpr(outChannels / block), 1, 1, DimExpr(block)});
    return graph::AddOp::create(builder_, op.getLoc(), result, bias);
  }

  // [O, C, h, w] as [ceil(O / p), C / c, h, w, c, p].
  Value denseFilter(graph::WeightOp weight, const Shape& filter, int64_t inBlock) {
    std::vector<int64_t> size;
    for (const DimExpr& dim : filter) size.push_back(*dim.constant());
    const int64_t panel = policy_.panelChannels(size[0]);
    const int64_t panels = llvm::divideCeilSigned(size[0], panel);
    const int64_t inBlocks = size[1] / inBlock;
    return packedWeight(weight,
                        {{Kind::kPad, {panels * panel, size[1], size[2], size[3]}},
                         {Kind::kReshape, {panels, panel, inBlocks, inBlock, size[2], size[3]}},
                         {Kind::kTranspose, {0, 2, 4, 5, 3, 1}}},
                        {panels, inBlocks, size[2], size[3], inBlock, panel});
  }

  // [C, 1, h, w] as [C / c, h, w, c].
  Value depthwiseFilter(graph::WeightOp weight, const Shape& filter, int64_t block) {
    const int64_t blocks = *filter[0].constant() / block, height = *filter[2].constant(),
                  width = *filter[3].constant();
    return packedWeight(
        weight,
        {{Kind::kReshape, {blocks, block, height, width}}, {Kind::kTranspose, {0, 2, 3, 1}}},
        {blocks, height, width, block});
  }

  Value packedWeight(graph::WeightOp weight, const std::vector<package::LayoutStep>& steps,
                     llvm::ArrayRef<int64_t> shape) {
    auto type = mlir::RankedTensorType::get(shape, elementOf(weight.getResult()));
    Operation* copy = builder_.clone(*weight);
    copy->getResult(0).setType(type);
    setLayoutSteps(mlir::cast<graph::WeightOp>(copy), steps);
    return copy->getResult(0);
  }

  Value pooled(graph::PoolOp op) {
    Value input = blockedOf(op.getInput());
    if (!input) return {};
    // The channels of a block are a third spatial dim, with windows of one.
    auto with = [](llvm::ArrayRef<int64_t> list, int64_t last) {
      llvm::SmallVector<int64_t> longer(list);
      longer.push_back(last);
      return longer;
    };
    return graph::PoolOp::create(
        builder_, op.getLoc(), input, op.getKind(), with(op.getKernel(), 1),
        with(op.getStrides(), 1), with(op.getPadsLow(), 0), with(op.getPadsHigh(), 0),
        with(op.getDilations(), 1), op.getCountIncludePad(), op.getCeilMode());
  }

  Value concatenated(graph::ConcatOp op) {
    if (op.getAxis() != 1) return {};
    llvm::SmallVector<Value> parts;
    for (Value input : op.getInputs()) {
      Value part = blockedOf(input);
      if (!part || (!parts.empty() && blockSizeOf(part) != blockSizeOf(parts[0]))) return {};
      parts.push_back(part);
    }
    return graph::ConcatOp::create(builder_, op.getLoc(), mlir::ValueRange(parts), int64_t{1});
  }

  // Over the spatial dims. With dims that stay, in blocks as well; else a view of that is what the
  // graph has.
  Value reduced(graph::ReduceOp op) {
    Value input = blockedOf(op.getInput());
    llvm::SmallVector<int64_t> axes(op.getAxes());
    llvm::sort(axes);
    if (!input || axes != llvm::SmallVector<int64_t>{2, 3}) return {};
    Value result = graph::ReduceOp::create(builder_, op.getLoc(), input, op.getKind(), axes, true);
    if (op.getKeepDims()) return result;
    auto view = graph::ReshapeOp::create(builder_, op.getLoc(), op.getType(), result);
    op.getResult().replaceAllUsesWith(view);
    op.erase();
    return {};
  }

  Value elementwise(Operation* op) {
    const Shape shape = shapeOf(op->getResult(0));
    if (op->getNumResults() != 1 || shape.size() != 4) return {};
    // The operand that has the result's shape says what the blocks are.
    int64_t block = 0;
    for (Value operand : op->getOperands()) {
      Value blocked = blockedOf(operand);
      if (blocked && shapeOf(operand) == shape) block = blockSizeOf(blocked);
    }
    if (block == 0) return {};
    llvm::SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      Value converted = operandInBlocks(operand, shape, block);
      if (!converted) return {};
      operands.push_back(converted);
    }
    Shape result = {shape[0], floorDiv(shape[1], block), shape[2], shape[3], DimExpr(block)};
    mlir::OperationState state(op->getLoc(), op->getName());
    state.addOperands(operands);
    state.addAttributes(op->getAttrs());
    state.addTypes(tensorType(result, elementOf(op->getResult(0))));
    return builder_.create(state)->getResult(0);
  }

  // An operand that broadcasts to `shape`, in blocks; null where it would have to be moved.
  Value operandInBlocks(Value operand, const Shape& shape, int64_t block) {
    if (Value blocked = blockedOf(operand))
      return blockSizeOf(blocked) == block ? blocked : Value();
    Shape from = shapeOf(operand);
    if (from.empty()) return operand;
    if (from.size() > 4) return {};
    while (from.size() < 4) from.insert(from.begin(), DimExpr(1));
    const DimExpr one(1);
    if (from[1] == one) {
      // The same for all channels: only a dim of size 1 is added behind.
      from.push_back(one);
      return reshape(operand, from);
    }
    if (!(from[1] == shape[1]) || !(from[2] == one) || !(from[3] == one)) return {};
    return reshape(operand, {from[0], floorDiv(from[1], block), one, one, DimExpr(block)});
  }

  Value reshape(Value value, const Shape& shape) {
    return graph::ReshapeOp::create(builder_, value.getLoc(), tensorType(shape, elementOf(value)),
                                    value);
  }

  // Blocks as the tensor of the graph.
  Value inOrder(mlir::Location loc, Value blocked, mlir::Type type) {
    const Shape shape = shapeOf(blocked);
    if (!(shape[2] == DimExpr(1) && shape[3] == DimExpr(1)) && !(shape[4] == DimExpr(1))) {
      blocked = graph::TransposeOp::create(builder_, loc, blocked,
                                           llvm::ArrayRef<int64_t>{0, 1, 4, 2, 3});
    }
    return graph::ReshapeOp::create(builder_, loc, type, blocked);
  }

  mlir::Block& block_;
  const ChannelBlocks& policy_;
  mlir::OpBuilder builder_;
  llvm::MapVector<Value, Value> blocked_;
};

// Replaces a call by the callee's ops.
void inlineCall(CallOp call, FuncOp callee) {
  mlir::OpBuilder builder(call);
  mlir::IRMapping mapping;
  mapping.map(callee.getArguments(), call.getOperands());
  for (Operation& op : callee.front().without_terminator()) builder.clone(op, mapping);
  for (auto [result, returned] :
       llvm::zip(call.getResults(), callee.front().getTerminator()->getOperands())) {
    result.replaceAllUsesWith(mapping.lookup(returned));
  }
  call.erase();
}

bool hasConvolution(FuncOp function) {
  return function.walk([](graph::ConvOp) { return mlir::WalkResult::interrupt(); })
      .wasInterrupted();
}

// Outlined blocks keep their tensors in the order of the graph at their edges.
void inlineConvolutions(mlir::ModuleOp module) {
  for (bool changed = true; changed;) {
    changed = false;
    llvm::SmallVector<CallOp> calls;
    module.walk([&](CallOp call) { calls.push_back(call); });
    for (CallOp call : calls) {
      auto callee = module.lookupSymbol<FuncOp>(call.getCallee());
      if (!callee || callee.isDeclaration() || !hasConvolution(callee)) continue;
      inlineCall(call, callee);
      changed = true;
    }
  }
  for (FuncOp function : llvm::make_early_inc_range(module.getOps<FuncOp>())) {
    if (function.isPrivate() && hasConvolution(function)) function.erase();
  }
}

struct AssignChannelBlocks
    : mlir::PassWrapper<AssignChannelBlocks, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AssignChannelBlocks)

  explicit AssignChannelBlocks(const ChannelBlocks& blocks) : blocks_(blocks) {}

  llvm::StringRef getArgument() const override { return "assign-channel-blocks"; }
  llvm::StringRef getDescription() const override {
    return "Lay convolutions and what lies between them out in blocks of channels";
  }

  void runOnOperation() override {
    inlineConvolutions(getOperation());
    llvm::SmallVector<mlir::Block*> blocks;
    getOperation().walk([&](mlir::Block* block) { blocks.push_back(block); });
    for (mlir::Block* block : blocks) BlockRewriter(*block, blocks_).run();
  }

 private:
  ChannelBlocks blocks_;
};

}  // namespace

std::unique_ptr<mlir::Pass> createAssignChannelBlocksPass(const ChannelBlocks& blocks) {
  return std::make_unique<AssignChannelBlocks>(blocks);
}

}  // namespace mlc::conversion
