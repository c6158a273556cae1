// Runs compiled attention kernels and compares them with softmax(q k^T * scale + mask) v in double
// precision.
#include "compiler/target/cpu/attention/attention_kernel.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Attention {
  int64_t heads = 1, kvHeads = 1, depth = 8, valueDepth = 8;
  std::string element = "f32";
  // The mask's dims: '1', or 'b', 'h', 'q', 'k'. Empty: no mask.
  std::string mask = "";
  bool causal = false, zeroMasked = false;
  // Tensors are [batch, length, heads, depth] with transposes around the attention.
  bool lengthFirst = false;
  double scale = 0.3;
  // The dims of what is kept, as the mask's; empty: no `keep`.
  std::string keep = "";
  double fill = -100;
};

struct Lengths {
  int64_t batch, queries, keys;
};

enum class Values { kPlain, kWithInfiniteMask, kRisingScores, kNaNInAKey };

using Shape = std::vector<std::string>;  // numbers, or the symbols b, q, k

std::string typeOf(const Shape& shape, const std::string& element) {
  std::string text = "tensor<", names;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool symbolic = std::isalpha(shape[i][0]) != 0;
    text += (symbolic ? "?" : shape[i]) + "x";
    names += std::string(i ? ", " : "") + "\"" + (symbolic ? shape[i] : "") + "\"";
  }
  const bool isDynamic = text.find('?') != std::string::npos;
  return text + element + (isDynamic ? ", #graph.dims<" + names + ">" : "") + ">";
}

class Tester {
 public:
  explicit Tester(const Attention& a) : a_(a) {
    const std::string heads = std::to_string(a.heads), kvHeads = std::to_string(a.kvHeads),
                      depth = std::to_string(a.depth), valueDepth = std::to_string(a.valueDepth);
    const Shape q = {"b", heads, "q", depth}, k = {"b", kvHeads, "k", depth},
                v = {"b", kvHeads, "k", valueDepth}, r = {"b", heads, "q", valueDepth};
    std::string arguments, body, names, types;
    auto operand = [&](const std::string& name, const Shape& shape) {
      const std::string type = typeOf(shape, a.element);
      arguments += (arguments.empty() ? "%" : ", %") + name + ": ";
      if (a.lengthFirst) {
        const std::string outside = typeOf({shape[0], shape[2], shape[1], shape[3]}, a.element);
        arguments += outside;
        body += "%" + name + "t = graph.transpose %" + name +
                " {permutation = array<i64: 0, 2, 1, 3>} : (" + outside + ") -> " + type + "\n";
      } else {
        arguments += type;
      }
      names += (names.empty() ? "%" : ", %") + name + (a.lengthFirst ? "t" : "");
      types += (types.empty() ? "" : ", ") + type;
    };
    operand("x", q);
    operand("y", k);
    operand("z", v);
    auto overScores = [&](const std::string& name, const std::string& separator,
                          const std::string& dims, const std::string& element) {
      if (dims.empty()) return;
      Shape shape;
      for (char dim : dims) shape.push_back(dim == 'h' ? heads : std::string(1, dim));
      const std::string type = typeOf(shape, element);
      arguments += ", %" + name + ": " + type;
      names += separator + "%" + name;
      types += ", " + type;
    };
    overScores("m", ", ", a.mask, a.element);
    overScores("s", " keep ", a.keep, "i1");
    const std::string inside = typeOf(r, a.element);
    body += "%0 = graph.attention " + names + " {scale = " + std::to_string(a.scale) + " : f64" +
            (a.keep.empty() ? "" : ", fill = " + std::to_string(a.fill) + " : f64") +
            ", causal = " + (a.causal ? "true" : "false") +
            ", zero_masked = " + (a.zeroMasked ? "true" : "false") + "} : (" + types + ") -> " +
            inside + "\n";
    std::string result = inside, last = "%0";
    if (a.lengthFirst) {
      result = typeOf({r[0], r[2], r[1], r[3]}, a.element);
      last = "%1";
      body += "%1 = graph.transpose %0 {permutation = array<i64: 0, 2, 1, 3>} : (" + inside +
              ") -> " + result + "\n";
    }
    auto runner = KernelRunner::compile("func.func private @kernel(" + arguments + ") -> " +
                                            result + " attributes {mlc.kernel} {\n" + body +
                                            "return " + last + " : " + result + "\n}",
                                        CpuTarget::host());
    if (runner.ok()) {
      runner_.emplace(*std::move(runner));
    } else {
      ADD_FAILURE() << runner.status().message();
    }
  }

