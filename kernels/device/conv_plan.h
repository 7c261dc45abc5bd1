// How each direction of a convolution is cut: pure functions of its shape, for the launchers and for `ganymede kernels`.
#pragma once
#include "kernels/api/variants.h"
#include "kernels/device/conv_maps.h"
#include "kernels/device/few_channels.h"
#include "kernels/device/tile_table.h"
#include "kernels/device/turned_pixels.h"
#include "kernels/device/winograd_plan.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// A direction as a matrix product: m x n results, sums of k terms, so many equal products side by side.
struct ProductShape {
  int64_t m, n, k, units;
};

// shuffle: as Epilogue's, one product for each row of a pixel's square.
constexpr ProductShape forward_product(const Conv2d& p, int shuffle = 1) {
  return {int64_t{p.n} * p.p * p.q, p.k / p.groups / shuffle, int64_t{p.r} * p.s * (p.c / p.groups), p.groups * shuffle};
}

// Of the largest phase.
constexpr ProductShape data_gradient_product(const Conv2d& p) {
  return {p.n * ceil_div<int64_t>(p.h, p.stride_h) * ceil_div<int64_t>(p.w, p.stride_w), p.c / p.groups,
          ceil_div<int64_t>(p.r, p.stride_h) * ceil_div<int64_t>(p.s, p.stride_w) * (p.k / p.groups),
          int64_t{p.stride_h} * p.stride_w * p.groups};
}

// One window that is the whole image: dx[n, (r,s,c)] = sum over k of dy[n, k] * w[k, (r,s,c)] is a plain matrix product, where phases
// would multiply each position's one tap and all that miss it. So it is computed, unless a bias by channels c is asked for.
constexpr bool data_gradient_is_product(const Conv2d& p) {
  return p.groups == 1 && p.n >= 1 && p.p == 1 && p.q == 1 && p.r == p.h && p.s == p.w && p.pad_h == 0 && p.pad_w == 0 && p.dilation_h == 1 &&
         p.dilation_w == 1;
}

constexpr ProductShape weight_gradient_product(const Conv2d& p) {
  return {p.k / p.groups, int64_t{p.r} * p.s * (p.c / p.groups), int64_t{p.n} * p.p * p.q, p.groups};
}

constexpr TilePlan plan_of(const ProductShape& s, int64_t most_parts = kMostParts) {
  return choose_plan(s.m, s.n, s.k, s.units, most_parts);
}

// What a tensor map can say of an axis: a window of positions whose first and last lie at these distances from the first and the
// last pixel, and taps that reach so far behind a position.
constexpr bool map_takes(int64_t lower, int64_t upper, int64_t reach) {
  return lower >= -128 && lower <= 127 && upper >= -128 && upper <= 127 && reach <= 255;
}
constexpr bool forward_map_takes(int extent, int positions, int taps, int stride, int pad, int dilation) {
  return stride <= 8 && map_takes(-pad, int64_t{positions - 1} * stride - pad - (extent - 1), int64_t{taps - 1} * dilation);
}

