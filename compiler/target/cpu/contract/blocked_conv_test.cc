// Runs compiled convolutions on channel blocks and compares them with plain loops over the
// unblocked tensors.
#include "compiler/target/cpu/contract/blocked_conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "compiler/conversion/graph_to_kernels/form_kernels.h"
#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

struct Conv {
  int64_t images, channels, outChannels, height, width;
  int64_t inBlock, outBlock;
  int64_t kernelHeight = 1, kernelWidth = 1;
  int64_t strideY = 1, strideX = 1;
  int64_t top = 0, left = 0, bottom = 0, right = 0;  // pads
  int64_t dilationY = 1, dilationX = 1;
  bool depthwise = false;
  // A bias per channel, a residual of the result's shape, then relu.
  bool epilogue = false;
  bool symbolicImages = false;

  int64_t outHeight() const {
    return (height + top + bottom - dilationY * (kernelHeight - 1) - 1) / strideY + 1;
  }
  int64_t outWidth() const {
    return (width + left + right - dilationX * (kernelWidth - 1) - 1) / strideX + 1;
  }
};

// With a window that is the same along both dims, and this padding on all sides.
Conv square(Conv c, int64_t kernel, int64_t stride, int64_t padding) {
  c.kernelHeight = c.kernelWidth = kernel;
  c.strideY = c.strideX = stride;
  c.top = c.left = c.bottom = c.right = padding;
  return c;
}

float input(int64_t i, int64_t seed) { return static_cast<float>((i * 7 + seed * 5) % 11 - 5) / 8; }

std::string typeOf(const std::vector<int64_t>& shape, bool symbolic = false) {
  std::string text = "tensor<", names = "\"batch\"";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (symbolic && i == 0 ? "?" : std::to_string(shape[i])) + "x";
    if (i > 0) names += ", \"\"";
  }
  return text + "f32" + (symbolic ? ", #graph.dims<" + names + ">" : "") + ">";
}

int64_t count(const std::vector<int64_t>& shape) {
  int64_t result = 1;
  for (int64_t size : shape) result *= size;
  return result;
}

GuardedBuffer zeros(const std::vector<int64_t>& shape) {
  GuardedBuffer buffer(static_cast<size_t>(count(shape)) * sizeof(float));
  std::fill_n(buffer.as<float>(), count(shape), 0.0f);
  return buffer;
}

// Places of elements of blocked tensors and filters.
int64_t place(int64_t n, int64_t c, int64_t y, int64_t x, int64_t channels, int64_t height,
              int64_t width, int64_t block) {
  return (((n * (channels / block) + c / block) * height + y) * width + x) * block + c % block;
}