  void check(const Lengths& n, Values values = Values::kPlain) {
    if (!runner_) return;
    SCOPED_TRACE("batch " + std::to_string(n.batch) + ", queries " + std::to_string(n.queries) +
                 ", keys " + std::to_string(n.keys));
    std::vector<double> q = numbers(n.batch * a_.heads * n.queries * a_.depth, 1),
                        k = numbers(n.batch * a_.kvHeads * n.keys * a_.depth, 2),
                        v = numbers(n.batch * a_.kvHeads * n.keys * a_.valueDepth, 3);
    if (values == Values::kNaNInAKey) k[k.size() / 2] = kNaN;
    std::vector<double> mask;
    if (!a_.mask.empty()) {
      mask = numbers(sizeOfDims(a_.mask, n), 4);
      for (size_t i = 0; i < mask.size(); ++i) {
        if (values == Values::kRisingScores) mask[i] = static_cast<double>(i % 512) / 4 - 20;
        // Whole rows, too.
        if (values == Values::kWithInfiniteMask && (i * 7 % 5 < 2 || i / n.keys % 3 == 0)) {
          mask[i] = -kInfinity;
        }
      }
    }
    std::vector<char> keep;
    for (int64_t i = 0; !a_.keep.empty() && i < sizeOfDims(a_.keep, n); ++i) {
      // Whole rows are not kept, too.
      keep.push_back(i * 5 % 7 < 4 && i / n.keys % 3 != 1);
    }
    const std::vector<double> expected = reference(n, q, k, v, mask, keep);
    GuardedBuffer bq = stored(q), bk = stored(k), bv = stored(v), bm = stored(mask),
                  bs(keep.size());
    std::copy(keep.begin(), keep.end(), bs.as<char>());
    for (int threads : {1, 3}) {
      GuardedBuffer out = stored(std::vector<double>(expected.size(), -777));
      std::vector<void*> buffers = {bq.as<void>(), bk.as<void>(), bv.as<void>()};
      if (!a_.mask.empty()) buffers.push_back(bm.as<void>());
      if (!a_.keep.empty()) buffers.push_back(bs.as<void>());
      buffers.push_back(out.as<void>());
      runner_->run({{"b", n.batch}, {"q", n.queries}, {"k", n.keys}}, buffers, threads);
      for (size_t i = 0; i < expected.size(); ++i) {
        const double actual = load(out, i);
        if (std::isnan(expected[i])) {
          ASSERT_TRUE(std::isnan(actual)) << "element " << i << " is " << actual;
        } else {
          ASSERT_NEAR(actual, expected[i], tolerance() * (1 + std::abs(expected[i])))
              << "element " << i << ", threads " << threads;
        }
      }
    }
  }

 private:
  // Exact in every type of elements.
  static std::vector<double> numbers(int64_t n, int64_t seed) {
    std::vector<double> list(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      list[static_cast<size_t>(i)] = static_cast<double>((i * 37 + seed * 11) % 61 - 30) / 16;
    }
    return list;
  }

  // The result is rounded once to its type.
  double tolerance() const {
    return a_.element == "f32" ? 2e-5 : a_.element == "f16" ? 0x1p-11 : 0x1p-8;
  }