// Whether the twins for sm_90a can compute it: tensor cores, one group, rows of channels of whole 16 bytes, and what a tensor map
// can say. wgmma takes tf32 along the sum's terms alone: the data gradient's twin reads filters that have been turned round, [R*S, C, K],
// and may have any number of channels C;
// the weight gradient's reads both images turned round (turned_pixels.h), of any channels. The data gradient's: strides 1 and 2.
// A tensor map knows zeros outside and nothing else, so no twin reads a border.
constexpr bool on_tensor_cores(const Conv2d& p) { return p.dtype == DType::bf16 || (p.dtype == DType::f32 && p.math == Math::tf32); }
constexpr bool forward_has_twin(const Conv2d& p) {
  const int line = p.dtype == DType::bf16 ? 8 : 4;
  return on_tensor_cores(p) && p.border == Padding::zero && p.groups == 1 && p.n >= 1 && p.p >= 1 && p.q >= 1 &&
         p.c >= 1 && p.c % line == 0 && p.k >= 1 && forward_map_takes(p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h) &&
         forward_map_takes(p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w);
}
constexpr bool weight_gradient_has_twin(const Conv2d& p) {
  if (p.dtype == DType::bf16) return p.k % 8 == 0 && forward_has_twin(p);
  return on_tensor_cores(p) && p.border == Padding::zero && p.groups == 1 && p.n >= 1 && p.h >= 1 && p.w >= 1 && p.p >= 1 && p.q >= 1 && p.c >= 1 && p.k >= 1 && p.r >= 1 && p.s >= 1 &&
         can_turn(p);
}
constexpr bool data_gradient_has_twin(const Conv2d& p) {
  const auto axis = [](int inputs, int outputs, int taps, int stride, int pad, int dilation) {
    for (int phase = 0; phase < stride; ++phase) {
      const ConvAxis a = gradient_axis(phase, inputs, outputs, taps, stride, pad, dilation);
      if (a.position_count == 0) continue;
      const int reach = a.tap_count > 0 ? -(a.tap_count - 1) * a.tap_step : 0, lower = a.origin - reach;
      if (!map_takes(lower, int64_t{lower} + a.position_count - outputs, reach)) return false;
    }
    return true;
  };
  const bool whole_lines = p.dtype == DType::bf16 ? p.c % 8 == 0 && p.k % 8 == 0 : p.k % 4 == 0;
  return on_tensor_cores(p) && p.border == Padding::zero && p.groups == 1 && p.n >= 1 && p.h >= 1 && p.w >= 1 && p.p >= 1 && p.q >= 1 && p.c >= 1 && p.k >= 1 && whole_lines &&
         p.stride_h <= 2 && p.stride_w <= 2 && axis(p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h) &&
         axis(p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w);
}
// Of two tensors side by side: images that are turned round are gathered anyway; else y in two equal halves of whole boxes, as the
// levels of a U-net are joined.
constexpr bool twin_takes_pairs(Conv2dRole role, const Conv2d& p) {
  if (!has_pair(p) || (role == Conv2dRole::weight_gradient && p.dtype == DType::f32)) return true;
  return p.c_first == 0 && 2 * p.k_first == p.k && p.k_first % 64 == 0;
}
constexpr bool has_twin(Conv2dRole role, const Conv2d& p) {
  if (!twin_takes_pairs(role, p)) return false;
  return role == Conv2dRole::forward ? forward_has_twin(p) : role == Conv2dRole::data_gradient ? data_gradient_has_twin(p) : weight_gradient_has_twin(p);
}

constexpr size_t forward_workspace(const Conv2d& p, TilePlan plan) { return plan.tile == TileName::winograd ? winograd_workspace(Conv2dRole::forward, p) : 0; }

// Of a twin: bytes for the filters turned round.
constexpr size_t data_gradient_workspace(const Conv2d& p, TilePlan plan) {
  if (plan.tile == TileName::winograd) return winograd_workspace(Conv2dRole::data_gradient, p);
  return is_twin(plan.tile) && p.dtype == DType::f32 ? sizeof(float) * p.k * p.r * p.s * p.c : 0;
}

// The parts of a weight gradient's sum are added up by a kernel of their own, so there may be many.
constexpr int kMostGradientParts = 256;
// Of f32: the parts, and behind them, at a multiple of 16 bytes, what is turned round.
constexpr int64_t gradient_parts_elements(const Conv2d& p, TilePlan plan) {
  return plan.parts > 1 ? (int64_t{plan.parts} * p.k * p.r * p.s * (p.c / p.groups) + 3) / 4 * 4 : 0;
}
constexpr size_t weight_gradient_workspace(const Conv2d& p, TilePlan plan) {
  if (plan.tile == TileName::winograd) return winograd_workspace(Conv2dRole::weight_gradient, p);
  int64_t elements = plan.parts > 1 ? int64_t{plan.parts} * p.k * p.r * p.s * (p.c / p.groups) : 0;
  if (is_twin(plan.tile) && p.dtype == DType::f32) {
    const TurnedLayout t = turned_layout(p);
    elements = gradient_parts_elements(p, plan) + t.x_elements(p) + t.dy_elements(p);
  }
  return sizeof(float) * static_cast<size_t>(elements);
}
constexpr int most_parts(Conv2dRole role) { return role == Conv2dRole::weight_gradient ? kMostGradientParts : kMostParts; }