void check(const Conv& c, const CpuTarget& target = CpuTarget::host()) {
  SCOPED_TRACE(std::to_string(c.channels) + " to " + std::to_string(c.outChannels) + ", " +
               std::to_string(c.height) + " x " + std::to_string(c.width) + ", kernel " +
               std::to_string(c.kernelHeight) + " x " + std::to_string(c.kernelWidth));
  const int64_t vector = target.vectorBytes() / 4, h = c.outHeight(), w = c.outWidth();
  const conversion::ChannelBlocks blocks{vector, target.tileVectors()};
  const int64_t panel = blocks.panelChannels(c.outChannels);
  const int64_t panels = (c.outChannels + panel - 1) / panel;
  const int64_t perFilter = c.depthwise ? 1 : c.channels;
  const std::vector<int64_t> in = {c.images, c.channels / c.inBlock, c.height, c.width, c.inBlock},
                             out = {c.images, c.outChannels / c.outBlock, h, w, c.outBlock},
                             bias = {c.outChannels / c.outBlock, 1, 1, c.outBlock};
  std::vector<int64_t> filter = {
      panels, c.channels / c.inBlock, c.kernelHeight, c.kernelWidth, c.inBlock, panel};
  if (c.depthwise) filter = {c.channels / c.inBlock, c.kernelHeight, c.kernelWidth, c.inBlock};

  GuardedBuffer x = zeros(in), f = zeros(filter), b = zeros(bias), r = zeros(out);
  auto image = [&](int64_t n, int64_t channel, int64_t y, int64_t column) {
    return input(((n * c.channels + channel) * c.height + y) * c.width + column, 1);
  };
  auto weight = [&](int64_t o, int64_t i, int64_t y, int64_t column) {
    return input(((o * perFilter + i) * c.kernelHeight + y) * c.kernelWidth + column, 2);
  };
  for (int64_t n = 0; n < c.images; ++n) {
    for (int64_t i = 0; i < c.channels; ++i) {
      for (int64_t y = 0; y < c.height; ++y) {
        for (int64_t k = 0; k < c.width; ++k) {
          x.as<float>()[place(n, i, y, k, c.channels, c.height, c.width, c.inBlock)] =
              image(n, i, y, k);
        }
      }
    }
  }
  for (int64_t o = 0; o < c.outChannels; ++o) {
    b.as<float>()[o] = input(o, 3);
    for (int64_t i = 0; i < perFilter; ++i) {
      for (int64_t y = 0; y < c.kernelHeight; ++y) {
        for (int64_t k = 0; k < c.kernelWidth; ++k) {
          const int64_t tap = y * c.kernelWidth + k, taps = c.kernelHeight * c.kernelWidth;
          const int64_t at =
              c.depthwise ? (o / c.inBlock * taps + tap) * c.inBlock + o % c.inBlock
                          : (((o / panel * (c.channels / c.inBlock) + i / c.inBlock) * taps + tap) *
                                 c.inBlock +
                             i % c.inBlock) *
                                    panel +
                                o % panel;
          f.as<float>()[at] = weight(o, i, y, k);
        }
      }
    }
  }
  for (int64_t i = 0; i < count(out); ++i) r.as<float>()[i] = input(i, 4);

  auto list = [](std::vector<int64_t> values) {
    return "array<i64: " + std::to_string(values[0]) + ", " + std::to_string(values[1]) + ">";
  };
  const std::string xType = typeOf(in, c.symbolicImages), outType = typeOf(out, c.symbolicImages);
  std::string text = "func.func private @kernel(%x: " + xType + ", %f: " + typeOf(filter);
  if (c.epilogue) text += ", %b: " + typeOf(bias) + ", %r: " + outType;
  text += ") -> " + outType +
          " attributes {mlc.kernel} {\n%0 = graph.blocked_conv %x, %f {channels = " +
          std::to_string(c.outChannels) + " : i64, block = " + std::to_string(c.outBlock) +
          " : i64, strides = " + list({c.strideY, c.strideX}) +
          ", pads_low = " + list({c.top, c.left}) + ", pads_high = " + list({c.bottom, c.right}) +
          ", dilations = " + list({c.dilationY, c.dilationX}) +
          ", depthwise = " + (c.depthwise ? "true" : "false") + "} : (" + xType + ", " +
          typeOf(filter) + ") -> " + outType + "\n";
  if (c.epilogue) {
    text += "%1 = graph.add %0, %b : (" + outType + ", " + typeOf(bias) + ") -> " + outType +
            "\n%2 = graph.add %1, %r : (" + outType + ", " + outType + ") -> " + outType +
            "\n%3 = graph.relu %2 : (" + outType + ") -> " + outType + "\n";
  }
  text += std::string("return %") + (c.epilogue ? "3" : "0") + " : " + outType + "\n}";
  auto runner = KernelRunner::compile(text, target);
  ASSERT_TRUE(runner.ok()) << runner.status().message();

  for (int threads : {1, 3}) {
    GuardedBuffer result = zeros(out);
    std::fill_n(result.as<float>(), count(out), -777.0f);
    std::vector<void*> buffers = {x.as<void>(), f.as<void>()};
    if (c.epilogue) buffers.insert(buffers.end(), {b.as<void>(), r.as<void>()});
    buffers.push_back(result.as<void>());
    SymbolValues symbols;
    if (c.symbolicImages) symbols["batch"] = c.images;
    runner->run(symbols, buffers, threads);
    for (int64_t n = 0; n < c.images; ++n) {
      for (int64_t o = 0; o < c.outChannels; ++o) {
        for (int64_t y = 0; y < h; ++y) {
          for (int64_t k = 0; k < w; ++k) {
            float sum = 0;
            for (int64_t i = 0; i < perFilter; ++i) {
              for (int64_t p = 0; p < c.kernelHeight; ++p) {
                for (int64_t q = 0; q < c.kernelWidth; ++q) {
                  const int64_t row = y * c.strideY + p * c.dilationY - c.top,
                                column = k * c.strideX + q * c.dilationX - c.left;
                  if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
                  sum += image(n, c.depthwise ? o : i, row, column) * weight(o, i, p, q);
                }
              }
            }
            const int64_t at = place(n, o, y, k, c.outChannels, h, w, c.outBlock);
            if (c.epilogue) sum = std::max(sum + input(o, 3) + input(at, 4), 0.0f);
            ASSERT_EQ(result.as<float>()[at], sum) << "image " << n << ", channel " << o << ", "
                                                   << y << ", " << k << ", threads " << threads;
          }
        }
      }
    }
  }
}

