#!/usr/bin/env python3
"""Prints coefficients.h: minimax polynomials by Remez' algorithm, in arithmetic of 60 digits.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install mpmath==1.3.0
    /tmp/v/bin/python derive_coefficients.py > coefficients.h        (a minute)

Nothing in the build runs this. Beside each table stands the largest error of its approximation, as -log2, in the weight
that its function needs.
"""
from mpmath import (asin, atan, cos, erf, erfc, exp, floor, ldexp, log, lu_solve, matrix, mp, mpf, nint, pi, sin, sinh, sqrt,
                    tanh)

mp.dps = 60


def evaluate(coefficients, x):
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def minimax(f, degree, low, high, weight, iterations=10, grid=300):
    """The polynomial of a degree that minimizes max |(p - f) * weight| on [low, high], and -log2 of that."""
    low, high = mpf(low), mpf(high)

    def at(t):
        return (low + high) / 2 + (high - low) / 2 * t

    nodes = [at(-cos(pi * i / (degree + 1))) for i in range(degree + 2)]
    points = [at(-cos(pi * i / grid)) for i in range(grid + 1)]
    values, weights = [f(x) for x in points], [weight(x) for x in points]
    for _ in range(iterations):
        system, right = matrix(degree + 2, degree + 2), matrix(degree + 2, 1)
        for i, x in enumerate(nodes):
            for j in range(degree + 1):
                system[i, j] = x**j
            system[i, degree + 1] = (-1) ** i / weight(x)
            right[i] = f(x)
        solution = lu_solve(system, right)
        coefficients = [solution[j] for j in range(degree + 1)]
        errors = [(evaluate(coefficients, x) - v) * w for x, v, w in zip(points, values, weights)]
        largest = max(abs(e) for e in errors)
        # The extremum of each run of equal signs is a node of the next round.
        extrema, best = [], None
        for x, e in zip(points, errors):
            if best and (e > 0) != (best[1] > 0):
                extrema.append(best)
                best = None
            if not best or abs(e) > abs(best[1]):
                best = (x, e)
        extrema.append(best)
        if len(extrema) < degree + 2 or largest < abs(solution[degree + 1]) * mpf("1.02"):
            break
        while len(extrema) > degree + 2:
            extrema.pop(0 if abs(extrema[0][1]) < abs(extrema[-1][1]) else -1)
        nodes = [x for x, _ in extrema]
    return coefficients, float(-log(largest, 2))


def hexadecimal(value):
    return float(value).hex().replace("0x1.0000000000000p", "0x1p")


def wrapped(numbers, end="};"):
    lines, line = [], "   "
    for i, number in enumerate(numbers):
        word = " " + number + ("," if i + 1 < len(numbers) else end)
        if len(line) + len(word) > 100:
            lines.append(line)
            line = "   "
        line += word
    return lines + [line]


def table(name, comment, fits):
    """fits: {"f32" or "f64": (coefficients, accuracy)}"""
    for line in comment:
        print("// " + line)
    for kind, (coefficients, accuracy) in fits.items():
        print(f"// {kind}: 2^-{accuracy:.1f}.")
        print(f"inline constexpr double k{name}{kind.upper()}[] = {{")
        print("\n".join(wrapped([hexadecimal(c) for c in coefficients])))
    print()


def of_square(f, at_zero):
    """(f(x) / x - 1) / x^2 as a function of z = x^2."""
    return lambda z: (f(sqrt(z)) / sqrt(z) - 1) / z if z > mpf(10) ** -15 else at_zero


def fit_all(function, low, high, weight, **degrees):
    return {kind: minimax(function, degree, low, high, weight) for kind, degree in degrees.items()}


TINY = mpf(10) ** -14
FIRST = mpf("0.75")  # where GELU in f64 changes from one approximation to another


def exponential():
    table("Exp", ["(e^r - 1 - r) / r^2 for |r| <= ln(2) / 2 and a little more; errors of e^r."],
          fit_all(lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > mpf(10) ** -15 else mpf(1) / 2, -0.352, 0.352,
                  lambda r: r * r + TINY, f32=5, f64=10))


def logarithm():
    table("Log", ["(log((1 + s) / (1 - s)) / s - 2) / z for z = s^2, s = f / (2 + f), 1 + f in [sqrt(1/2), sqrt(2)]; errors",
                  "relative to s."],
          fit_all(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z if z > mpf(10) ** -15 else mpf(2) / 3,
                  0, 0.0296, lambda z: z + TINY, f32=2, f64=6))
    table("LogTail", ["(log((1 + s) / (1 - s)) / s - 2 - 2/3 z) / z^2: the same after two terms; errors relative to s."],
          fit_all(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2 - 2 * z / 3) / z**2
                  if z > mpf(10) ** -12 else mpf(2) / 5, 0, 0.0296, lambda z: z * z + TINY, f64=7))


