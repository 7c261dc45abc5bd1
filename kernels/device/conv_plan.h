// How each direction of a convolution is cut: pure functions of its shape, for the launchers and for `ganymede kernels`.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/device/tile_table.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// A direction as a matrix product: m x n results, sums of k terms, so many equal products side by side.
struct ProductShape {
  int64_t m, n, k, units;
};

constexpr ProductShape forward_product(const Conv2d& p) {
  return {int64_t{p.n} * p.p * p.q, p.k / p.groups, int64_t{p.r} * p.s * (p.c / p.groups), p.groups};
}

// Of the largest phase.
constexpr ProductShape data_gradient_product(const Conv2d& p) {
  return {p.n * ceil_div<int64_t>(p.h, p.stride_h) * ceil_div<int64_t>(p.w, p.stride_w), p.c / p.groups,
          ceil_div<int64_t>(p.r, p.stride_h) * ceil_div<int64_t>(p.s, p.stride_w) * (p.k / p.groups),
          int64_t{p.stride_h} * p.stride_w * p.groups};
}

constexpr ProductShape weight_gradient_product(const Conv2d& p) {
  return {p.k / p.groups, int64_t{p.r} * p.s * (p.c / p.groups), int64_t{p.n} * p.p * p.q, p.groups};
}

constexpr TilePlan plan_of(const ProductShape& s, int64_t most_parts = kMostParts) {
  return choose_plan(s.m, s.n, s.k, s.units, most_parts);
}

// Whether the forward twin for sm_90a can compute it: tensor cores, one group, rows of channels of whole 16 bytes, and
// what a tensor map can say (strides up to 8, corners and taps of 8 bits).
constexpr bool forward_has_twin(const Conv2d& p) {
  const int lines = p.dtype == DType::bf16 ? 8 : 4;
  const auto axis = [](int extent, int positions, int taps, int stride, int pad, int dilation) {
    const int64_t upper = int64_t{positions - 1} * stride - pad - (extent - 1);
    return stride <= 8 && pad <= 128 && upper >= -128 && upper <= 127 && int64_t{taps - 1} * dilation <= 255;
  };
  return (p.dtype == DType::bf16 || (p.dtype == DType::f32 && p.math == Math::tf32)) && p.groups == 1 && p.n >= 1 && p.p >= 1 && p.q >= 1 &&
         p.c >= 1 && p.c % lines == 0 && p.k >= 1 && axis(p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h) &&
         axis(p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w);
}

// Of the terms that a twin multiplies: channels come 128 bytes at a time.
constexpr double twin_depth(const Conv2d& p) {
  const int line = p.dtype == DType::bf16 ? 64 : 32;
  return static_cast<double>(p.c) / static_cast<double>(ceil_div(p.c, line) * line);
}

// capability: of the card, 90 for sm_90. Twins are written for 90 alone.
constexpr TilePlan forward_plan(const Conv2d& p, int capability) {
  const ProductShape s = forward_product(p);
  TilePlan best = plan_of(s);
  if (capability != 90 || !forward_has_twin(p)) return best;
  double best_speed = plan_speed(best, s.m, s.n, s.k, s.units);
  for (const TileName tile : kTwinTiles) {
    const double speed = twin_speed(tile, s.m, s.n, twin_depth(p));
    if (speed > best_speed) best = {tile}, best_speed = speed;
  }
  return best;
}
constexpr TilePlan data_gradient_plan(const Conv2d& p) { return plan_of(data_gradient_product(p)); }
// Its parts are added up by a kernel of their own, so there may be many.
constexpr TilePlan weight_gradient_plan(const Conv2d& p) { return plan_of(weight_gradient_product(p), 256); }

}  // namespace ganymede::kernels::GANYMEDE_TARGET