// Vectors of 8, 16 and 4 elements, whatever this machine has; those of 4 with 16 and 32 registers.
std::vector<CpuTarget> targets() {
  std::vector<CpuTarget> list;
  for (const char* name : {"x86-64-v3", "x86-64-v4", "x86-64", "aarch64"})
    list.push_back(*CpuTarget::named(name));
  return list;
}

TEST(BlockedConv, Pointwise) {
  for (const CpuTarget& target : targets()) {
    check({.images = 2,
           .channels = 16,
           .outChannels = 64,
           .height = 5,
           .width = 7,
           .inBlock = 8,
           .outBlock = 16,
           .epilogue = true},
          target);
    check({.images = 1,
           .channels = 16,
           .outChannels = 24,
           .height = 3,
           .width = 3,
           .inBlock = 16,
           .outBlock = 8,
           .epilogue = true},
          target);
    check({.images = 1,
           .channels = 32,
           .outChannels = 208,
           .height = 4,
           .width = 5,
           .inBlock = 16,
           .outBlock = 16},
          target);
    check({.images = 1,
           .channels = 16,
           .outChannels = 16,
           .height = 1,
           .width = 1,
           .inBlock = 16,
           .outBlock = 16,
           .epilogue = true},
          target);
  }
  check({.images = 3,
         .channels = 8,
         .outChannels = 8,
         .height = 7,
         .width = 9,
         .inBlock = 8,
         .outBlock = 8,
         .kernelHeight = 1,
         .kernelWidth = 1,
         .strideY = 2,
         .strideX = 3,
         .symbolicImages = true});
}

// Vectors of channels that do not fill panels of as many as there are registers for.
TEST(BlockedConv, PanelsAreShared) {
  for (const CpuTarget& target : targets()) {
    for (int64_t channels : {80, 96, 144}) {
      check({.images = 1,
             .channels = 16,
             .outChannels = channels,
             .height = 3,
             .width = 5,
             .inBlock = 16,
             .outBlock = 16,
             .epilogue = true},
            target);
    }
    const int64_t block = std::max<int64_t>(target.vectorBytes() / 8, 4);
    check({.images = 2,
           .channels = 3 * block,
           .outChannels = 5 * block,
           .height = 4,
           .width = 4,
           .inBlock = block,
           .outBlock = block,
           .kernelHeight = 3,
           .kernelWidth = 3,
           .epilogue = true},
          target);
  }
}