  GuardedBuffer stored(const std::vector<double>& list) const {
    GuardedBuffer buffer(list.size() * (a_.element == "f32" ? 4 : 2));
    for (size_t i = 0; i < list.size(); ++i) {
      const auto value = static_cast<float>(list[i]);
      if (a_.element == "f32") {
        buffer.as<float>()[i] = value;
      } else if (a_.element == "f16") {
        buffer.as<_Float16>()[i] = static_cast<_Float16>(value);
      } else {
        buffer.as<uint16_t>()[i] = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
      }
    }
    return buffer;
  }

  double load(GuardedBuffer& buffer, size_t i) const {
    if (a_.element == "f32") return buffer.as<float>()[i];
    if (a_.element == "f16") return static_cast<double>(buffer.as<_Float16>()[i]);
    return std::bit_cast<float>(static_cast<uint32_t>(buffer.as<uint16_t>()[i]) << 16);
  }

  int64_t sizeOfDims(const std::string& dims, const Lengths& n) const {
    int64_t size = 1;
    for (char dim : dims) size *= sizeOf(dim, n);
    return size;
  }
  int64_t sizeOf(char dim, const Lengths& n) const {
    return dim == 'b'   ? n.batch
           : dim == 'h' ? a_.heads
           : dim == 'q' ? n.queries
           : dim == 'k' ? n.keys
                        : 1;
  }
  // Of score (b, h, q, k) in a tensor that broadcasts to the scores.
  size_t scoreAt(const std::string& dims, const Lengths& n, int64_t b, int64_t h, int64_t q,
                 int64_t k) const {
    int64_t at = 0;
    for (char dim : dims) {
      const int64_t index = dim == 'b' ? b : dim == 'h' ? h : dim == 'q' ? q : dim == 'k' ? k : 0;
      at = at * sizeOf(dim, n) + index;
    }
    return static_cast<size_t>(at);
  }
  // Of element (b, h, i, d) of a tensor with so many heads, positions and depth.
  size_t at(int64_t b, int64_t h, int64_t i, int64_t d, int64_t heads, int64_t length,
            int64_t depth) const {
    const int64_t row =
        a_.lengthFirst ? (b * length + i) * heads + h : (b * heads + h) * length + i;
    return static_cast<size_t>(row * depth + d);
  }

  std::vector<double> reference(const Lengths& n, const std::vector<double>& q,
                                const std::vector<double>& k, const std::vector<double>& v,
                                const std::vector<double>& mask,
                                const std::vector<char>& keep) const {
    std::vector<double> result(static_cast<size_t>(n.batch * a_.heads * n.queries * a_.valueDepth));
    std::vector<double> scores(static_cast<size_t>(n.keys));
    for (int64_t b = 0; b < n.batch; ++b) {
      for (int64_t h = 0; h < a_.heads; ++h) {
        const int64_t g = h * a_.kvHeads / a_.heads;
        for (int64_t i = 0; i < n.queries; ++i) {
          double highest = -kInfinity, sum = 0;
          for (int64_t j = 0; j < n.keys; ++j) {
            double score = 0;
            for (int64_t d = 0; d < a_.depth; ++d) {
              score += q[at(b, h, i, d, a_.heads, n.queries, a_.depth)] *
                       k[at(b, g, j, d, a_.kvHeads, n.keys, a_.depth)];
            }
            score *= a_.scale;
            if (!keep.empty() && !keep[scoreAt(a_.keep, n, b, h, i, j)]) score = a_.fill;
            if (!mask.empty()) score += mask[scoreAt(a_.mask, n, b, h, i, j)];
            if (a_.causal && j > i + n.keys - n.queries) score = -kInfinity;
            scores[static_cast<size_t>(j)] = score;
            if (std::isnan(score) || score > highest) highest = score;
          }
          for (double& score : scores) sum += score = std::exp(score - highest);
          const bool unseen = highest == -kInfinity;
          for (int64_t d = 0; d < a_.valueDepth; ++d) {
            double total = 0;
            for (int64_t j = 0; j < n.keys; ++j) {
              total += scores[static_cast<size_t>(j)] *
                       v[at(b, g, j, d, a_.kvHeads, n.keys, a_.valueDepth)];
            }
            if (n.keys == 0 || (unseen && a_.zeroMasked)) {
              total = 0;
            } else {
              total /= sum;
            }
            result[at(b, h, i, d, a_.heads, n.queries, a_.valueDepth)] = total;
          }
        }
      }
    }
    return result;
  }

