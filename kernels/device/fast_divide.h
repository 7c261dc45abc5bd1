// Division by a number that is known when the kernel is launched: one multiplication and one shift
// (Granlund & Montgomery 1994, "Division by invariant integers using multiplication").
#pragma once
#include <cstdint>

#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// n / divisor and n % divisor for 0 <= n < 2^31 and 1 <= divisor < 2^31.
struct FastDivide {
  int divisor = 1;
  uint32_t magic = 1;
  int shift = 0;

  FastDivide() = default;
  __host__ __device__ constexpr explicit FastDivide(int d) : divisor(d), magic(1), shift(0) {
    while ((int64_t{1} << shift) < d) ++shift;
    const uint64_t excess = (uint64_t{1} << shift) - static_cast<uint64_t>(d);
    magic = static_cast<uint32_t>((excess << 32) / static_cast<uint64_t>(d) + 1);
  }

  __host__ __device__ constexpr int quotient(int n) const {
    const uint32_t low = static_cast<uint32_t>(n);
    const uint32_t high = static_cast<uint32_t>((uint64_t{magic} * low) >> 32);
    return static_cast<int>((high + low) >> shift);
  }
  // n becomes n / divisor; the remainder is returned.
  __host__ __device__ constexpr int split(int& n) const {
    const int q = quotient(n);
    const int remainder = n - q * divisor;
    n = q;
    return remainder;
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