TEST(BlockedConv, Windows) {
  for (const CpuTarget& target : targets()) {
    check({.images = 1,
           .channels = 16,
           .outChannels = 32,
           .height = 9,
           .width = 11,
           .inBlock = 16,
           .outBlock = 16,
           .kernelHeight = 3,
           .kernelWidth = 3,
           .strideY = 1,
           .strideX = 1,
           .top = 1,
           .left = 1,
           .bottom = 1,
           .right = 1,
           .epilogue = true},
          target);
    check({.images = 2,
           .channels = 16,
           .outChannels = 24,
           .height = 10,
           .width = 8,
           .inBlock = 8,
           .outBlock = 8,
           .kernelHeight = 3,
           .kernelWidth = 3,
           .strideY = 2,
           .strideX = 2,
           .top = 1,
           .left = 1,
           .bottom = 1,
           .right = 1,
           .epilogue = true},
          target);
    check({.images = 1,
           .channels = 8,
           .outChannels = 16,
           .height = 12,
           .width = 13,
           .inBlock = 8,
           .outBlock = 8,
           .kernelHeight = 5,
           .kernelWidth = 3,
           .strideY = 1,
           .strideX = 2,
           .top = 0,
           .left = 2,
           .bottom = 3,
           .right = 0,
           .dilationY = 2,
           .dilationX = 2},
          target);
  }
  check(square({.images = 1,
                .channels = 8,
                .outChannels = 16,
                .height = 6,
                .width = 6,
                .inBlock = 8,
                .outBlock = 8},
               3, 1, 0));
  check(square({.images = 3,
                .channels = 16,
                .outChannels = 16,
                .height = 7,
                .width = 7,
                .inBlock = 16,
                .outBlock = 16,
                .symbolicImages = true},
               3, 1, 1));
}

TEST(BlockedConv, ImagesOfAFewChannels) {
  check(square({.images = 2,
                .channels = 3,
                .outChannels = 16,
                .height = 23,
                .width = 21,
                .inBlock = 1,
                .outBlock = 16,
                .epilogue = true},
               7, 2, 3));
  check(square({.images = 1,
                .channels = 1,
                .outChannels = 8,
                .height = 9,
                .width = 40,
                .inBlock = 1,
                .outBlock = 8},
               3, 1, 1));
  check({.images = 1,
         .channels = 20,
         .outChannels = 16,
         .height = 6,
         .width = 5,
         .inBlock = 1,
         .outBlock = 8});
}

TEST(BlockedConv, LinesThatDoNotFitTheCache) {
  check(square({.images = 1,
                .channels = 64,
                .outChannels = 16,
                .height = 40,
                .width = 41,
                .inBlock = 16,
                .outBlock = 16},
               3, 1, 1));
  check(square({.images = 1,
                .channels = 128,
                .outChannels = 16,
                .height = 30,
                .width = 31,
                .inBlock = 16,
                .outBlock = 16},
               1, 2, 0));
}

TEST(BlockedConv, Depthwise) {
  for (const CpuTarget& target : targets()) {
    const int64_t vector = target.vectorBytes() / 4;
    check({.images = 2,
           .channels = 32,
           .outChannels = 32,
           .height = 9,
           .width = 21,
           .inBlock = vector,
           .outBlock = vector,
           .kernelHeight = 3,
           .kernelWidth = 3,
           .strideY = 1,
           .strideX = 1,
           .top = 1,
           .left = 1,
           .bottom = 1,
           .right = 1,
           .depthwise = true,
           .epilogue = true},
          target);
    check({.images = 1,
           .channels = 24,
           .outChannels = 24,
           .height = 11,
           .width = 12,
           .inBlock = 8,
           .outBlock = 8,
           .kernelHeight = 5,
           .kernelWidth = 5,
           .strideY = 2,
           .strideX = 2,
           .top = 2,
           .left = 2,
           .bottom = 1,
           .right = 1,
           .depthwise = true,
           .epilogue = true},
          target);
  }
  check(square({.images = 1,
                .channels = 8,
                .outChannels = 8,
                .height = 3,
                .width = 3,
                .inBlock = 8,
                .outBlock = 8,
                .depthwise = true},
               5, 1, 2));
  check(square({.images = 1,
                .channels = 8,
                .outChannels = 8,
                .height = 12,
                .width = 30,
                .inBlock = 8,
                .outBlock = 8,
                .dilationY = 2,
                .dilationX = 2,
                .depthwise = true},
               3, 1, 2));
  check({.images = 3,
         .channels = 16,
         .outChannels = 16,
         .height = 4,
         .width = 40,
         .inBlock = 16,
         .outBlock = 16,
         .kernelHeight = 2,
         .kernelWidth = 4,
         .depthwise = true,
         .symbolicImages = true});
}

}  // namespace
}  // namespace mlc::cpu