  Attention a_;
  std::optional<KernelRunner> runner_;
};

TEST(AttentionKernel, AllLengths) {
  Tester tester({.heads = 2, .kvHeads = 2, .depth = 8, .valueDepth = 8});
  for (int64_t queries : {0, 1, 2, 5, 6, 7, 13, 47, 48, 49, 61}) {
    for (int64_t keys : {0, 1, 3, 16, 17, 63, 64, 65, 131}) tester.check({1, queries, keys});
  }
  for (int64_t keys : {255, 256, 257, 523}) tester.check({2, 5, keys});
  tester.check({0, 3, 4});
  tester.check({3, 101, 300});
}

TEST(AttentionKernel, HeadSizes) {
  for (auto [depth, valueDepth] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {3, 5}, {16, 17}, {40, 80}, {64, 64}, {96, 33}, {128, 128}, {256, 200}}) {
    SCOPED_TRACE(std::to_string(depth) + " and " + std::to_string(valueDepth));
    Tester tester({.heads = 2, .kvHeads = 2, .depth = depth, .valueDepth = valueDepth});
    tester.check({2, 7, 19});
    tester.check({1, 50, 70});
  }
}

TEST(AttentionKernel, FewQueriesReadKeysAndValuesInPlace) {
  for (bool lengthFirst : {false, true}) {
    Tester tester({.heads = 4,
                   .kvHeads = 2,
                   .depth = 32,
                   .valueDepth = 64,
                   .causal = lengthFirst,
                   .lengthFirst = lengthFirst});
    for (int64_t keys : {1, 7, 8, 9, 64, 267, 530}) tester.check({2, 1, keys});
    for (int64_t queries : {2, 5, 6}) tester.check({2, queries, 77});
  }
  Tester narrow({.heads = 2, .kvHeads = 2, .depth = 48, .valueDepth = 32, .element = "f16"});
  for (int64_t queries : {1, 2, 3}) narrow.check({2, queries, 71});
}

TEST(AttentionKernel, CausalSeesUpToItself) {
  Tester tester({.heads = 3, .kvHeads = 3, .causal = true});
  for (int64_t length : {1, 2, 7, 48, 49, 100, 300}) tester.check({1, length, length});
  tester.check({2, 5, 23});
  tester.check({2, 1, 270});
  tester.check({1, 23, 5});  // the first queries see nothing: NaN
  tester.check({1, 300, 40});
  Tester zeros({.heads = 3, .kvHeads = 3, .causal = true, .zeroMasked = true});
  zeros.check({1, 23, 5});
  zeros.check({1, 300, 40});
}

TEST(AttentionKernel, GroupedHeadsShareTheirKeys) {
  for (bool causal : {false, true}) {
    Tester tester({.heads = 6, .kvHeads = 2, .depth = 16, .valueDepth = 24, .causal = causal});
    for (int64_t queries : {1, 5, 37}) {
      tester.check({2, queries, queries});
      tester.check({1, queries, queries + 40});
    }
    tester.check({1, 9, 4});
  }
}

TEST(AttentionKernel, MasksOfAllShapes) {
  for (const char* mask : {"k", "qk", "bhqk", "b11k", "11qk", "bhq1", "1h11", "1", "hq1"}) {
    SCOPED_TRACE(mask);
    Tester tester({.heads = 4, .kvHeads = 2, .mask = mask});
    tester.check({2, 9, 37});
    tester.check({2, 5, 16}, Values::kWithInfiniteMask);
    tester.check({1, 50, 300}, Values::kRisingScores);
  }
}

