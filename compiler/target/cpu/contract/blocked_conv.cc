#include "compiler/target/cpu/contract/blocked_conv.h"

#include <algorithm>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/blocked_conv_geometry.h"
#include "compiler/target/cpu/contract/depthwise_conv.h"
#include "compiler/target/cpu/contract/kernel_function.h"
#include "compiler/target/cpu/contract/micro_kernel.h"
#include "compiler/target/cpu/contract/tile_store.h"
#include "llvm/Support/MathExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlc::cpu {

namespace arith = mlir::arith;
using mlir::Value;

namespace {

// The part of a level-2 cache that the input of one block of lines may take.
constexpr int64_t kLineCacheBytes = 256 << 10;
constexpr int64_t kBytes = 4;  // of f32

class DenseConv {
 public:
  DenseConv(graph::BlockedConvOp op, const Epilogue& epilogue, const CpuTarget& target)
      : op_(op),
        epilogue_(epilogue),
        g_(BlockedConvGeometry::of(op)),
        nest_(g_.loops(op, epilogue.operandShapes())) {
    mlir::Type f32 = mlir::Float32Type::get(op.getContext());
    product_ = Product::of(target, f32, f32, /*packed=*/true);
    tile_ = TileShape::of(target, product_);
    const graph::Shape filter = graph::shapeOf(op.getFilter());
    panels_ = *filter[0].constant();
    panelColumns_ = *filter[5].constant();
    tile_.vectors = std::clamp<int64_t>(panelColumns_ / tile_.width, 1, tile_.vectors);

    // All of a pixel's input that is read: lines with borders where there is padding.
    lineWidth_ = g_.isPadded ? (g_.outWidth - 1) * g_.strideX + reach(g_.kernelWidth, g_.dilationX)
                             : g_.width;
    const int64_t lineBytes = g_.inBlocks * g_.inBlock * lineWidth_ * kBytes;
    int64_t lines = g_.outHeight;
    while (lines > 1 && inputLines(lines) * lineBytes > kLineCacheBytes) --lines;
    lineBlocks_ = llvm::divideCeilSigned(g_.outHeight, lines);
    const int64_t most = inputLines(llvm::divideCeilSigned(g_.outHeight, lineBlocks_));
    lineStride_ = lineWidth_ * g_.inBlock;
    blockStride_ = (g_.isPadded ? most : g_.height) * lineStride_;
    if (g_.isPadded) {
      scratchBytes_ = *alignedTo64(g_.inBlocks * blockStride_ * kBytes).constant();
    }
    auto dim = [](int64_t size, int64_t stride) { return LoopDim{size, {DimExpr(stride)}}; };
    LoopNest k;
    k.k = {dim(g_.inBlocks, blockStride_), dim(g_.kernelHeight, g_.dilationY * lineStride_),
           dim(g_.kernelWidth, g_.dilationX * g_.inBlock), dim(g_.inBlock, 1)};
    k.collapse();
    kDims_ = k.k;
  }

  mlir::FailureOr<mlir::func::FuncOp> lower(mlir::func::FuncOp kernel,
                                            mlir::OpBuilder& intoModule) {
    if (tile_.columns() != panelColumns_) {
      return op_.emitError("its filter is packed for another CPU");
    }
    KernelFunction function(kernel, scratchBytes_, intoModule);
    emit(function);
    function.finish();
    return function.function();
  }

 private:
  static int64_t reach(int64_t kernel, int64_t dilation) { return (kernel - 1) * dilation + 1; }
  int64_t inputLines(int64_t lines) const {
    return (lines - 1) * g_.strideY + reach(g_.kernelHeight, g_.dilationY);
  }

