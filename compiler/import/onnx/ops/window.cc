// Convolution, pooling and local response normalization.
#include <algorithm>

#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/convolution.h"
#include "llvm/Support/MathExtras.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

struct Window {
  std::vector<int64_t> kernel, strides, dilations, low, high;
};

std::vector<int64_t> listOrOnes(Node& node, const char* name, size_t count) {
  std::vector<int64_t> list = node.integerList(name).value_or(std::vector<int64_t>(count, 1));
  if (list.size() != count)
    node.invalid(std::string(name) + " has " + std::to_string(list.size()) + " entries for " +
                 std::to_string(count) + " spatial dims");
  for (int64_t value : list) {
    if (value < 1) node.invalid(std::string(name) + " must be positive");
  }
  return list;
}

// Padding so that there is one window per stride: half on each side, the odd element at the end
// (upper) or the beginning.
void padSame(Node& node, Window& window, bool upper) {
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t extent = window.dilations[i] * (window.kernel[i] - 1) + 1,
                  stride = window.strides[i];
    const std::optional<int64_t> size = node.shape(0)[i + 2].constant();
    if (!size && stride != 1)
      node.unsupported("pads a spatial dim of " + node.shape(0)[i + 2].str() + " to its stride");
    const int64_t total =
        size ? std::max<int64_t>((((*size + stride - 1) / stride) - 1) * stride + extent - *size, 0)
             : extent - 1;
    window.low[i] = upper ? total / 2 : total - total / 2;
    window.high[i] = total - window.low[i];
  }
}

Window readWindow(Node& node, std::vector<int64_t> kernel) {
  const size_t rank = kernel.size();
  Window window{std::move(kernel), listOrOnes(node, "strides", rank),
                listOrOnes(node, "dilations", rank), std::vector<int64_t>(rank, 0),
                std::vector<int64_t>(rank, 0)};
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    padSame(node, window, automatic == "SAME_UPPER");
  } else if (automatic == "NOTSET") {
    if (auto pads = node.integerList("pads")) {
      if (pads->size() != 2 * rank) node.invalid("needs two pads for each spatial dim");
      std::copy_n(pads->begin(), rank, window.low.begin());
      std::copy_n(pads->begin() + static_cast<int64_t>(rank), rank, window.high.begin());
    }
  } else if (automatic != "VALID") {
    node.invalid("auto_pad is '" + automatic + "'");
  }
  return window;
}

// The image must be so large that there are at least so many windows, whose number is rounded down
// or up.
void checkFit(Node& node, const Window& window, const graph::Shape& image, int64_t windows,
              bool roundsUp) {
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t extent = window.dilations[i] * (window.kernel[i] - 1) + 1,
                  stride = window.strides[i];
    const int64_t slack = roundsUp ? (windows - 2) * stride + 1 : (windows - 1) * stride;
    node.emitter.assume(sizes::Relation::kAtLeast, image[i + 2],
                        extent + slack - window.low[i] - window.high[i],
                        "its window does not fit into dim " + std::to_string(i + 2));
  }
}

void checkSpatial(Node& node) {
  if (node.rank(0) < 3)
    node.invalid("needs an input of at least rank 3, has " + std::to_string(node.rank(0)));
}

void conv(Node& node) {
  node.set(convolve(node, node.value(0), 1, node.value(1), node.has(2) ? node.value(2) : Value()));
}

// Moves the padding at the end to where the last window ends, which ceil_mode allows to be beyond
// the declared padding; a window that would begin there is left out. Returns whether anything
// moved.
bool roundUp(Node& node, Window& window) {
  const std::vector<int64_t> declared = window.high;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const std::optional<int64_t> size = node.shape(0)[i + 2].constant();
    if (!size) node.unsupported("rounds up over a spatial dim of " + node.shape(0)[i + 2].str());
    const int64_t extent = window.dilations[i] * (window.kernel[i] - 1) + 1,
                  stride = window.strides[i];
    const int64_t slack = *size + window.low[i] + window.high[i] - extent;
    int64_t windows = llvm::divideCeilSigned(slack, stride) + 1;
    if ((windows - 1) * stride >= *size + window.low[i]) --windows;
    window.high[i] = std::max<int64_t>((windows - 1) * stride + extent - *size - window.low[i], 0);
    // Padding that holds no further window may stay as it was declared.
    if (window.high[i] < declared[i] && llvm::divideFloorSigned(slack, stride) + 1 == windows)
      window.high[i] = declared[i];
  }
  return window.high != declared;
}

void maxPoolWithIndices(Node& node, const Window& window) {
  const mlir::ResultRange results = node.emitter.emitAll<graph::MaxPoolWithIndicesOp>(
      node.value(0), window.kernel, window.strides, window.low, window.high, window.dilations,
      node.integer("storage_order", 0) != 0);
  node.set(0, results[0]);
  node.set(1, results[1]);
}

