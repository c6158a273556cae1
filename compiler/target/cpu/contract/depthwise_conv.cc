#include "compiler/target/cpu/contract/depthwise_conv.h"

#include <algorithm>

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/target/cpu/contract/blocked_conv_geometry.h"
#include "compiler/target/cpu/contract/kernel_function.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlc::cpu {

using mlir::Value;
using Carried = KernelBuilder::Carried;

namespace {

// Pixels of a line that are computed together, to hide the latency of their sums.
constexpr int64_t kPixels = 8;

class DepthwiseConv {
 public:
  DepthwiseConv(graph::BlockedConvOp op, const Epilogue& epilogue, KernelFunction& function)
      : epilogue_(epilogue),
        g_(BlockedConvGeometry::of(op)),
        k_(function.code()),
        image_(function.view(op.getInput())),
        filter_(function.view(op.getFilter())),
        out_(function.outView()),
        thread_(function.thread()),
        threads_(function.threads()) {
    const graph::Shape result = graph::shapeOf(op.getResult());
    strides_.push_back(stridesOf(result));
    for (const graph::Shape& shape : epilogue.operandShapes())
      strides_.push_back(broadcastStrides(shape, result));
    for (Value operand : epilogue.operands()) operands_.push_back(function.view(operand));
  }

  // Threads share the lines of all blocks of all images.
  void emit() {
    Value one = k_.index(1), height = k_.index(g_.outHeight), blocks = k_.index(g_.inBlocks);
    Value total = k_.mul(k_.dim(g_.images), k_.mul(blocks, height));
    // Pixels whose window lies inside of the line.
    const int64_t reach = (g_.kernelWidth - 1) * g_.dilationX;
    const int64_t first = std::min((g_.padX + g_.strideX - 1) / g_.strideX, g_.outWidth);
    const int64_t last = g_.width - 1 + g_.padX - reach;  // where the last window may begin
    const int64_t end =
        std::max(last < 0 ? 0 : std::min(last / g_.strideX + 1, g_.outWidth), first);
    const int64_t whole = first + (end - first) / kPixels * kPixels;
    k_.loop(shareBegin(k_, thread_, threads_, total),
            shareBegin(k_, k_.add(thread_, one), threads_, total), one, [&](Value i) {
              y_ = k_.rem(i, height);
              Value plane = k_.div(i, height);
              block_ = k_.rem(plane, blocks);
              imageIndex_ = k_.div(plane, blocks);
              plane_ = k_.mul(plane, k_.index(g_.height * g_.width * g_.inBlock));
              pixels(0, first, 1, /*inside=*/false);
              pixels(first, whole, kPixels, /*inside=*/true);
              pixels(whole, end, 1, /*inside=*/true);
              pixels(end, g_.outWidth, 1, /*inside=*/false);
            });
  }

 private:
  void pixels(int64_t from, int64_t to, int64_t step, bool inside) {
    if (from >= to) return;
    k_.loop(k_.index(from), k_.index(to), k_.index(step),
            [&](Value x) { sumAndStore(x, step, inside); });
  }

  // The taps of a window that begins at `begin` (which may be negative) and lie inside of 0 ..
  // size.
  std::pair<Value, Value> tapsInside(Value begin, int64_t size, int64_t taps, int64_t dilation) {
    Value zero = k_.index(0), step = k_.index(dilation);
    Value first = k_.ceilDiv(k_.max(k_.sub(zero, begin), zero), step);
    Value end = k_.ceilDiv(k_.max(k_.sub(k_.index(size), begin), zero), step);
    return {first, k_.min(end, k_.index(taps))};
  }

  // `count` pixels from x on.
  void sumAndStore(Value x, int64_t count, bool inside) {
    const int64_t width = g_.inBlock;
    mlir::Type vector = vectorOf(k_.builder().getF32Type(), width);
    Carried sums(count, conversion::constantLike(k_.builder(), k_.loc(), vector, 0));
    Value top = k_.sub(k_.mul(y_, k_.index(g_.strideY)), k_.index(g_.padY));
    Value left = k_.sub(k_.mul(x, k_.index(g_.strideX)), k_.index(g_.padX));
    auto [firstRow, endRow] = tapsInside(top, g_.height, g_.kernelHeight, g_.dilationY);
    Value firstColumn = k_.index(0), endColumn = k_.index(g_.kernelWidth);
    if (!inside) {
      std::tie(firstColumn, endColumn) = tapsInside(left, g_.width, g_.kernelWidth, g_.dilationX);
    }
    Value one = k_.index(1);
    sums = k_.loop(firstRow, endRow, one, sums, [&](Value row, mlir::ValueRange outer) {
      Value line = k_.add(top, k_.mul(row, k_.index(g_.dilationY)));
      Value lineOffset = k_.add(plane_, k_.mul(line, k_.index(g_.width * width)));
      Value tap =
          k_.mul(k_.add(k_.mul(block_, k_.index(g_.kernelHeight)), row), k_.index(g_.kernelWidth));
      return k_.loop(firstColumn, endColumn, one, outer, [&](Value column, mlir::ValueRange inner) {
        Value weights = k_.load(filter_, k_.mul(k_.add(tap, column), k_.index(width)), width);
        Value at = k_.add(left, k_.mul(column, k_.index(g_.dilationX)));
        Value begin = k_.add(lineOffset, k_.mul(at, k_.index(width)));
        Carried next;
        for (int64_t i = 0; i < count; ++i) {
          Value pixel = k_.load(image_, k_.add(begin, k_.index(i * g_.strideX * width)), width);
          next.push_back(
              mlir::math::FmaOp::create(k_.builder(), k_.loc(), pixel, weights, inner[i]));
        }
        return next;
      });
    });
    for (int64_t i = 0; i < count; ++i) store(k_.add(x, k_.index(i)), sums[i]);
  }

  Value offsetIn(size_t buffer, Value x) {
    Value offset = k_.mul(imageIndex_, k_.dim(strides_[buffer][0]));
    offset = k_.add(offset, k_.mul(block_, k_.dim(strides_[buffer][1])));
    offset = k_.add(offset, k_.mul(y_, k_.dim(strides_[buffer][2])));
    return k_.add(offset, k_.mul(x, k_.dim(strides_[buffer][3])));
  }

  void store(Value x, Value sum) {
    const int64_t width = g_.inBlock;
    Value value = epilogue_.emit(k_, sum, width, [&](int operand) {
      const size_t buffer = static_cast<size_t>(operand) + 1;
      const bool same = strides_[buffer][4] == DimExpr(0);
      Value loaded = k_.load(operands_[operand], offsetIn(buffer, x), same ? 1 : width);
      return same ? k_.broadcast(loaded, width) : loaded;
    });
    k_.store(value, out_, offsetIn(0, x));
  }

  const Epilogue& epilogue_;
  BlockedConvGeometry g_;
  KernelBuilder& k_;
  Value image_, filter_, out_, thread_, threads_;
  llvm::SmallVector<llvm::SmallVector<DimExpr, 4>> strides_;  // of the result, the operands
  llvm::SmallVector<Value> operands_;
  Value y_, block_, imageIndex_, plane_;  // of the line
};

}  // namespace

mlir::FailureOr<mlir::func::FuncOp> lowerDepthwiseConv(mlir::func::FuncOp kernel,
                                                       graph::BlockedConvOp root,
                                                       const Epilogue& epilogue,
                                                       mlir::OpBuilder& intoModule) {
  KernelFunction function(kernel, 0, intoModule);
  DepthwiseConv(root, epilogue, function).emit();
  function.finish();
  return function.function();
}

}  // namespace mlc::cpu
