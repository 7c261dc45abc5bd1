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
constexpr TilePlan forward_plan(const Conv2d& p) { return plan_of(forward_product(p)); }
constexpr TilePlan data_gradient_plan(const Conv2d& p) { return plan_of(data_gradient_product(p)); }
// Its parts are added up by a kernel of their own, so there may be many.
constexpr TilePlan weight_gradient_plan(const Conv2d& p) { return plan_of(weight_gradient_product(p), 256); }

}  // namespace ganymede::kernels::GANYMEDE_TARGET
