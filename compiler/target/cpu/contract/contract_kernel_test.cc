// Runs compiled contractions and compares them with plain loops over all letters.
#include "compiler/target/cpu/contract/contract_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "compiler/dialect/graph/contract_equation.h"
#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

namespace mlc::cpu {
namespace {

using Sizes = std::map<char, int64_t>;

int64_t count(const std::string& letters, const Sizes& sizes) {
  int64_t n = 1;
  for (char letter : letters) n *= sizes.at(letter);
  return n;
}

int64_t offset(const std::string& letters, const Sizes& sizes, const Sizes& at) {
  int64_t result = 0;
  for (char letter : letters) result = result * sizes.at(letter) + at.at(letter);
  return result;
}

void forAll(const std::string& letters, const Sizes& sizes, Sizes& at, size_t depth,
            const std::function<void()>& body) {
  if (depth == letters.size()) return body();
  for (int64_t i = 0; i < sizes.at(letters[depth]); ++i) {
    at[letters[depth]] = i;
    forAll(letters, sizes, at, depth + 1, body);
  }
}

// The type of a tensor with these letters; those in `symbolic` are symbols of the same name.
std::string type(const std::string& letters, const Sizes& sizes, const std::string& symbolic,
                 const std::string& element) {
  std::string dims, names;
  bool any = false;
  for (char letter : letters) {
    const bool symbol = symbolic.find(letter) != std::string::npos;
    any |= symbol;
    dims += (symbol ? "?" : std::to_string(sizes.at(letter))) + "x";
    names += std::string(names.empty() ? "" : ", ") + "\"" +
             (symbol ? std::string(1, letter) : "") + "\"";
  }
  return "tensor<" + dims + element + (any ? ", #graph.dims<" + names + ">" : "") + ">";
}

template <typename T>
GuardedBuffer filled(int64_t n, int seed) {
  GuardedBuffer buffer(static_cast<size_t>(n) * sizeof(T));
  for (int64_t i = 0; i < n; ++i) {
    buffer.as<T>()[i] = static_cast<T>((i * 7 + seed * 3 + i / 11) % 17 - 8);
  }
  return buffer;
}

// [..K.., ..N..] to panels, as a loader does.
GuardedBuffer packPanels(const float* weight, int64_t batch, int64_t kSize, int64_t n,
                         const PanelLayout& layout) {
  const int64_t panels = (n + layout.panel - 1) / layout.panel;
  GuardedBuffer packed(static_cast<size_t>(batch * panels * kSize * layout.panel) * sizeof(float));
  float* to = packed.as<float>();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t p = 0; p < panels; ++p) {
      for (int64_t k = 0; k < kSize; ++k) {
        for (int64_t j = 0; j < layout.panel; ++j) {
          const int64_t column = p * layout.panel + j;
          const int64_t from = layout.transposed ? column * kSize + k : k * n + column;
          *to++ = column < n ? weight[b * kSize * n + from] : 0;
        }
      }
    }
  }
  return packed;
}

struct Case {
  std::string equation;
  Sizes sizes;
  std::string symbolic = "";
  bool packed = false;
};

// Values are small integers: every order of summation gives the same result.
template <typename T, typename R>
void check(const Case& c, const std::string& element, const std::string& resultElement) {
  SCOPED_TRACE(c.equation + (c.packed ? " packed" : "") + " symbolic: " + c.symbolic);
  auto equation = *graph::ContractEquation::parse(c.equation);
  const std::string lhsType = type(equation.lhs, c.sizes, c.symbolic, element);
  const std::string rhsType = type(equation.rhs, c.sizes, c.symbolic, element);
  const std::string outType = type(equation.result, c.sizes, c.symbolic, resultElement);
  const CpuTarget target = CpuTarget::host();

  GuardedBuffer lhs = filled<T>(count(equation.lhs, c.sizes), 1);
  GuardedBuffer rhs = filled<T>(count(equation.rhs, c.sizes), 2);
  std::string attribute;
  std::optional<GuardedBuffer> panels;
  if constexpr (std::is_same_v<T, float>) {
    if (c.packed) {
      const PanelLayout layout{target.vectorBytes() / 4 * (target.numVectorRegisters() / 8),
                               equation.rhs.back() != equation.result.back()};
      int64_t batch = 1, k = 1, n = 1;
      for (char letter : equation.rhs) {
        int64_t& size = !equation.inResult(letter) ? k : equation.inLhs(letter) ? batch : n;
        size *= c.sizes.at(letter);
      }
      panels.emplace(packPanels(rhs.as<float>(), batch, k, n, layout));
      attribute = " {mlc.panels = #mlc.panels<columns = " + std::to_string(layout.panel) + ">}";
    }
  }
  auto runner = KernelRunner::compile(
      "func.func private @kernel(%x: " + lhsType + ", %w: " + rhsType + attribute + ") -> " +
          outType + " attributes {mlc.kernel} { %0 = graph.contract %x, %w {equation = \"" +
          c.equation + "\"} : (" + lhsType + ", " + rhsType + ") -> " + outType +
          " return %0 : " + outType + " }",
      target);
  ASSERT_TRUE(runner.ok()) << runner.status().message();

  std::vector<R> expected(static_cast<size_t>(count(equation.result, c.sizes)), 0);
  Sizes at;
  forAll(equation.letters(), c.sizes, at, 0, [&] {
    expected[offset(equation.result, c.sizes, at)] +=
        static_cast<R>(lhs.as<T>()[offset(equation.lhs, c.sizes, at)]) *
        static_cast<R>(rhs.as<T>()[offset(equation.rhs, c.sizes, at)]);
  });
  SymbolValues symbols;
  for (char letter : c.symbolic) symbols[std::string(1, letter)] = c.sizes.at(letter);
  for (int threads : {1, 2, 3}) {
    GuardedBuffer out(expected.size() * sizeof(R));
    std::fill_n(out.as<R>(), expected.size(), static_cast<R>(-77777));
    runner->run(symbols, {lhs.as<T>(), panels ? panels->as<T>() : rhs.as<T>(), out.as<R>()},
                threads);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(out.as<R>()[i], expected[i]) << "element " << i << ", threads " << threads;
    }
  }
}

