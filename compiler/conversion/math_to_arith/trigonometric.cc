// sin, cos and tan: x = n pi / 2 + r, |r| <= pi / 4, by M. H. Payne's and R. N. Hanek's reduction
// (Radian reduction for trigonometric functions, SIGNUM Newsletter 18, 1983) of every argument: of
// the product x 2 / pi only the digits count that are neither multiples of 4 nor too small to
// matter. Which digits of 2 / pi these are depends on the exponent of x; they are chosen by
// selects, so that nothing branches and no table is read. The digits are short enough that their
// products with (parts of) x are exact.
#include "compiler/conversion/math_to_arith/coefficients.h"
#include "compiler/conversion/math_to_arith/functions.h"

namespace mlc::math_to_arith {
namespace {

// |x| = (n + 4 m) pi / 2 + r.high + r.low for some m.
struct Reduced {
  Pair r;  // without a low part for f32
  Value n;
};

Value moduloFour(Arithmetic& a, Value x) {
  Value quarter = a.roundEven(a.mul(x, a.number(0.25)));
  return a.fma(quarter, a.number(-4), x);
}

// Of an |x| that came from f32: 24 bits times digits of 29 bits.
Reduced reduceSingle(Arithmetic& a, Value x) {
  constexpr int kBits = 29;
  // With j digits left out, three remain: two exact ones and the rest.
  auto digit = [&](int j) { return std::ldexp(kTwoOverPi29[j], -kBits * (j + 1)); };
  Value first = a.number(digit(0)), second = a.number(digit(1)),
        rest = a.number(digit(2) + digit(3));
  for (int j = 1; j <= 3; ++j) {
    // From here on the product with digit j - 1 is a multiple of 4.
    Value isBeyond = a.not_(a.less(x, a.number(std::ldexp(1.0, 25 + kBits * j))));
    first = a.select(isBeyond, a.number(digit(j)), first);
    second = a.select(isBeyond, a.number(digit(j + 1)), second);
    rest = a.select(isBeyond, a.number(digit(j + 2) + (j < 3 ? digit(j + 3) : 0)), rest);
  }
  Value product = moduloFour(a, a.mul(x, first)), next = a.mul(x, second);
  Arithmetic::Rounded n = a.round(a.add(product, next));
  Value fraction = a.add(a.sub(product, n.number), next);
  fraction = a.fma(x, rest, fraction);
  return {{a.mul(fraction, a.number(0x1.921fb54442d18p+0)), {}}, n.integer};
}

// The digits first + 0, ... first + 7 of 2 / pi in base 2^27, for -2 <= first <= 36: those before
// digit 0 are zero. A shifter: each bit of the distance halves what is left to choose from.
llvm::SmallVector<Value> digitsFrom(Arithmetic& a, Value first) {
  constexpr int kBefore = 2, kWindow = 8, kLargest = 38;
  Value distance = a.addInt(first, a.integer(kBefore));
  llvm::SmallVector<Value> digits(kBefore, a.number(0));
  for (int k = 0; k < kLargest + kWindow - kBefore; ++k)
    digits.push_back(a.number(kTwoOverPi27[k]));
  for (int step = 32; step > 0; step /= 2) {
    Value isSet = a.hasBits(distance, step);
    llvm::SmallVector<Value> chosen;
    for (int k = 0; k < kWindow + step - 1; ++k) {
      const size_t further = static_cast<size_t>(k + step);
      chosen.push_back(further < digits.size() ? a.select(isSet, digits[further], digits[k])
                                               : digits[k]);
    }
    digits = std::move(chosen);
  }
  return digits;
}

// Of |x| in f64. x = (high + low) 2^(27 (j + 1)), both with 26 bits, and 2 / pi = sum of c_k 2^(-27
// k): column k of the product, of weight 2^(-27 k), is high c_(j+k+1) + 2^27 low c_(j+k), with 53
// bits; columns before k = 0 are multiples of 4.
Reduced reduceDouble(Arithmetic& a, Value x) {
  constexpr int kBits = 27;
  Value exponent = a.subInt(a.shiftRight(a.bits(x), 52), a.integer(1023 - kBits));
  Value isSmall = a.less(x, a.number(0x1.921fb54442d18p-1));
  exponent = a.select(isSmall, a.integer(kBits), exponent);
  // floor(exponent / 27) of 0 ... 1050.
  Value shift = a.shiftRight(a.mulInt(exponent, a.integer(2428)), 16);
  Value power = a.subInt(a.integer(kBits), a.mulInt(shift, a.integer(kBits)));
  Value scaled = a.mul(x, a.powerOfTwo(power));
  Value rounded = a.addInt(a.bits(scaled), a.integer(int64_t{1} << 26));
  Value high = a.fromBits(a.andInt(rounded, a.integer(-(int64_t{1} << 27))));
  Value low = a.mul(a.sub(scaled, high), a.number(0x1p27));

  llvm::SmallVector<Value> digits = digitsFrom(a, a.subInt(shift, a.integer(2)));
  llvm::SmallVector<Value> columns;
  for (int k = 0; k < 7; ++k) {
    Value column = a.fma(high, digits[k + 1], a.mul(low, digits[k]));
    if (k > 0) column = a.mul(column, a.number(std::ldexp(1.0, -kBits * k)));
    columns.push_back(k < 2 ? moduloFour(a, column) : column);
  }
  Arithmetic::Rounded n = a.round(a.add(a.add(columns[0], columns[1]), columns[2]));
  Value sum = a.add(a.sub(columns[0], n.number), columns[1]);  // exact
  Pair second = a.twoSum(sum, columns[2]), third = a.twoSum(second.high, columns[3]);
  Value tail = a.add(a.add(columns[6], columns[5]), columns[4]);
  Pair turn = a.fastTwoSum(third.high, a.add(second.low, a.add(third.low, tail)));
  // Times pi / 2.
  Pair r = a.twoProduct(turn.high, a.number(0x1.921fb54442d18p+0));
  r.low = a.add(r.low, a.fma(turn.high, a.number(0x1.1a62633145c07p-54),
                             a.mul(turn.low, a.number(0x1.921fb54442d18p+0))));
  return {{a.select(isSmall, x, r.high), a.select(isSmall, a.number(0), r.low)},
          a.select(isSmall, a.integer(0), n.integer)};
}

// Of r; without low parts for f32.
struct SineAndCosine {
  Pair sine, cosine;
  Value n;
};

// In f64, of f32 or f64 arguments.
SineAndCosine evaluate(Arithmetic& a, Value x, bool isSingle) {
  Reduced reduced = isSingle ? reduceSingle(a, x) : reduceDouble(a, x);
  Value r = reduced.r.high, z = a.mul(r, r), half = a.mul(z, a.number(0.5));
  Value s = isSingle ? a.polynomial(z, kSinF32) : a.polynomial(z, kSinF64);
  Value c = isSingle ? a.polynomial(z, kCosF32) : a.polynomial(z, kCosF64);
  Value cube = a.mul(r, z), square = a.mul(z, z), one = a.number(1);
  if (isSingle) {
    return {{a.fma(cube, s, r), {}}, {a.fma(square, c, a.sub(one, half)), {}}, reduced.n};
  }
  Value low = reduced.r.low;
  Pair sine = a.fastTwoSum(r, a.fma(cube, s, a.fma(a.neg(half), low, low)));
  Value top = a.sub(one, half), lost = a.sub(a.sub(one, top), half);
  Pair cosine = a.fastTwoSum(top, a.add(lost, a.fma(square, c, a.neg(a.mul(r, low)))));
  return {sine, cosine, reduced.n};
}

// The value with the sign bit of `integer` flipped into it.
Value flipSign(Arithmetic& a, Value value, Value integer) {
  Value sign = a.andInt(integer, a.integer(std::numeric_limits<int64_t>::min()));
  return a.fromBits(a.xorInt(a.bits(value), sign));
}

template <typename F>
Value onDoubles(Arithmetic& a, Value x, F f) {
  const bool isSingle = !a.isDouble();
  return throughDouble(a, x, [&](Arithmetic& wide, Value wideX) {
    return f(wide, wideX, evaluate(wide, wide.abs(wideX), isSingle));
  });
}

}  // namespace

Value sin(Arithmetic& a, Value x) {
  return onDoubles(a, x, [](Arithmetic& a, Value x, const SineAndCosine& e) {
    Value value = a.select(a.hasBits(e.n, 1), e.cosine.high, e.sine.high);
    return flipSign(a, value, a.xorInt(a.bits(x), a.shiftLeft(e.n, 62)));
  });
}

Value cos(Arithmetic& a, Value x) {
  return onDoubles(a, x, [](Arithmetic& a, Value, const SineAndCosine& e) {
    Value value = a.select(a.hasBits(e.n, 1), e.sine.high, e.cosine.high);
    return flipSign(a, value, a.shiftLeft(a.addInt(e.n, a.integer(1)), 62));
  });
}

Value tan(Arithmetic& a, Value x) {
  return onDoubles(a, x, [](Arithmetic& a, Value x, const SineAndCosine& e) {
    Value isOdd = a.hasBits(e.n, 1);
    auto choose = [&](Value odd, Value even) { return a.select(isOdd, odd, even); };
    Value top = choose(e.cosine.high, e.sine.high), bottom = choose(e.sine.high, e.cosine.high);
    Value inverse = a.div(a.number(1), bottom), value = a.mul(top, inverse);
    if (e.sine.low) {
      // The remainder of the division, and the low parts.
      Value lost =
          a.fma(a.neg(value), choose(e.sine.low, e.cosine.low), choose(e.cosine.low, e.sine.low));
      Value remainder = a.add(a.fma(a.neg(value), bottom, top), lost);
      value = a.fma(remainder, inverse, value);
    }
    return flipSign(a, value, a.xorInt(a.bits(x), a.shiftLeft(e.n, 63)));
  });
}

}  // namespace mlc::math_to_arith
