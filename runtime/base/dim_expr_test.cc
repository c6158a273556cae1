#include "runtime/base/dim_expr.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace mlc {
namespace {

DimExpr parse(std::string_view text) {
  StatusOr<DimExpr> result = DimExpr::parse(text);
  EXPECT_TRUE(result.ok()) << text << ": " << result.status().message();
  return result.ok() ? *result : DimExpr(0);
}

TEST(DimExpr, EqualFormsAreEqualStrings) {
  EXPECT_EQ(parse("seq*batch").str(), parse("batch * seq").str());
  EXPECT_EQ(parse("(a + b) - b").str(), "a");
  EXPECT_EQ(parse("2 * (a + 1)").str(), parse("a + 2 + a").str());
  EXPECT_EQ(parse("(a + b) * (a - b)").str(), parse("a * a - b * b").str());
  EXPECT_EQ(parse("min(a, b)").str(), parse("min(b, a)").str());
  EXPECT_EQ(parse("broadcast(b, a)").str(), "broadcast(a, b)");
  EXPECT_EQ(parse("broadcast(broadcast(b, c), broadcast(a, b))"),
            parse("broadcast(a, broadcast(b, c))"));
  EXPECT_EQ(parse("broadcast(a, 1)").str(), "a");
  EXPECT_EQ(parse("broadcast(broadcast(a, b), 7)").str(), "7");
  EXPECT_EQ(parse("a - a").str(), "0");
  EXPECT_NE(parse("a / 2").str(), parse("ceildiv(a, 2)").str());
}

TEST(DimExpr, DivisionIsExactWhereItCanBe) {
  EXPECT_EQ(parse("6 * batch / 3").str(), "2 * batch");
  EXPECT_EQ(parse("batch * seq / seq").str(), "batch");
  EXPECT_EQ(parse("(4 * a + 8 * b) / 4").str(), parse("a + 2 * b").str());
  EXPECT_EQ(parse("batch * 12 % 4").str(), "0");
  EXPECT_EQ(parse("-7 / 2").str(), "-4");
  EXPECT_EQ(parse("ceildiv(7, 2)").str(), "4");
  EXPECT_EQ(parse("(a + 1) / (a + 1)").str(), "1");
  EXPECT_FALSE(parse("(a + 1) / 2").isConstant());
}

TEST(DimExpr, MinAndMaxOfComparableFormsAreFolded) {
  EXPECT_EQ(parse("min(a, a + 3)").str(), "a");
  EXPECT_EQ(parse("max(a, a + 3)").str(), "a + 3");
}

TEST(DimExpr, OverflowAndDivisionByZeroAreErrors) {
  EXPECT_FALSE(parse("a * a").evaluate({{"a", int64_t{1} << 40}}).ok());
  EXPECT_FALSE(parse("a + 1").evaluate({{"a", INT64_MAX}}).ok());
  EXPECT_FALSE(parse("a / b").evaluate({{"a", 1}, {"b", 0}}).ok());
  EXPECT_FALSE((DimExpr(int64_t{1} << 62) * DimExpr(4)).evaluate({}).ok());
  EXPECT_FALSE(DimExpr::parse("4611686018427387904 * 4").ok());
  EXPECT_FALSE(DimExpr::parse("99999999999999999999").ok());
}

TEST(DimExpr, TheLeastNumberIsReadBack) {
  const DimExpr least(INT64_MIN), sum = DimExpr::symbol("a") + least;
  EXPECT_EQ(parse(least.str()), least);
  EXPECT_EQ(parse(sum.str()), sum);
  EXPECT_FALSE(DimExpr::parse("9223372036854775808").ok());
  EXPECT_FALSE(DimExpr::parse("-9223372036854775809").ok());
}

TEST(DimExpr, MissingSymbolIsNamed) {
  StatusOr<int64_t> value = parse("batch * seq").evaluate({{"batch", 2}});
  ASSERT_FALSE(value.ok());
  EXPECT_NE(value.status().message().find("seq"), std::string::npos);
}

TEST(DimExpr, BadTextIsAnError) {
  for (const char* text : {"", "a +", "(a", "a b", "f(a, b)", "min(a)", "a ! b", "-"}) {
    EXPECT_FALSE(DimExpr::parse(text).ok()) << text;
  }
  EXPECT_FALSE(DimExpr::parse(std::string(100000, '(')).ok());
}

TEST(DimExpr, SubstituteReplacesInsideDivisions) {
  const DimExpr replaced = parse("(a + 1) / 2 + b").substitute({{"a", parse("2 * c + 1")}});
  EXPECT_EQ(replaced.str(), parse("c + 1 + b").str());
}

TEST(DimExpr, CollectsSymbols) {
  std::set<std::string> symbols;
  parse("min(a, b / 3) + c").collectSymbols(symbols);
  EXPECT_EQ(symbols, (std::set<std::string>{"a", "b", "c"}));
}

// Expressions whose text grows exponentially, or whose operators nest without end, as a hostile
// file may have them.
TEST(DimExpr, WhatIsTooLargeIsAnError) {
  std::string product, remainders = "n", quotients = "n", power = "n", sum = "n";
  for (int i = 0; i < 24; ++i) {
    const std::string number = std::to_string(i);
    product += (i ? " * " : "") + ("(a" + number) + " + b" + number + ")";
  }
  for (int i = 0; i < 700; ++i) {
    remainders += " % k" + std::to_string(i);
    quotients += " / " + std::to_string(i + 2) + "/m";
    power += "*n";
    sum += " + n" + std::to_string(i) + " / k";
  }
  for (const std::string& text :
       {product, remainders, quotients, power, sum, std::string(1 << 20, 'x'),
        "(" + std::string(1 << 20, '-') + "n)"}) {
    const StatusOr<DimExpr> parsed = DimExpr::parse(text);
    ASSERT_FALSE(parsed.ok()) << text.substr(0, 60);
    EXPECT_NE(parsed.status().message().find("too l"), std::string::npos)
        << parsed.status().message().substr(0, 200);
  }
  // The same by operators, as models have them, has no value, and so does what is made of it.
  DimExpr n = DimExpr::symbol("n");
  for (int i = 0; i < 100; ++i) n = floorDiv(n + DimExpr(1), DimExpr(2)) * (n + DimExpr(i));
  EXPECT_FALSE(n.isDefined());
  EXPECT_FALSE(n.evaluate({{"n", 5}}).ok());
}

TEST(DimExpr, WhatIsNotTooLargeIsReadAgain) {
  DimExpr deep = DimExpr::symbol("n"), wide = 0;
  for (int i = 0; i < 55; ++i) deep = floorDiv(deep + DimExpr(i), DimExpr(2));
  for (int i = 0; i < 400; ++i) wide = wide + DimExpr::symbol("n" + std::to_string(i));
  for (const DimExpr& expr : {deep, wide}) {
    EXPECT_TRUE(expr.isDefined());
    EXPECT_EQ(parse(expr.str()).str(), expr.str());
  }
}

// A random expression together with its value, computed without DimExpr.
struct Sample {
  DimExpr expr;
  int64_t value;
};

int64_t floorOf(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  while (quotient * b > a) --quotient;
  while ((quotient + 1) * b <= a) ++quotient;
  return quotient;
}

TEST(DimExpr, RandomExpressionsKeepTheirValueAndText) {
  std::mt19937 random(7);
  auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int trial = 0; trial < 3000; ++trial) {
    const SymbolValues symbols = {{"a", pick(1, 9)}, {"b", pick(1, 9)}, {"c", pick(1, 9)}};
    std::function<Sample(int)> make = [&](int depth) -> Sample {
      const int kind = depth == 0 ? pick(0, 1) : pick(0, 8);
      if (kind == 0) {
        const int constant = pick(1, 6);
        return {DimExpr(constant), constant};
      }
      if (kind == 1) {
        const std::string name(1, static_cast<char>('a' + pick(0, 2)));
        return {DimExpr::symbol(name), symbols.find(name)->second};
      }
      const Sample x = make(depth - 1);
      const Sample y = make(depth - 1);
      if (kind == 2) return {x.expr + y.expr, x.value + y.value};
      if (kind == 3) return {x.expr - y.expr, x.value - y.value};
      if (kind == 4) return {x.expr * y.expr, x.value * y.value};
      if (kind == 5) return {min(x.expr, y.expr), std::min(x.value, y.value)};
      if (kind == 6) return {max(x.expr, y.expr), std::max(x.value, y.value)};
      if (y.value <= 0) return x;
      if (kind == 7) return {floorDiv(x.expr, y.expr), floorOf(x.value, y.value)};
      return {ceilDiv(x.expr, y.expr) + mod(x.expr, y.expr),
              -floorOf(-x.value, y.value) + x.value - floorOf(x.value, y.value) * y.value};
    };
    const Sample sample = make(3);
    StatusOr<int64_t> value = sample.expr.evaluate(symbols);
    ASSERT_TRUE(value.ok()) << sample.expr.str() << ": " << value.status().message();
    EXPECT_EQ(*value, sample.value) << sample.expr.str();
    EXPECT_EQ(parse(sample.expr.str()).str(), sample.expr.str());
  }
}

}  // namespace
}  // namespace mlc
