// One convolution, five ways (docs/one_convolution_five_ways.md): forward convolution in bf16 with sums in f32, from the
// plain loop to the kernel that trains. What the steps share.
#pragma once
#include <stdexcept>

#include "kernels/api/conv2d.h"
#include "kernels/device/convert.h"
#include "kernels/device/grid.h"
#include "kernels/device/pack.h"

namespace ganymede::bench {

// x [N, H, W, C], w [K, R, S, C], y [N, P, Q, K], at 16-byte boundaries. Throws std::runtime_error unless dtype is bf16, C
// a multiple of 8 and there are neither groups nor dilation.
struct LadderStep {
  const char *name, *file;
  void (*run)(kernels::Stream, const kernels::Conv2d&, const kernels::Bf16* x, const kernels::Bf16* w, kernels::Bf16* y);
};
constexpr int kLadderSteps = 5;

}  // namespace ganymede::bench

namespace ganymede::kernels::GANYMEDE_TARGET {

const bench::LadderStep (&ladder_steps())[bench::kLadderSteps];  // steps.cu

namespace ladder {

inline void check(const Conv2d& p) {
  if (p.dtype != DType::bf16 || p.c % 8 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1)
    throw std::runtime_error("ladder: bf16, channels a multiple of 8, one group and no dilation are needed");
}

// As a matrix product y[position, k] = sum over slices of x(position, slice) * w[k, slice]: positions are (n, p, q), slices
// are (r, s, c). The eight slices from a multiple of eight on are neighbours in memory, since C is a multiple of 8.
inline __host__ __device__ int positions_of(const Conv2d& p) { return p.n * p.p * p.q; }
inline __host__ __device__ int slices_of(const Conv2d& p) { return p.r * p.s * p.c; }

// Where eight elements of the patch lie; null in the padding and beyond the last position or slice.
__device__ inline const Bf16* patch(const Conv2d& p, const Bf16* x, int position, int slice) {
  if (position >= positions_of(p) || slice >= slices_of(p)) return nullptr;
  const int q = position % p.q, row = position / p.q % p.p, n = position / p.q / p.p;
  const int c = slice % p.c, s = slice / p.c % p.s, r = slice / p.c / p.s;
  const int h = row * p.stride_h - p.pad_h + r, w = q * p.stride_w - p.pad_w + s;
  if (h < 0 || h >= p.h || w < 0 || w >= p.w) return nullptr;
  return x + ((int64_t{n} * p.h + h) * p.w + w) * p.c + c;
}

__device__ inline const Bf16* filter(const Conv2d& p, const Bf16* w, int k, int slice) {
  return k < p.k && slice < slices_of(p) ? w + int64_t{k} * slices_of(p) + slice : nullptr;
}

}  // namespace ladder
}  // namespace ganymede::kernels::GANYMEDE_TARGET