// A score that is not kept is the fill, whatever the product is; the mask is added to it.
TEST(AttentionKernel, ScoresThatAreNotKeptAreTheFill) {
  for (const char* keep : {"k", "qk", "bhqk", "b11k", "hq1"}) {
    for (double fill : {-100.0, 0.25}) {
      for (const char* mask : {"", "bhqk"}) {
        SCOPED_TRACE(std::string(keep) + ", " + std::to_string(fill) + ", " + mask);
        Tester tester({.heads = 4,
                       .kvHeads = 2,
                       .mask = mask,
                       .causal = keep == std::string("qk"),
                       .lengthFirst = keep == std::string("b11k"),
                       .keep = keep,
                       .fill = fill});
        tester.check({2, 9, 37});
        tester.check({1, 1, 270});
        tester.check({1, 50, 300}, mask == std::string() ? Values::kPlain : Values::kRisingScores);
      }
    }
  }
  Tester narrow({.heads = 2, .kvHeads = 2, .element = "bf16", .keep = "bhqk"});
  narrow.check({2, 13, 37});
}

TEST(AttentionKernel, RowsWithEverythingMasked) {
  for (bool zeroMasked : {false, true}) {
    for (bool causal : {false, true}) {
      Tester tester(
          {.heads = 2, .kvHeads = 2, .mask = "bhqk", .causal = causal, .zeroMasked = zeroMasked});
      for (int64_t keys : {1, 15, 33, 290}) tester.check({2, 11, keys}, Values::kWithInfiniteMask);
    }
  }
}

TEST(AttentionKernel, NaNReachesEveryQueryOfItsHead) {
  Tester tester({.heads = 2, .kvHeads = 2});
  tester.check({1, 7, 20}, Values::kNaNInAKey);
  tester.check({1, 7, 400}, Values::kNaNInAKey);
}

TEST(AttentionKernel, TransposesAreStrides) {
  for (bool causal : {false, true}) {
    Tester tester({.heads = 6,
                   .kvHeads = 3,
                   .depth = 24,
                   .valueDepth = 32,
                   .mask = "b11k",
                   .causal = causal,
                   .lengthFirst = true});
    tester.check({2, 13, 29});
    tester.check({1, 1, 65});
    tester.check({2, 64, 64}, Values::kWithInfiniteMask);
  }
}

TEST(AttentionKernel, NarrowFloatsAreRoundedOnce) {
  for (const char* element : {"f16", "bf16"}) {
    SCOPED_TRACE(element);
    Tester tester({.heads = 4,
                   .kvHeads = 2,
                   .depth = 24,
                   .valueDepth = 40,
                   .element = element,
                   .mask = "qk",
                   .lengthFirst = true});
    tester.check({2, 13, 37});
    tester.check({1, 7, 270}, Values::kWithInfiniteMask);
  }
}

// The kernels of other CPUs than this one.
TEST(AttentionKernel, IsMadeForOtherCpus) {
  const std::string text =
      "func.func private @kernel(%q: tensor<2x3x20x24xf32>, %k: tensor<2x3x9x24xf32>, "
      "%v: tensor<2x3x9x8xf32>) -> tensor<2x3x20x8xf32> attributes {mlc.kernel} {\n"
      "%0 = graph.attention %q, %k, %v {scale = 0.5 : f64} : (tensor<2x3x20x24xf32>, "
      "tensor<2x3x9x24xf32>, tensor<2x3x9x8xf32>) -> tensor<2x3x20x8xf32>\n"
      "return %0 : tensor<2x3x20x8xf32>\n}";
  for (const char* name : {"x86-64", "x86-64-v3", "x86-64-v4", "aarch64"}) {
    auto target = CpuTarget::named(name);
    ASSERT_TRUE(target.ok());
    auto runner = KernelRunner::compile(text, *target);
    EXPECT_TRUE(runner.ok()) << name << ": " << runner.status().message();
  }
}

}  // namespace
}  // namespace mlc::cpu
