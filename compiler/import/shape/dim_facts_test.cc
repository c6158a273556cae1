// Facts about expressions, against their values at many sizes.
#include "compiler/import/shape/dim_facts.h"

#include <gtest/gtest.h>

namespace mlc::sizes {
namespace {

DimExpr parse(const std::string& text) { return *DimExpr::parse(text); }

const char* const kTexts[] = {"0",
                              "1",
                              "n",
                              "n - 1",
                              "max(0, n - 1)",
                              "n + 1",
                              "min(1, n)",
                              "min(n, 4)",
                              "n / 2",
                              "max(n, m)",
                              "min(n, m)",
                              "n * m",
                              "n - min(1, n)",
                              "max(1, m) - 1",
                              "broadcast(n, 3)"};

TEST(DimFacts, AreTrueOfEverySize) {
  for (const char* left : kTexts) {
    for (const char* right : kTexts) {
      const DimExpr a = parse(left), b = parse(right);
      const std::optional<bool> less = isLess(a, b), equal = isEqual(a, b);
      const DimExpr least = smaller(a, b), most = larger(a, b), rest = difference(a, b);
      for (int64_t n = 0; n < 6; ++n) {
        for (int64_t m = 0; m < 6; ++m) {
          const SymbolValues values = {{"n", n}, {"m", m}};
          const int64_t x = *a.evaluate(values), y = *b.evaluate(values);
          if (less) EXPECT_EQ(*less, x < y) << left << " < " << right << " at " << n << ", " << m;
          if (equal) EXPECT_EQ(*equal, x == y) << left << " = " << right;
          EXPECT_EQ(*least.evaluate(values), std::min(x, y)) << left << ", " << right;
          EXPECT_EQ(*most.evaluate(values), std::max(x, y)) << left << ", " << right;
          EXPECT_EQ(*rest.evaluate(values), x - y) << left << " - " << right;
          if (lowerBound(a)) EXPECT_LE(*lowerBound(a), x) << left;
          if (upperBound(a)) EXPECT_GE(*upperBound(a), x) << left;
        }
      }
    }
  }
}

TEST(DimFacts, ProveTheSizesOfNeighbours) {
  EXPECT_EQ(difference(parse("n"), parse("min(1, n)")), parse("max(0, n - 1)"));
  EXPECT_EQ(isLess(parse("max(0, n - 1)"), parse("n - 1")), false);
}

TEST(DimFacts, BoundsOfASliceOfOne) {
  EXPECT_EQ(upperBound(parse("max(0, min(1, n - 1))")), 1);
  EXPECT_EQ(lowerBound(parse("max(0, min(1, n - 1))")), 0);
  EXPECT_EQ(upperBound(parse("max(0, n - 1)")), std::nullopt);
}

}  // namespace
}  // namespace mlc::sizes
