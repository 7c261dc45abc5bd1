// Winograd's form F(4x4, 3x3) of convolutions in strict f32 (src/conv2d_winograd.cu): what it serves, how its tiles are cut into slices, what
// memory that takes and what time it is expected to. Pure functions of the shape.
#pragma once
#include "kernels/api/variants.h"
#include "kernels/device/conv_maps.h"
#include "kernels/device/tile_table.h"
#include "kernels/device/winograd_maps.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

using WinogradMaps = F43;   // 36 products for 4 x 4 results, of which plain sums take 144
constexpr int kWinogradPoints = WinogradMaps::kSide * WinogradMaps::kSide;

// Transformed images of a slice, in and out, stay in the second cache of a large card (50 MB) while three kernels pass them on. The
// transformed filters are bounded alike.
constexpr int64_t kWinogradSliceBytes = int64_t{40} << 20, kMostWinogradFilterBytes = int64_t{40} << 20;
constexpr int kMostWinogradChannels = 2048;   // C + K: a slice has at least kWinogradGrain tiles
constexpr int kWinogradGrain = 128;           // tiles of a slice come in multiples, as rows of a product's tiles do

constexpr bool winograd_serves(Conv2dRole role, const Conv2d& p) {
  return p.dtype == DType::f32 && p.math == Math::f32 && p.groups == 1 && p.r == 3 && p.s == 3 && p.stride_h == 1 && p.stride_w == 1 &&
         p.dilation_h == 1 && p.dilation_w == 1 && p.n >= 1 && p.h >= 1 && p.w >= 1 && p.p >= 1 && p.q >= 1 && p.c >= 1 && p.k >= 1 &&
         p.c + p.k <= kMostWinogradChannels && int64_t{4} * kWinogradPoints * p.c * p.k <= kMostWinogradFilterBytes &&
         (role != Conv2dRole::data_gradient || p.border == Padding::zero);
}

// Tiles of 4 x 4 results (weight gradient: of dy), the last of a row or column overhanging, and how many of them are worked on at a time.
struct WinogradCut {
  int rows, columns;   // of an image
  int tiles, slice;
  constexpr int slices() const { return ceil_div(tiles, slice); }
};
constexpr WinogradCut winograd_cut(Conv2dRole role, const Conv2d& given) {
  const Conv2d p = role == Conv2dRole::data_gradient ? turned_convolution(given) : given;
  WinogradCut cut{ceil_div(p.p, WinogradMaps::kOut), ceil_div(p.q, WinogradMaps::kOut), 0, 0};
  cut.tiles = p.n * cut.rows * cut.columns;
  const int most = static_cast<int>(kWinogradSliceBytes / (int64_t{4} * kWinogradPoints * (p.c + p.k)) / kWinogradGrain * kWinogradGrain);
  const int even = ceil_div(ceil_div(cut.tiles, ceil_div(cut.tiles, most)), kWinogradGrain) * kWinogradGrain;
  cut.slice = cut.tiles < even ? cut.tiles : even;
  return cut;
}

// The workspace, f32: filters [36, K, C], transformed images [36, tiles of a slice, channels], the one that is read (weight gradient: x), then
// the one that is made of it (weight gradient: dy). Each begins at a multiple of 16 bytes.
constexpr size_t winograd_workspace(Conv2dRole role, const Conv2d& p) {
  return sizeof(float) * kWinogradPoints * (static_cast<size_t>(p.k) * p.c + static_cast<size_t>(winograd_cut(role, p).slice) * (p.c + p.k));
}

// The product of each point for a slice: m x n results, sums of k terms.
struct WinogradProduct {
  int m, n, k;
};
constexpr WinogradProduct winograd_product(Conv2dRole role, const Conv2d& p) {
  const int tiles = winograd_cut(role, p).slice;
  return role == Conv2dRole::forward ? WinogradProduct{tiles, p.k, p.c} : role == Conv2dRole::data_gradient ? WinogradProduct{tiles, p.c, p.k} : WinogradProduct{p.k, p.c, tiles};
}
constexpr TilePlan winograd_product_plan(Conv2dRole role, const Conv2d& p) {
  const WinogradProduct s = winograd_product(role, p);
  return choose_plan(s.m, s.n, s.k, kWinogradPoints);
}

// Expected microseconds on an H200. Tiled sums in f32 ran there at 31 to 39 Tflop/s where they are large, nearly as fast by thin tiles, at half of that by
// medium ones (docs/results/h200-2026-11-26.md: E1 31, D3 33, a product of 4096 39; E2 30; F1 14, D2 15). Transforms are taken for bound by memory, at the rate
// that the parts of sums are added up, and a launch in a busy stream for kTurn. Nothing of Winograd's form itself has been measured on a card.
constexpr double kSimtRate = 34e6;
constexpr double simt_speed(TileName name) {
  return name == TileName::small ? 0.35 : name == TileName::medium ? 0.6 : name == TileName::thin ? 0.9 : 1;
}
constexpr double simt_time(TilePlan plan, int64_t m, int64_t n, int64_t k, int64_t units) {
  const double speed = plan_speed(plan, m, n, k, units) / tile_speed(plan.tile) * simt_speed(plan.tile);
  return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(units) / (kSimtRate * speed);
}
constexpr double winograd_time(Conv2dRole role, const Conv2d& p) {
  const WinogradCut cut = winograd_cut(role, p);
  const bool weights = role == Conv2dRole::weight_gradient;
  const double slices = cut.slices(), channels = p.c + p.k, filters = static_cast<double>(p.k) * p.c;
  const WinogradProduct s = winograd_product(role, p);
  const double product = simt_time(winograd_product_plan(role, p), s.m, s.n, s.k, kWinogradPoints);
  const double image_floats = (kWinogradPoints + 16.0) * channels * cut.slice;   // of a slice, read or written by the transforms
  const double filter_floats = (kWinogradPoints + 9.0) * filters * (weights ? slices : 1);
  return kLaunch + kTurn * (weights ? 4 * slices - 1 : 3 * slices) + slices * product + 4 * (slices * image_floats + filter_floats) / kBytesPerMicrosecond;
}

// Terms of products that the busiest of so many multiprocessors multiplies when blocks take turns.
constexpr double winograd_terms(Conv2dRole role, const Conv2d& p, int multiprocessors) {
  const WinogradProduct s = winograd_product(role, p);
  const TilePlan plan = winograd_product_plan(role, p);
  const int64_t blocks = tile_count(plan.tile, s.m, s.n) * kWinogradPoints * plan.parts;
  return static_cast<double>(winograd_cut(role, p).slices()) * static_cast<double>(ceil_div<int64_t>(blocks, multiprocessors)) * tile_size(plan.tile).m *
         tile_size(plan.tile).n * static_cast<double>(ceil_div<int64_t>(s.k, plan.parts));
}

// The launchers; winograd_serves(role, problem). workspace: winograd_workspace bytes, at a multiple of 16; operands of any alignment.
// src/conv2d_winograd.cu
void convolve_forward_winograd(Stream stream, const Conv2d& problem, const void* x, const void* w, void* y, const Epilogue& epilogue, void* workspace);
void convolve_data_gradient_winograd(Stream stream, const Conv2d& problem, const void* dy, const void* w, void* dx, const Epilogue& epilogue,
                                     void* workspace);
void convolve_weight_gradient_winograd(Stream stream, const Conv2d& problem, const void* x, const void* dy, void* dw, void* workspace);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
