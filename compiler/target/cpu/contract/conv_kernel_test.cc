// Runs compiled convolutions and compares them with plain loops over output positions and filter
// elements.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/target/cpu/contract/contract_kernel.h"
#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

using List = std::vector<int64_t>;

struct Conv {
  int64_t images, channels, outChannels;
  List input, kernel;
  List strides, padsLow, padsHigh, dilations;
  int64_t groups = 1;
  bool symbolicImages = false;
  // A bias per channel and a residual of the result's shape, then relu.
  bool epilogue = false;

  size_t rank() const { return input.size(); }
  int64_t output(size_t i) const {
    return (input[i] + padsLow[i] + padsHigh[i] - dilations[i] * (kernel[i] - 1) - 1) / strides[i] +
           1;
  }
};

int64_t product(const List& list) {
  int64_t result = 1;
  for (int64_t value : list) result *= value;
  return result;
}

std::string type(const List& shape, bool symbolicFirst) {
  std::string text = "tensor<", names;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool symbolic = symbolicFirst && i == 0;
    text += (symbolic ? "?" : std::to_string(shape[i])) + "x";
    names += std::string(i ? ", " : "") + (symbolic ? "\"batch\"" : "\"\"");
  }
  return text + "f32" + (symbolicFirst ? ", #graph.dims<" + names + ">" : "") + ">";
}

std::string array(const List& list) {
  std::string text = "array<i64";
  for (size_t i = 0; i < list.size(); ++i) text += (i ? ", " : ": ") + std::to_string(list[i]);
  return text + ">";
}

List outputShape(const Conv& c) {
  List shape{c.images, c.outChannels};
  for (size_t i = 0; i < c.rank(); ++i) shape.push_back(c.output(i));
  return shape;
}

std::string kernelText(const Conv& c) {
  List input{c.images, c.channels}, filter{c.outChannels, c.channels / c.groups};
  input.insert(input.end(), c.input.begin(), c.input.end());
  filter.insert(filter.end(), c.kernel.begin(), c.kernel.end());
  const std::string x = type(input, c.symbolicImages), w = type(filter, false);
  const std::string out = type(outputShape(c), c.symbolicImages), b = type({c.outChannels}, false);
  std::string text = "func.func private @kernel(%x: " + x + ", %w: " + w;
  if (c.epilogue) text += ", %b: " + b + ", %r: " + out;
  text += ") -> " + out + " attributes {mlc.kernel} {\n%0 = graph.conv %x, %w" +
          (c.epilogue ? ", %b" : "") + " {strides = " + array(c.strides) +
          ", pads_low = " + array(c.padsLow) + ", pads_high = " + array(c.padsHigh) +
          ", dilations = " + array(c.dilations) + ", groups = " + std::to_string(c.groups) +
          " : i64} : (" + x + ", " + w + (c.epilogue ? ", " + b : "") + ") -> " + out + "\n";
  if (!c.epilogue) return text + "return %0 : " + out + "\n}";
  return text + "%1 = graph.add %0, %r : (" + out + ", " + out + ") -> " + out +
         "\n%2 = graph.relu %1 : (" + out + ") -> " + out + "\nreturn %2 : " + out + "\n}";
}

GuardedBuffer filled(int64_t n, int seed) {
  GuardedBuffer buffer(static_cast<size_t>(n) * sizeof(float));
  for (int64_t i = 0; i < n; ++i) {
    buffer.as<float>()[i] = static_cast<float>((i * 5 + seed * 3 + i / 7) % 13 - 6);
  }
  return buffer;
}

// Mixed-radix digits of an index.
List digits(int64_t index, const List& sizes) {
  List result(sizes.size());
  for (size_t i = sizes.size(); i-- > 0;) {
    result[i] = index % sizes[i];
    index /= sizes[i];
  }
  return result;
}

float convolved(const Conv& c, const float* x, const float* w, int64_t image, int64_t outChannel,
                const List& position) {
  const int64_t groupChannels = c.channels / c.groups;
  const int64_t group = outChannel / (c.outChannels / c.groups);
  float sum = 0;
  for (int64_t channel = 0; channel < groupChannels; ++channel) {
    for (int64_t element = 0; element < product(c.kernel); ++element) {
      const List at = digits(element, c.kernel);
      int64_t offset = image * c.channels + group * groupChannels + channel;
      bool inside = true;
      for (size_t i = 0; i < c.rank(); ++i) {
        const int64_t coordinate =
            position[i] * c.strides[i] - c.padsLow[i] + at[i] * c.dilations[i];
        inside &= coordinate >= 0 && coordinate < c.input[i];
        offset = offset * c.input[i] + coordinate;
      }
      const int64_t weight = (outChannel * groupChannels + channel) * product(c.kernel) + element;
      if (inside) sum += x[offset] * w[weight];
    }
  }
  return sum;
}

