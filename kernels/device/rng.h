// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011) and what
// is made of its bits. kernels/api/random.h says which counter belongs to which element.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/simt/target.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct Philox4 {
  uint32_t v[4];
};

// The bijection of the counter under a 64-bit key.
__host__ __device__ __forceinline__ Philox4 philox(uint64_t key, Philox4 counter) {
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  uint32_t(&c)[4] = counter.v;
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0], p1 = uint64_t{0xCD9E8D57u} * c[2];
    const uint32_t c1 = c[1], c3 = c[3];
    c[0] = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key0;
    c[1] = static_cast<uint32_t>(p1);
    c[2] = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key1;
    c[3] = static_cast<uint32_t>(p0);
    key0 += 0x9E3779B9u;   // golden ratio and sqrt(3) - 1: the paper's Weyl constants
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// In [0, 1), a multiple of 2^-24: exact, the same bits on every device.
__host__ __device__ __forceinline__ float uniform(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

// In [0, bound), without division.
__host__ __device__ __forceinline__ uint32_t below(uint32_t bits, uint32_t bound) {
  return static_cast<uint32_t>(uint64_t{bits} * bound >> 32);
}

struct NormalPair {
  float first, second;
};

// sin(pi x) and cos(pi x) for |x| <= 1/4, to 1.5 ulp: Chebyshev interpolants in x^2, pi split into high and
// low part.
__host__ __device__ __forceinline__ void sincospi_quarter(float x, float& sine, float& cosine) {
  const float s = x * x;
  const float p = -5.16771278f + s * (2.55016359f + s * (-0.599228796f + s * 0.0812295746f));
  const float q = -4.9348022f + s * (4.05871057f + s * (-1.33513781f + s * 0.232125414f));
  sine = x * 3.14159274f + (x * s * p - x * 8.74227801e-8f);
  cosine = 1.0f + s * q;
}

// Two independent standard normals (Box-Muller): sqrt(-2 ln u1) times cos and sin of 2 pi u2, with u1 = (a +
// 1) 2^-32 in (0, 1] and u2 = b 2^-32. Within 4 ulp of the exact value on every device.
__host__ __device__ __forceinline__ NormalPair normal_pair(uint32_t a, uint32_t b) {
  // Near u1 = 1 the logarithm needs 1 - u1, whose low bits u1 itself would lose in f32.
  const uint32_t gap = 0xFFFFFFFFu - a;   // (1 - u1) 2^32
  const float log_u1 = gap < 0x80000000u ? ::log1pf(static_cast<float>(gap) * -0x1p-32f)
                                         : ::logf(static_cast<float>(a + 1) * 0x1p-32f);
  const float radius = ::sqrtf(-2.0f * log_u1);
  // 2 pi u2 = pi (quadrant / 2 + rest) with |rest| <= 1/4, exact but for f32's own rounding: accurate near
  // zeros too.
  const uint32_t quadrant = (b + 0x20000000u) >> 30;
  float s, c;
  sincospi_quarter(static_cast<float>(static_cast<int32_t>(b - (quadrant << 30))) * 0x1p-31f, s, c);
  const float cosine = quadrant & 1 ? s : c, sine = quadrant & 1 ? c : s;
  return {radius * ((quadrant + 1) & 2 ? -cosine : cosine), radius * (quadrant & 2 ? -sine : sine)};
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
