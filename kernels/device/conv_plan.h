// How each direction of a convolution is cut: pure functions of its shape, for the launchers and for `ganymede kernels`.
#pragma once
#include "kernels/api/variants.h"
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
constexpr int kMostGradientParts = 256;
constexpr TilePlan weight_gradient_plan(const Conv2d& p) { return plan_of(weight_gradient_product(p), kMostGradientParts); }

constexpr ProductShape product_of(Conv2dRole role, const Conv2d& p) {
  return role == Conv2dRole::forward ? forward_product(p) : role == Conv2dRole::data_gradient ? data_gradient_product(p) : weight_gradient_product(p);
}
constexpr TilePlan table_plan(Conv2dRole role, const Conv2d& p, int capability) {
  return role == Conv2dRole::forward ? forward_plan(p, capability) : role == Conv2dRole::data_gradient ? data_gradient_plan(p) : weight_gradient_plan(p);
}

// Every variant worth measuring: the table's first, then all tiles with sums cut into powers of two, as long as a part has enough
// terms, and the twins that can compute it. Returns how many; at most kMostVariants.
constexpr int list_plans(Conv2dRole role, const Conv2d& p, int capability, TilePlan* plans) {
  int count = 0;
  const auto add = [&](TilePlan plan) {
    for (int i = 0; i < count; ++i)
      if (plans[i].tile == plan.tile && plans[i].parts == plan.parts) return;
    if (count < kMostVariants) plans[count++] = plan;
  };
  const int64_t k = product_of(role, p).k;
  const int most = role == Conv2dRole::weight_gradient ? kMostGradientParts : kMostParts;
  add(table_plan(role, p, capability));
  if (role == Conv2dRole::forward && capability == 90 && forward_has_twin(p))
    for (const TileName tile : kTwinTiles) add({tile});
  const bool simt = p.dtype == DType::f32 && p.math == Math::f32;   // large and tall are one there
  for (const TileName tile : kTileNames) {
    if (simt && tile == TileName::large) continue;
    for (int parts = 1; parts <= most && (parts == 1 || k / parts >= kLeastTerms); parts *= 2) add({tile, parts});
  }
  return count;
}

// Terms that the busiest of so many multiprocessors multiplies when blocks take turns.
constexpr double plan_terms(Conv2dRole role, const Conv2d& p, TilePlan plan, int multiprocessors) {
  const ProductShape s = product_of(role, p);
  const int64_t blocks = tile_count(plan.tile, s.m, s.n) * s.units * plan.parts;
  return static_cast<double>(ceil_div<int64_t>(blocks, multiprocessors)) * tile_size(plan.tile).m * tile_size(plan.tile).n *
         static_cast<double>(ceil_div<int64_t>(s.k, plan.parts));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