// Values are small integers: every order of summation gives the same result.
void check(const Conv& c) {
  const std::string text = kernelText(c);
  SCOPED_TRACE(text);
  auto runner = KernelRunner::compile(text, CpuTarget::host());
  ASSERT_TRUE(runner.ok()) << runner.status().message();

  const List shape = outputShape(c), spatial(shape.begin() + 2, shape.end());
  GuardedBuffer x = filled(c.images * c.channels * product(c.input), 1);
  GuardedBuffer w = filled(c.outChannels * c.channels / c.groups * product(c.kernel), 2);
  GuardedBuffer bias = filled(c.outChannels, 3), residual = filled(product(shape), 4);
  std::vector<float> expected;
  for (int64_t i = 0; i < product(shape); ++i) {
    const int64_t outChannel = i / product(spatial) % c.outChannels;
    const int64_t image = i / product(spatial) / c.outChannels;
    float value = convolved(c, x.as<float>(), w.as<float>(), image, outChannel,
                            digits(i % product(spatial), spatial));
    if (c.epilogue) {
      value = std::max(0.0f, value + bias.as<float>()[outChannel] + residual.as<float>()[i]);
    }
    expected.push_back(value);
  }
  SymbolValues symbols;
  if (c.symbolicImages) symbols["batch"] = c.images;
  for (int threads : {1, 2, 3}) {
    GuardedBuffer out(expected.size() * sizeof(float));
    std::fill_n(out.as<float>(), expected.size(), -77777.0f);
    std::vector<void*> buffers{x.as<float>(), w.as<float>()};
    if (c.epilogue) buffers.insert(buffers.end(), {bias.as<float>(), residual.as<float>()});
    buffers.push_back(out.as<float>());
    runner->run(symbols, buffers, threads);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(out.as<float>()[i], expected[i]) << "element " << i << ", threads " << threads;
    }
  }
}

TEST(ConvKernel, WindowsStridesPadsAndDilations) {
  for (int64_t size : {5, 14, 19}) {
    for (int64_t kernel : {1, 3}) {
      for (int64_t stride : {1, 2}) {
        for (int64_t pad : {0, 1}) {
          check({1,
                 3,
                 7,
                 {size, size + 3},
                 {kernel, kernel},
                 {stride, stride},
                 {pad, pad},
                 {pad, pad},
                 {1, 1}});
        }
      }
    }
  }
  check({1, 3, 7, {20, 21}, {3, 2}, {1, 2}, {2, 1}, {0, 3}, {2, 3}});
  check({1, 2, 3, {3, 3}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}});
  check({1, 3, 8, {30, 30}, {7, 7}, {2, 2}, {3, 3}, {3, 3}, {1, 1}});
}

TEST(ConvKernel, Groups) {
  check({2, 4, 6, {9, 17}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 2});
  check({2, 4, 6, {9, 17}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, 2});
}

TEST(ConvKernel, Depthwise) {
  for (int64_t stride : {1, 2}) {
    for (int64_t width : {4, 9, 18, 40}) {
      check({2, 5, 5, {7, width}, {3, 3}, {stride, stride}, {1, 1}, {1, 1}, {1, 1}, 5});
    }
  }
  check({1, 4, 8, {12, 25}, {5, 5}, {1, 1}, {2, 2}, {2, 2}, {1, 1}, 4});
  check({1, 4, 4, {12, 25}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}, 4, false, true});
}

TEST(ConvKernel, OneAndThreeSpatialDims) {
  check({2, 3, 5, {33}, {4}, {1}, {2}, {1}, {1}});
  check({2, 3, 3, {33}, {4}, {3}, {2}, {1}, {2}, 3});
  check({1, 3, 5, {4, 5, 17}, {2, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}});
  check({1, 4, 4, {4, 5, 17}, {2, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 4});
}

TEST(ConvKernel, EpilogueAndSymbolicBatch) {
  for (int64_t kernel : {1, 3}) {
    Conv c{3,
           4,
           9,
           {6, 11},
           {kernel, kernel},
           {1, 1},
           {kernel / 2, kernel / 2},
           {kernel / 2, kernel / 2},
           {1, 1}};
    c.symbolicImages = true;
    c.epilogue = true;
    check(c);
  }
}

}  // namespace
}  // namespace mlc::cpu