  // Tasks are (image, block of lines, group of panels); each thread takes its share of their
  // sequence.
  void emit(KernelFunction& function) {
    KernelBuilder& k = function.code();
    Value one = k.index(1);
    image_ = function.view(op_.getInput());
    filter_ = function.view(op_.getFilter());
    lines_ = image_;
    if (g_.isPadded) {
      Value begin = k.mul(function.thread(), k.index(scratchBytes_));
      lines_ = k.scratchView(function.scratch(), begin, k.builder().getF32Type());
    }
    auto type = mlir::MemRefType::get({tile_.rows * tile_.columns()}, k.builder().getF32Type());
    Value sums = mlir::memref::AllocaOp::create(k.builder(), k.loc(), type,
                                                k.builder().getI64IntegerAttr(64));
    kernel_ = {tile_, product_, &kDims_, lines_, sums};
    store_ = {&nest_, &epilogue_, tile_, sums, function.outView(), {}, {}};
    for (Value operand : epilogue_.operands()) store_.operands.push_back(function.view(operand));

    Value images = k.dim(g_.images), lineBlocks = k.index(lineBlocks_);
    Value shares = k.mul(images, lineBlocks);
    Value wanted = tasksFor(k, function.threads());
    Value groups = k.max(k.min(k.ceilDiv(wanted, k.max(shares, one)), k.index(panels_)), one);
    Value tasks = k.mul(shares, groups);
    Value begin = shareBegin(k, function.thread(), function.threads(), tasks);
    Value end = shareBegin(k, k.add(function.thread(), one), function.threads(), tasks);
    k.loop(begin, end, one, [&](Value task) {
      Value group = k.rem(task, groups), share = k.div(task, groups);
      Value image = k.div(share, lineBlocks), lineBlock = k.rem(share, lineBlocks);
      Value height = k.index(g_.outHeight);
      Value firstLine = shareBegin(k, lineBlock, lineBlocks, height);
      Value lines = k.sub(shareBegin(k, k.add(lineBlock, one), lineBlocks, height), firstLine);
      if (g_.isPadded) copyLines(k, image, firstLine, lines);
      Value firstPanel = shareBegin(k, group, groups, k.index(panels_));
      Value endPanel = shareBegin(k, k.add(group, one), groups, k.index(panels_));
      k.loop(firstPanel, endPanel, one,
             [&](Value panel) { multiply(k, image, firstLine, lines, panel); });
    });
  }

  Value imageOffset(KernelBuilder& k, Value image) {
    return k.mul(image, k.index(g_.inBlocks * g_.height * g_.width * g_.inBlock));
  }

  // Copies the lines of the input that `lines` lines of the result read, with zeros where they
  // reach over its edges.
  void copyLines(KernelBuilder& k, Value image, Value firstLine, Value lines) {
    Value zero = k.index(0), one = k.index(1);
    Value needed = k.add(k.mul(k.sub(lines, one), k.index(g_.strideY)),
                         k.index(reach(g_.kernelHeight, g_.dilationY)));
    Value firstInput = k.sub(k.mul(firstLine, k.index(g_.strideY)), k.index(g_.padY));
    const int64_t left = std::min(g_.padX, lineWidth_) * g_.inBlock;
    const int64_t width = std::min(g_.width * g_.inBlock, lineStride_ - left);
    k.loop(zero, k.index(g_.inBlocks), one, [&](Value block) {
      Value from =
          k.add(imageOffset(k, image), k.mul(block, k.index(g_.height * g_.width * g_.inBlock)));
      Value to = k.mul(block, k.index(blockStride_));
      k.loop(zero, needed, one, [&](Value line) {
        Value input = k.add(firstInput, line), out = k.add(to, k.mul(line, k.index(lineStride_)));
        // Not negative and less than the height, in one comparison of unsigned numbers.
        Value inside = arith::CmpIOp::create(k.builder(), k.loc(), arith::CmpIPredicate::ult, input,
                                             k.index(g_.height));
        k.branch(
            inside,
            [&] {
              fill(k, out, left);
              Value source = k.add(from, k.mul(input, k.index(g_.width * g_.inBlock)));
              forElements(k, width, [&](Value i, int64_t count) {
                k.store(k.load(image_, k.add(source, i), count), lines_,
                        k.add(k.add(out, k.index(left)), i));
              });
              fill(k, k.add(out, k.index(left + width)), lineStride_ - left - width);
            },
            [&] { fill(k, out, lineStride_); });
      });
    });
  }