// As a twin computes it: columns with their padding, and the steps of a sum.
struct TwinShape {
  int64_t rows, columns, steps, units;
};
constexpr TwinShape twin_shape(Conv2dRole role, const Conv2d& p) {
  const int line = p.dtype == DType::bf16 ? 64 : 32;
  if (role == Conv2dRole::forward) return {int64_t{p.n} * p.p * p.q, p.k, int64_t{p.r} * p.s * ceil_div(p.c, line), 1};
  if (role == Conv2dRole::data_gradient) {
    const ProductShape s = data_gradient_product(p);
    return {s.m, s.n, s.k / p.k * ceil_div(p.k, line), s.units};
  }
  const int64_t steps = p.dtype == DType::bf16 ? ceil_div<int64_t>(int64_t{p.n} * p.p * p.q, 64) : ceil_div<int64_t>(turned_layout(p).length, 32);
  return {p.k, int64_t{p.r} * p.s * ceil_div(p.c, 64) * 64, steps, 1};
}

// Elements that are turned round for a twin.
constexpr int64_t turned_elements(Conv2dRole role, const Conv2d& p) {
  if (p.dtype != DType::f32 || role == Conv2dRole::forward) return 0;
  if (role == Conv2dRole::data_gradient) return int64_t{p.k} * p.r * p.s * p.c;
  const TurnedLayout t = turned_layout(p);
  return t.x_elements(p) + t.dy_elements(p);
}

// Whether a plan can be taken where x or y are two tensors.
constexpr bool plan_takes_pairs(Conv2dRole role, const Conv2d& p, TilePlan plan) {
  if (!has_pair(p)) return true;
  if (is_twin(plan.tile)) return has_twin(role, p);
  if (plan.tile == TileName::few_channels) return few_channels_serve(role, p);
  return plan.tile != TileName::winograd;
}

// capability: of the card, 90 for sm_90. Twins are written for 90 alone. Never Winograd's form: no card has compared it with the tiles yet.
constexpr TilePlan table_plan(Conv2dRole role, const Conv2d& p, int capability) {
  if (few_channels_serve(role, p)) return {TileName::few_channels};
  const ProductShape s = role == Conv2dRole::forward ? forward_product(p) : role == Conv2dRole::data_gradient ? data_gradient_product(p) : weight_gradient_product(p);
  const bool added = role == Conv2dRole::weight_gradient;   // parts by a launch of its own
  TilePlan best = plan_of(s, most_parts(role));
  // Very long sums of few results: more blocks than multiprocessors hide each other's waiting.
  while (added && s.k / best.parts >= 8192 && 2 * best.parts <= kMostGradientParts) best.parts *= 2;
  if (capability != 90 || !has_twin(role, p)) return best;
  double best_time = mma_time(best, s.m, s.n, s.k, s.units, p.dtype == DType::bf16) + (added ? parts_time(best.parts, s.m * s.n) : 0);
  const TwinShape t = twin_shape(role, p);
  const bool half_empty = p.dtype == DType::f32 && !added && (role == Conv2dRole::forward ? p.c : p.k) <= 16;
  const double turned = turn_time(turned_elements(role, p));
  for (const TileName tile : kTwinTiles) {
    // One round of all multiprocessors, of parts with a few steps each.
    int64_t most = kTwinMultiprocessors / (tile_count(tile, t.rows, t.columns) * t.units);
    most = most < t.steps / 4 ? most : t.steps / 4;
    most = most > most_parts(role) ? most_parts(role) : most;
    for (const int64_t parts : {int64_t{1}, most}) {
      if (parts < 1) continue;
      const double time = turned + (added ? twin_time(tile, t.rows, t.columns, ceil_div(t.steps, parts), parts) + parts_time(parts, s.m * s.n)
                                          : twin_time(tile, t.rows, t.columns, t.steps, t.units, parts, half_empty ? kHalfEmptyStep : 1));
      if (time < best_time) best = {tile, static_cast<int>(parts)}, best_time = time;
    }
  }
  return best;
}