template <graph::PoolKind kind>
void pool(Node& node) {
  checkSpatial(node);
  if (!node.hasAttribute("kernel_shape")) node.invalid("needs a kernel_shape");
  const std::vector<int64_t> kernel = listOrOnes(node, "kernel_shape", node.rank(0) - 2);
  Window window = readWindow(node, kernel);
  const bool countPads = node.integer("count_include_pad", 0) != 0;
  const bool symmetric = window.low == window.high;
  const bool roundsUp = node.integer("ceil_mode", 0) != 0;
  // No windows are an empty result.
  checkFit(node, window, node.shape(0), 0, roundsUp);
  const bool ceil = roundsUp && roundUp(node, window);
  if (kind == graph::PoolKind::max && node.wants(1)) {
    maxPoolWithIndices(node, window);
    return;
  }
  // graph.pool takes the declared padding at the end to be that at the beginning.
  if (ceil && countPads && !symmetric) node.unsupported("counts uneven padding while rounding up");
  node.set(node.emitter.emit<graph::PoolOp>(node.value(0), kind, window.kernel, window.strides,
                                            window.low, window.high, window.dilations, countPads,
                                            ceil));
}

template <graph::ReduceKind kind>
void globalPool(Node& node) {
  checkSpatial(node);
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < node.rank(0); ++axis) axes.push_back(axis);
  node.set(node.emitter.emit<graph::ReduceOp>(node.value(0), kind, axes, true));
}

void lrn(Node& node) {
  if (node.integer("size", 0) < 1) node.invalid("needs a positive size");
  node.set(node.emitter.emit<graph::LrnOp>(
      node.value(0), node.integer("size", 0), llvm::APFloat(node.number("alpha", 1e-4)),
      llvm::APFloat(node.number("beta", 0.75)), llvm::APFloat(node.number("bias", 1))));
}

}  // namespace

Value convolve(Node& node, Value image, size_t filterInput, Value filter, Value bias,
               Value padding) {
  checkSpatial(node);
  const graph::Shape shape = node.shape(filterInput);
  std::vector<int64_t> kernel;
  for (const DimExpr& dim : llvm::ArrayRef(shape).drop_front(std::min<size_t>(2, shape.size()))) {
    if (!dim.isConstant()) node.unsupported("has a kernel of unknown size");
    kernel.push_back(*dim.constant());
  }
  if (static_cast<int64_t>(kernel.size()) != node.rank(0) - 2)
    node.invalid("input and weights have different ranks");
  if (auto given = node.integerList("kernel_shape"); given && *given != kernel)
    node.invalid("kernel_shape is not that of the weights");
  Window window = readWindow(node, kernel);
  if (padding) {
    std::vector<int64_t> low{0, 0}, high{0, 0};
    low.insert(low.end(), window.low.begin(), window.low.end());
    high.insert(high.end(), window.high.begin(), window.high.end());
    image = node.emitter.emit<graph::PadOp>(image, padding, low, high, graph::PadMode::constant);
    window.low.assign(kernel.size(), 0);
    window.high.assign(kernel.size(), 0);
  }
  Emitter& e = node.emitter;
  const int64_t groups = node.integer("group", 1);
  if (groups < 1) node.invalid("groups must be positive");
  graph::Shape imageShape = graph::shapeOf(image), filterShape = graph::shapeOf(filter);
  imageShape[1] = e.equal(imageShape[1], filterShape[1] * groups,
                          "input channels and filter channels times groups");
  filterShape[1] = floorDiv(imageShape[1], groups);
  if (bias) {
    if (graph::shapeOf(bias).size() != 1) node.invalid("the bias must have one dim");
    filterShape[0] = e.equal(filterShape[0], graph::shapeOf(bias)[0], "bias and output channels");
    bias = e.reshape(bias, filterShape[0]);
  }
  if (groups > 1 && !filterShape[0].isConstant())
    e.assume(sizes::Relation::kDivisible, filterShape[0], groups, "output channels in groups");
  // ONNX Runtime refuses images that no window fits into.
  checkFit(node, window, imageShape, 1, false);
  image = e.reshape(image, imageShape);
  filter = e.reshape(filter, filterShape);
  return e.emit<graph::ConvOp>(image, filter, bias, window.strides, window.low, window.high,
                               window.dilations, groups);
}

std::vector<OpEntry> windowOps() {
  constexpr int kLast = kLastOpset;
  return {
      {"AveragePool", 7, kLast, 1, 1,
       "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides",
       pool<graph::PoolKind::average>},
      {"Conv", 7, kLast, 2, 3, "auto_pad dilations group kernel_shape pads strides", conv},
      {"GlobalAveragePool", 7, kLast, 1, 1, "", globalPool<graph::ReduceKind::mean>},
      {"GlobalMaxPool", 7, kLast, 1, 1, "", globalPool<graph::ReduceKind::max>},
      {"LRN", 7, kLast, 1, 1, "alpha beta bias size", lrn},
      {"MaxPool", 7, kLast, 1, 1,
       "auto_pad ceil_mode dilations kernel_shape pads storage_order strides",
       pool<graph::PoolKind::max>},
  };
}

}  // namespace mlc::onnx_import