  // body(element, width) for `count` elements: vectors, then single ones.
  void forElements(KernelBuilder& k, int64_t count, llvm::function_ref<void(Value, int64_t)> body) {
    const int64_t whole = count / tile_.width * tile_.width;
    if (whole > 0) {
      k.loop(k.index(0), k.index(whole), k.index(tile_.width),
             [&](Value i) { body(i, tile_.width); });
    }
    if (whole < count) {
      k.loop(k.index(whole), k.index(count), k.index(1), [&](Value i) { body(i, 1); });
    }
  }

  void fill(KernelBuilder& k, Value offset, int64_t count) {
    forElements(k, count, [&](Value i, int64_t width) {
      mlir::Type type = vectorOf(k.builder().getF32Type(), width);
      k.store(conversion::constantLike(k.builder(), k.loc(), type, 0), lines_, k.add(offset, i));
    });
  }

  // All pixels of the lines times one panel of output channels.
  void multiply(KernelBuilder& k, Value image, Value firstLine, Value lines, Value panel) {
    Value one = k.index(1), width = k.index(g_.outWidth), columns = k.index(tile_.columns());
    Value pixels = k.mul(lines, width), tiles = k.ceilDiv(pixels, k.index(tile_.rows));
    Value begin = k.index(0);
    if (!g_.isPadded) {
      begin = k.add(imageOffset(k, image), k.mul(firstLine, k.index(g_.strideY * lineStride_)));
    }
    const int64_t depth = g_.inBlocks * g_.kernelHeight * g_.kernelWidth * g_.inBlock;
    Value from = k.mul(panel, k.index(depth * tile_.columns()));
    Value column = k.mul(panel, columns);
    Value present = k.min(k.sub(k.index(g_.channels), column), columns);
    llvm::SmallVector<int64_t> counts;
    for (int64_t count = std::min(tile_.rows, g_.outPixels()); count >= 1; --count)
      counts.push_back(count);
    k.loop(k.index(0), tiles, one, [&](Value tile) {
      Value pixel = shareBegin(k, tile, tiles, pixels);
      Value rows = k.sub(shareBegin(k, k.add(tile, one), tiles, pixels), pixel);
      k.switchOn(rows, counts, [&](int64_t count) {
        llvm::SmallVector<Value> offsets;
        for (int64_t i = 0; i < count; ++i) {
          Value at = k.add(pixel, k.index(i));
          Value line = k.mul(k.div(at, width), k.index(g_.strideY * lineStride_));
          Value x = k.mul(k.rem(at, width), k.index(g_.strideX * g_.inBlock));
          offsets.push_back(k.add(begin, k.add(line, x)));
        }
        kernel_.call(k, offsets, filter_, from, columns);
      });
      store_.emit(k, image, k.add(k.mul(firstLine, width), pixel), rows, column, present);
    });
  }

  graph::BlockedConvOp op_;
  const Epilogue& epilogue_;
  BlockedConvGeometry g_;
  LoopNest nest_;
  Product product_;
  TileShape tile_;
  int64_t panels_ = 0, panelColumns_ = 0, lineBlocks_ = 0;
  // In elements, of what the micro-kernel reads: the image, or its lines in scratch.
  int64_t lineWidth_ = 0, lineStride_ = 0, blockStride_ = 0;
  int64_t scratchBytes_ = 0;  // of one thread
  LoopDims kDims_;
  MicroKernel kernel_;
  TileStore store_;
  Value image_, filter_, lines_;
};

}  // namespace

mlir::FailureOr<mlir::func::FuncOp> lowerBlockedConv(mlir::func::FuncOp kernel,
                                                     graph::BlockedConvOp root,
                                                     const Epilogue& epilogue,
                                                     const CpuTarget& target,
                                                     mlir::OpBuilder& intoModule) {
  if (root.getDepthwise()) return lowerDepthwiseConv(kernel, root, epilogue, intoModule);
  return DenseConv(root, epilogue, target).lower(kernel, intoModule);
}

}  // namespace mlc::cpu