void checkFloat(const Case& c) { check<float, float>(c, "f32", "f32"); }

TEST(ContractKernel, MatrixProductsOfAllSmallShapes) {
  for (int64_t m : {1, 5, 6, 7, 13, 40}) {
    for (int64_t n : {1, 7, 16, 37}) {
      for (int64_t k : {1, 3, 8, 18}) {
        SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k));
        checkFloat({"mk,kn->mn", {{'m', m}, {'n', n}, {'k', k}}});
      }
    }
  }
}

TEST(ContractKernel, SymbolicSizesAreRunTimeValues) {
  for (int64_t m : {1, 4, 11, 12, 13, 30}) {
    for (int64_t n : {1, 16, 33}) {
      const Sizes sizes{{'m', m}, {'n', n}, {'k', 10}};
      checkFloat({"mk,kn->mn", sizes, "mnk"});
      checkFloat({"mk,nk->mn", sizes, "mn"});
    }
  }
}

TEST(ContractKernel, PanelsOfWeights) {
  for (int64_t m : {1, 6, 20}) {
    for (int64_t n : {5, 16, 50}) {
      const Sizes sizes{{'m', m}, {'n', n}, {'k', 9}};
      checkFloat({"mk,kn->mn", sizes, "m", true});
      checkFloat({"mk,nk->mn", sizes, "m", true});
    }
  }
  checkFloat({"bmk,bkn->bmn", {{'b', 3}, {'m', 7}, {'n', 20}, {'k', 5}}, "", true});
  checkFloat({"mk,ank->man", {{'a', 1}, {'m', 7}, {'n', 20}, {'k', 5}}, "m", true});
  checkFloat({"bsk,khd->bhsd", {{'b', 2}, {'s', 5}, {'k', 6}, {'h', 3}, {'d', 8}}, "bs", true});
  checkFloat({"bshd,hdn->bsn", {{'b', 2}, {'s', 5}, {'n', 21}, {'h', 3}, {'d', 4}}, "bs", true});
}

TEST(ContractKernel, AnyEquation) {
  const Sizes sizes{{'b', 2},  {'s', 19}, {'t', 21}, {'h', 3},  {'d', 9},
                    {'k', 10}, {'m', 8},  {'n', 33}, {'e', 16}, {'x', 4}};
  for (const char* equation :
       {"bsk,kn->bsn",     "bsk,nk->bsn",   "bshd,bthd->bhst", "bhst,bthd->bshd", "bhsd,bhtd->bhst",
        "bhst,bhtd->bhsd", "km,kn->mn",     "mk,kn->nm",       "km,nk->nm",       "bk,k->b",
        "k,bk->b",         "k,k->",         "m,n->mn",         "b,b->b",          "bk,bk->b",
        "bs,b->bs",        "bsk,khd->bhsd", "bshd,hdn->bsn",   "bskh,hkn->bns",   "mkx,kn->mn",
        "mk,knx->mn",      "mx,nk->mn",     "bse,bte->bst",    "sbe,tbe->bst",    "md,hde->hme",
        "bsh,she->bse",    "mk,kehn->mhen"}) {
    checkFloat({equation, sizes});
    checkFloat({equation, sizes, "bsthm"});
  }
}

TEST(ContractKernel, DimsOfSizeZero) {
  checkFloat({"mk,kn->mn", {{'m', 3}, {'n', 20}, {'k', 0}}});
  checkFloat({"mk,kn->mn", {{'m', 3}, {'n', 20}, {'k', 0}}, "k"});
  checkFloat({"mk,kn->mn", {{'m', 0}, {'n', 20}, {'k', 4}}, "m"});
  checkFloat({"mk,kn->mn", {{'m', 3}, {'n', 0}, {'k', 4}}, "n"});
  checkFloat({"bmk,bkn->bmn", {{'b', 0}, {'m', 3}, {'n', 2}, {'k', 4}}, "b"});
}

TEST(ContractKernel, SumsLongerThanTheCaches) {
  checkFloat({"mk,kn->mn", {{'m', 14}, {'n', 50}, {'k', 9000}}});
}

TEST(ContractKernel, OtherElementTypes) {
  const Sizes sizes{{'b', 2}, {'m', 13}, {'n', 37}, {'k', 21}};
  for (const char* equation : {"mk,kn->mn", "mk,nk->mn", "bmk,bkn->bmn"}) {
    check<double, double>({equation, sizes}, "f64", "f64");
    check<int8_t, int32_t>({equation, sizes}, "i8", "i32");
  }
}

}  // namespace
}  // namespace mlc::cpu