def trigonometric():
    # For f32 the argument is reduced, and the polynomial computed, in f64.
    high = (pi / 4 * mpf("1.0001")) ** 2
    table("Sin", ["(sin(r) / r - 1) / z for z = r^2, |r| <= pi / 4; relative errors of sin(r)."],
          fit_all(of_square(sin, -mpf(1) / 6), 0, high, lambda z: z + TINY, f32=3, f64=5))
    table("Cos", ["(cos(r) - 1 + z / 2) / z^2; errors of cos(r)."],
          fit_all(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2 if z > mpf(10) ** -10 else mpf(1) / 24 - z / 720, 0, high,
                  lambda z: z * z + TINY, f32=3, f64=5))


def odd_functions():
    table("Tanh", ["(tanh(x) / x - 1) / z for z = x^2, |x| < 0.625; relative errors of tanh(x)."],
          fit_all(of_square(tanh, -mpf(1) / 3), 0, 0.3907, lambda z: z + TINY, f32=5, f64=11))
    table("Sinh", ["(sinh(x) / x - 1) / z for z = x^2, |x| < 1; relative errors of sinh(x)."],
          fit_all(of_square(sinh, mpf(1) / 6), 0, 1, lambda z: z + TINY, f64=7))
    table("Atan", ["(atan(x) / x - 1) / z for z = x^2, |x| <= tan(pi / 8); relative errors of atan(x)."],
          fit_all(of_square(atan, -mpf(1) / 3), 0, 0.17158, lambda z: z + TINY, f64=11))
    table("Asin", ["(asin(x) / x - 1) / z for z = x^2, |x| <= 0.5; relative errors of asin(x)."],
          fit_all(of_square(asin, mpf(1) / 6), 0, 0.25001, lambda z: z + TINY, f64=13))


def error_function():
    table("Erf", ["erf(x) / x - 1 for |x| < 0.75, in z = x^2; relative to x."],
          fit_all(lambda z: erf(sqrt(z)) / sqrt(z) - 1 if z > 0 else 2 / sqrt(pi) - 1, 0, 0.5626, lambda z: mpf(1),
                  f32=6, f64=10))
    table("Phi", ["(Phi(x) - 1/2) / x for |x| < 3/4, in z = x^2, Phi the normal distribution; relative to x."],
          fit_all(lambda z: erf(sqrt(z / 2)) / sqrt(z) / 2 if z > 0 else 1 / sqrt(2 * pi), 0, FIRST**2,
                  lambda z: mpf(1), f64=9))
    print("// The tail of the normal distribution:")
    print("//   1/2 erfc(a / sqrt(2)) = exp(-a^2 / 2) w p(q), w = 1 / (a + K), q = 1 - 2 K w in (-1, 1).")
    for kind, K, last, degree in [("f32", mpf(3), 15, 10), ("f64", mpf(3), 39, 23)]:
        def quotient(q):
            w = (1 - q) / (2 * K)
            a = 1 / w - K
            return exp(a * a / 2) * erfc(a / sqrt(2)) / 2 / w

        first = FIRST if kind == "f64" else 0
        coefficients, accuracy = minimax(quotient, degree, (first - K) / (first + K), (last - K) / (last + K), lambda q: 1 / quotient(q))
        print(f"// {kind}: for {float(first)} <= a <= {last}, 2^-{accuracy:.1f}.")
        print(f"inline constexpr double kTailShift{kind.upper()} = {hexadecimal(K)};")
        print(f"inline constexpr double kTail{kind.upper()}[] = {{")
        print("\n".join(wrapped([hexadecimal(c) for c in coefficients])))
        if kind == "f64":
            print("// What the first two lack.")
            rests = [hexadecimal(c - mpf(float(c))) for c in coefficients[:2]]
            print(f"inline constexpr double kTailRest{kind.upper()}[] = {{{', '.join(rests)}}};")
    print()


def two_over_pi():
    def digits(base_bits, count, rest):
        result = []
        for _ in range(count):
            rest = ldexp(rest, base_bits)
            digit = nint(rest)
            rest -= digit
            result.append(digit)
        return result

    mp.prec = 1400
    print("// 2 / pi = sum of digit[k] 2^(-29 (k + 1)), of at most 29 bits.")
    base29 = digits(29, 6, 2 / pi)
    print("inline constexpr double kTwoOverPi29[] = {")
    print("\n".join(wrapped([str(int(d)) + ".0" for d in base29])))
    print("// 2 / pi = sum of digit[k] 2^(-27 k), digits in [-2^26, 2^26].")
    print("inline constexpr double kTwoOverPi27[] = {")
    print("\n".join(wrapped([str(int(d)) + ".0" for d in [1] + digits(27, 45, 2 / pi - 1)])))
    mp.prec = 200


def main():
    print("// Coefficients of the elementary functions, lowest power first. Printed by derive_coefficients.py.")
    print("#pragma once\n\nnamespace mlc::math_to_arith {\n")
    exponential()
    logarithm()
    trigonometric()
    odd_functions()
    error_function()
    two_over_pi()
    print("\n}  // namespace mlc::math_to_arith")


main()
