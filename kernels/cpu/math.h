// Functions of one number. The float ones have no branches and no calls, so that loops over them become
// vector code; their polynomials are Chebyshev fits in the stated ranges, relative error below 4e-7. The
// double ones are the C library's.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace ganymede::kernels::cpu::math {

template <typename... More>
inline float polynomial(float x, float highest, More... lower) {  // Horner, highest power first
  float sum = highest;
  ((sum = sum * x + lower), ...);
  return sum;
}

inline float exp(float x) {
  x = x > 89.0f ? 89.0f : x;  // inf from 88.73
  x = x < -104.0f ? -104.0f : x;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  const float p = polynomial(r, 0.0013926926614f, 0.00836377387441f, 0.0416665501103f, 0.166665733819f, 0.5f);
  const float e = p * r * r + r + 1.0f;
  const int32_t power = std::bit_cast<int32_t>(shifted) - 0x4b400000;
  const int32_t half = power >> 1;  // two factors, so that results reach into the subnormals
  const float a = std::bit_cast<float>((half + 127) << 23),
              b = std::bit_cast<float>((power - half + 127) << 23);
  return e * a * b;
}

inline float expm1(float x) {
  const float p = polynomial(x, 0.000199448744416f, 0.00139821860463f, 0.00833323613352f, 0.04166579123f,
                             0.166666668017f, 0.500000012161f);
  const float series = p * x * x + x, difference = exp(x) - 1.0f;
  return std::fabs(x) < 0.5f ? series : difference;
}

// log(1 + t) + n log(2) for 1 + t in [sqrt(1/2), sqrt(2)].
inline float log_near_one(float t, float n) {
  const float p =
      polynomial(t, 0.0697251863388f, -0.114812120585f, 0.11685784721f, -0.124255233599f, 0.142490072406f,
                 -0.16667807133f, 0.200007172131f, -0.249999969254f, 0.333333311743f);
  const float y = p * t * t * t - n * 2.12194440e-4f - 0.5f * t * t;
  return (t + y) + n * 0.693359375f;
}

inline float log(float x) {
  const bool subnormal = x < 1.17549435e-38f;
  const float normal = subnormal ? x * 8388608.0f : x;
  const int32_t bits = std::bit_cast<int32_t>(normal);
  const int32_t power = (bits - 0x3f3504f3) >> 23;  // mantissa in [sqrt(1/2), sqrt(2))
  const float t = std::bit_cast<float>(bits - power * (1 << 23)) - 1.0f;
  float y = log_near_one(t, static_cast<float>(power) - (subnormal ? 23.0f : 0.0f));
  constexpr float kInfinity = __builtin_inff();
  y = x > 3.40282347e38f ? kInfinity : y;
  y = x == 0.0f ? -kInfinity : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return x != x ? x : y;
}

inline float log1p_unit(float u) {  // log(1 + u) for u in [0, 1]
  const float low = log_near_one(u, 0.0f), high = log_near_one(0.5f * u - 0.5f, 1.0f);
  return u < 0.41421356f ? low : high;
}

inline float tanh(float x) {
  const float a = std::fabs(x), z = x * x;
  const float p = polynomial(z, -0.00609668652191f, 0.0209971600025f, -0.0538509055752f, 0.133327697107f,
                             -0.333333289439f);
  const float small = x + x * z * p;
  const float large = std::copysign(1.0f - 2.0f / (exp(2.0f * a) + 1.0f), x);
  return a < 0.625f ? small : large;
}

inline float sigmoid(float x) {
  const float e = exp(-std::fabs(x));
  return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

inline float softplus(float x) {
  const float rest = log1p_unit(exp(-std::fabs(x)));
  return (x < 0.0f ? 0.0f : x) + rest;
}

// The normal distribution function, 1/2 erfc(-x / sqrt(2)).
inline float normal_cdf(float x) {
  const float t = std::fabs(x) * 0.707106781f, z = t * t;
  const float erf = t * polynomial(z, 7.87587506269e-5f, -0.000801686428717f, 0.00518908742343f,
                                   -0.0268542120106f, 0.112835947152f, -0.376126266667f, 1.12837916585f);
  const float u = 1.0f / (1.0f + 0.4f * t);
  const float tail = 0.5f * exp(-z) * u *
                     polynomial(u, -0.0296270020912f, 0.142692642709f, -0.240762571757f, 0.144369615421f,
                                -0.0523011004003f, 0.0866123603807f, 0.118171436406f, 0.171894056182f,
                                0.207598159789f, 0.225676572698f, 0.225675824944f);
  const float below = t < 1.0f ? 0.5f - 0.5f * erf : tail;  // of -|x|
  return x > 0.0f ? 1.0f - below : below;
}

inline double exp(double x) { return std::exp(x); }
inline double expm1(double x) { return std::expm1(x); }
inline double log(double x) { return std::log(x); }
inline double tanh(double x) { return std::tanh(x); }
inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x >= 0 ? 1.0 : e) / (1.0 + e);
}
inline double softplus(double x) { return (x < 0 ? 0.0 : x) + std::log1p(std::exp(-std::fabs(x))); }
inline double normal_cdf(double x) { return 0.5 * std::erfc(-x * 0.70710678118654752440); }

}  // namespace ganymede::kernels::cpu::math
