// Coefficients of the elementary functions, lowest power first. Printed by derive_coefficients.py.
#pragma once

namespace mlc::math_to_arith {

// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2 and a little more; errors of e^r.
// f32: 2^-34.1.
inline constexpr double kExpF32[] = {0x1.0000004963851p-1,  0x1.5555559eaf04ep-3,
                                     0x1.555472cc742e0p-5,  0x1.11107333a5f35p-7,
                                     0x1.6da28baf880c7p-10, 0x1.a1c564fa8f978p-13};
// f64: 2^-63.7.
inline constexpr double kExpF64[] = {0x1p-1,
                                     0x1.555555555555dp-3,
                                     0x1.555555555555fp-5,
                                     0x1.111111110e6ccp-7,
                                     0x1.6c16c16c12ca5p-10,
                                     0x1.a01a01b5a215cp-13,
                                     0x1.a01a01b6c0cf4p-16,
                                     0x1.71ddead1d89d9p-19,
                                     0x1.27e4ba84d549cp-22,
                                     0x1.af75177c7126cp-26,
                                     0x1.1fa49160ac1b7p-29};

// (log((1 + s) / (1 - s)) / s - 2) / z for z = s^2, s = f / (2 + f), 1 + f in [sqrt(1/2), sqrt(2)];
// errors relative to s. f32: 2^-29.2.
inline constexpr double kLogF32[] = {0x1.55557ac39ffecp-1, 0x1.995e0f64fdbcdp-2,
                                     0x1.31f6791625bdbp-2};
// f64: 2^-58.4.
inline constexpr double kLogF64[] = {
    0x1.5555555555595p-1, 0x1.999999997f03cp-2, 0x1.24924942bf5adp-2, 0x1.c71c5155bb32ap-3,
    0x1.746666225818cp-3, 0x1.399d8c1e52befp-3, 0x1.2f31b8ddcf255p-3};

// (log((1 + s) / (1 - s)) / s - 2 - 2/3 z) / z^2: the same after two terms; errors relative to s.
// f64: 2^-72.5.
inline constexpr double kLogTailF64[] = {
    0x1.9999999999995p-2, 0x1.24924924930a3p-2, 0x1.c71c71c573291p-3, 0x1.745d1838bc754p-3,
    0x1.3b1360fd3c9bep-3, 0x1.1120f840dd459p-3, 0x1.de28d4500b738p-4, 0x1.eb69c8ecb9103p-4};

// (sin(r) / r - 1) / z for z = r^2, |r| <= pi / 4; relative errors of sin(r).
// f32: 2^-37.6.
inline constexpr double kSinF32[] = {-0x1.5555554cba59ep-3, 0x1.11110895e73e5p-7,
                                     -0x1.a00f9d1691e9cp-13, 0x1.6cd82ec903031p-19};
// f64: 2^-58.0.
inline constexpr double kSinF64[] = {-0x1.5555555555549p-3,  0x1.111111110f887p-7,
                                     -0x1.a01a019c12f8fp-13, 0x1.71de3578b0d74p-19,
                                     -0x1.ae5e66d77eaf0p-26, 0x1.5d9324c58fda6p-33};

// (cos(r) - 1 + z / 2) / z^2; errors of cos(r).
// f32: 2^-43.2.
inline constexpr double kCosF32[] = {0x1.5555554f4dbfep-5, -0x1.6c16b89838de3p-10,
                                     0x1.a0111fc49c7a4p-16, -0x1.242ac12b2bdc9p-22};
// f64: 2^-64.2.
inline constexpr double kCosF64[] = {0x1.555555555554cp-5,  -0x1.6c16c16c1517fp-10,
                                     0x1.a01a019cb1d06p-16, -0x1.27e4f809f740dp-22,
                                     0x1.1ee9ebea6768ap-29, -0x1.8fae9bdcfbf45p-37};

// (tanh(x) / x - 1) / z for z = x^2, |x| < 0.625; relative errors of tanh(x).
// f32: 2^-32.6.
inline constexpr double kTanhF32[] = {-0x1.555553b4bca3cp-2, 0x1.11106b488dd6fp-3,
                                      -0x1.b9ef7e1223014p-5, 0x1.6394cb9371714p-6,
                                      -0x1.0c208c9061b4ap-7, 0x1.197762120bf31p-9};
// f64: 2^-61.3.
inline constexpr double kTanhF64[] = {
    -0x1.5555555555552p-2,  0x1.1111111110c36p-3,  -0x1.ba1ba1b9d0efbp-5,  0x1.664f4870b9152p-6,
    -0x1.226e32d03e699p-7,  0x1.d6d35a80f4abfp-9,  -0x1.7d9c384512633p-10, 0x1.350bbcd07c294p-11,
    -0x1.f115e647af2e4p-13, 0x1.80255d3e1a7b0p-14, -0x1.faef27b88bbccp-16, 0x1.965104c9fe179p-18};

// (sinh(x) / x - 1) / z for z = x^2, |x| < 1; relative errors of sinh(x).
// f64: 2^-73.6.
inline constexpr double kSinhF64[] = {
    0x1.5555555555555p-3,  0x1.1111111111111p-7,  0x1.a01a01a019fbep-13, 0x1.71de3a55742f1p-19,
    0x1.ae645673de70fp-26, 0x1.61246b1f2c6c3p-33, 0x1.ae755764b35e4p-41, 0x1.9a7f2586400f7p-49};

// (atan(x) / x - 1) / z for z = x^2, |x| <= tan(pi / 8); relative errors of atan(x).
// f64: 2^-64.3.
inline constexpr double kAtanF64[] = {
    -0x1.5555555555554p-2, 0x1.999999999965ap-3, -0x1.2492492475d93p-3, 0x1.c71c71b77a9dap-4,
    -0x1.745d14c0117b7p-4, 0x1.3b136eb4bf819p-4, -0x1.110c7a30be7b4p-4, 0x1.e17289ffbb520p-5,
    -0x1.ab80d3da8f18dp-5, 0x1.70fa4dcc8c4ccp-5, -0x1.12550d047db78p-5, 0x1.f25c2ac9a9d0cp-7};

// (asin(x) / x - 1) / z for z = x^2, |x| <= 0.5; relative errors of asin(x).
// f64: 2^-63.8.
inline constexpr double kAsinF64[] = {
    0x1.5555555555553p-3,  0x1.3333333333a5dp-4, 0x1.6db6db6d46ea8p-5,  0x1.f1c71ca8fd597p-6,
    0x1.6e8b9ad94685ap-6,  0x1.1c4f8773a8670p-6, 0x1.c980a952af7e4p-7,  0x1.7ba653c809ac9p-7,
    0x1.36b4597b7872fp-7,  0x1.48504d7e1790cp-7, 0x1.54fb6d4323bb8p-11, 0x1.97e39dab59830p-6,
    -0x1.ade31fcf24f51p-6, 0x1.1406ca6221ba0p-5};

// erf(x) / x - 1 for |x| < 0.75, in z = x^2; relative to x.
// f32: 2^-35.2.
inline constexpr double kErfF32[] = {
    0x1.06eba8206e1d4p-3, -0x1.812746637443cp-2,  0x1.ce2eff30166d2p-4, -0x1.b827151dc80a7p-6,
    0x1.55e40e42b0c60p-8, -0x1.b62f75f33eb16p-11, 0x1.8d6a7ac0e9722p-14};
// f64: 2^-60.1.
inline constexpr double kErfF64[] = {
    0x1.06eba8214db69p-3,  -0x1.812746b0379e0p-2,  0x1.ce2f21a0424dap-4,  -0x1.b82ce31257c57p-6,
    0x1.565bcd037d196p-8,  -0x1.c02db126e4943p-11, 0x1.f9a2b03e64e7fp-14, -0x1.f4c5eab34be77p-17,
    0x1.b90f5c27c0ec9p-20, -0x1.565322f0127d0p-23, 0x1.8a45eff78c0b8p-27};

// (Phi(x) - 1/2) / x for |x| < 3/4, in z = x^2, Phi the normal distribution; relative to x.
// f64: 2^-65.0.
inline constexpr double kPhiF64[] = {
    0x1.9884533d43651p-2,  -0x1.1058377e2cee0p-4,  0x1.46d0429769091p-7,  -0x1.37403f6b9269cp-10,
    0x1.e42b0d477a25ep-14, -0x1.3ce8f88bbd251p-17, 0x1.658991ea26d9bp-21, -0x1.620bd1231a9ccp-25,
    0x1.364fe795bfba2p-29, -0x1.b5e09c309425ap-34};

// The tail of the normal distribution:
//   1/2 erfc(a / sqrt(2)) = exp(-a^2 / 2) w p(q), w = 1 / (a + K), q = 1 - 2 K w in (-1, 1).
// f32: for 0.0 <= a <= 15, 2^-30.0.
inline constexpr double kTailShiftF32 = 0x1.8000000000000p+1;
inline constexpr double kTailF32[] = {
    0x1.754a751c6cf4dp-1,   -0x1.04c729abdceefp-1, 0x1.d7138503f2152p-3,  -0x1.832d0a6275e02p-5,
    -0x1.56d5eb651c872p-7,  0x1.c8bda37dac342p-8,  0x1.0ca2156b1eec1p-10, -0x1.0eaed4bc1caebp-10,
    -0x1.009e433e9fb47p-12, 0x1.136b5b2bdd569p-13, 0x1.c9168ea4cd5c3p-15};
// f64: for 0.75 <= a <= 39, 2^-59.7.
inline constexpr double kTailShiftF64 = 0x1.8000000000000p+1;
inline constexpr double kTailF64[] = {
    0x1.754a751a56f4ap-1,   -0x1.04c7295a48f32p-1,  0x1.d71387c654c89p-3,   -0x1.832dbf6992d7bp-5,
    -0x1.56d8e3d7ea6c8p-7,  0x1.c8f52c32ea769p-8,   0x1.0d608c84dc43ap-10,  -0x1.12285f3a16760p-10,
    -0x1.0d09e809843e1p-12, 0x1.43ca0146f374fp-13,  0x1.4a9003c41d4c1p-14,  -0x1.bc82fb44376cap-17,
    -0x1.5b10f8faed7b0p-16, -0x1.d73c30876f5a8p-19, 0x1.e7375a7f9f46fp-19,  0x1.2c2768c79b862p-19,
    0x1.4c4ca6b1c135fp-25,  -0x1.2b1e388f2fcf0p-21, -0x1.69ba23603c825p-22, 0x1.caac3970c6865p-27,
    0x1.736349f006fb3p-23,  0x1.570686a39f613p-26,  -0x1.d7c8b81230a8fp-25, 0x1.71dbc0b87bfcbp-27};
// What the first two lack.
inline constexpr double kTailRestF64[] = {-0x1.658bea5e68881p-55, -0x1.28204415f38d8p-55};

// 2 / pi = sum of digit[k] 2^(-29 (k + 1)), of at most 29 bits.
inline constexpr double kTwoOverPi29[] = {341782638.0, -113700779.0, -184675412.0,
                                          -48278706.0, -75385147.0,  90590993.0};
// 2 / pi = sum of digit[k] 2^(-27 k), digits in [-2^26, 2^26].
inline constexpr double kTwoOverPi27[] = {
    1.0,         -48772069.0, 60002565.0,  39057487.0,  -42131629.0, 40820846.0,  -41265563.0,
    -7835128.0,  33444196.0,  -44108322.0, 22572489.0,  14447749.0,  -52613632.0, 52729717.0,
    2573896.0,   60801981.0,  52212010.0,  -46532796.0, 9272652.0,   -42563318.0, -23476478.0,
    56242111.0,  17098311.0,  46608490.0,  54129821.0,  -64816034.0, -8500721.0,  -29363920.0,
    -139174.0,   -66586728.0, -62509720.0, 21865454.0,  -46760241.0, 20863054.0,  -36449904.0,
    -20104000.0, -22882478.0, 64840694.0,  -6830611.0,  -6232257.0,  -7712109.0,  -11313189.0,
    -1292317.0,  45748396.0,  3343472.0,   -29510186.0};

}  // namespace mlc::math_to_arith