// Where the table would take a twin for the image with its border around it, a pass that puts it there costs less than the twin saves.
constexpr bool reads_border(Conv2dRole role, const Conv2d& p, int capability) {
  return role != Conv2dRole::data_gradient && !is_twin(table_plan(role, padded_problem(p), capability).tile);
}

// Pixel-shuffled results: by tiles of any channels, by twins in runs of 64.
constexpr bool can_shuffle(const Conv2d& p, int shuffle) {
  return p.border == Padding::zero && p.groups == 1 && !has_pair(p) && shuffle >= 1 && p.k % (shuffle * shuffle) == 0;
}
constexpr bool twin_can_shuffle(const Conv2d& p, int shuffle) { return can_shuffle(p, shuffle) && p.k / (shuffle * shuffle) % 64 == 0; }
constexpr bool shuffles(const Conv2d& p, int shuffle, int capability) {
  const TileName tile = table_plan(Conv2dRole::forward, p, capability).tile;
  return tile == TileName::few_channels ? false : is_twin(tile) ? twin_can_shuffle(p, shuffle) : can_shuffle(p, shuffle);
}

// Where the table takes the kernels that cannot, or a plain matrix product, a pass that joins (cuts) costs less than they save.
constexpr bool takes_pairs(Conv2dRole role, const Conv2d& p, int capability) {
  if (!has_pair(p)) return true;
  const Conv2d joined = joined_problem(p);
  if (p.groups != 1 || (role == Conv2dRole::data_gradient && data_gradient_is_product(joined))) return false;
  if (p.border != Padding::zero && !reads_border(role, joined, capability)) return false;
  return plan_takes_pairs(role, p, table_plan(role, joined, capability));
}

constexpr ProductShape product_of(Conv2dRole role, const Conv2d& p) {
  return role == Conv2dRole::forward ? forward_product(p) : role == Conv2dRole::data_gradient ? data_gradient_product(p) : weight_gradient_product(p);
}
// Winograd's form is worth measuring where it is expected to be so many times as fast as the table's tile.
constexpr double kWinogradGain = 1.4;
constexpr bool winograd_promises(Conv2dRole role, const Conv2d& p) {
  if (!winograd_serves(role, p)) return false;
  const ProductShape s = product_of(role, p);
  const TilePlan plan = table_plan(role, p, 80);
  return kWinogradGain * winograd_time(role, p) <= kLaunch + simt_time(plan, s.m, s.n, s.k, s.units);
}

// Every variant worth measuring: the table's first, then all tiles with sums cut into powers of two, as long as a part has enough
// terms, and the twins and Winograd's form where they can compute it. Returns how many; at most kMostVariants.
constexpr int list_plans(Conv2dRole role, const Conv2d& p, int capability, TilePlan* plans) {
  int count = 0;
  const auto add = [&](TilePlan plan) {
    for (int i = 0; i < count; ++i)
      if (plans[i].tile == plan.tile && plans[i].parts == plan.parts) return;
    if (count < kMostVariants) plans[count++] = plan;
  };
  const int64_t k = product_of(role, p).k;
  const int most = most_parts(role);
  add(table_plan(role, p, capability));
  if (role == Conv2dRole::data_gradient && data_gradient_is_product(p)) return count;   // what is measured takes none of them
  if (capability == 90 && has_twin(role, p)) {
    const int64_t steps = twin_shape(role, p).steps;
    for (const TileName tile : kTwinTiles)
      for (int parts = 1; parts <= most && (parts == 1 || steps / parts >= 2); parts *= 2) add({tile, parts});
  }
  if (winograd_promises(role, p)) add({TileName::winograd});
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
  if (plan.tile == TileName::few_channels) return static_cast<double>(s.m) * s.n * s.k * s.units / multiprocessors;  // hardly any padding
  if (plan.tile == TileName::winograd) return winograd_terms(role, p, multiprocessors);
  const int64_t blocks = tile_count(plan.tile, s.m, s.n) * s.units * plan.parts;
  return static_cast<double>(ceil_div<int64_t>(blocks, multiprocessors)) * tile_size(plan.tile).m * tile_size(plan.tile).n *
         static_cast<double>(ceil_div<int64_t>(s.k, plan.parts));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
