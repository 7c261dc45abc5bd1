// How a matrix product is cut: a pure function of its shape and the card, as conv_plan.h.
#pragma once
#include "kernels/api/gemm.h"
#include "kernels/device/tile_table.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Whether the twin for sm_90a can compute it: tensor cores, lines of whole 16 bytes; of tf32 both operands along k.
constexpr bool gemm_has_twin(const Gemm& g) {
  const bool bf16 = g.dtype == DType::bf16, tf32 = g.dtype == DType::f32 && g.math == Math::tf32 && !g.transpose_a && g.transpose_b;
  const int line = bf16 ? 8 : 4;
  return (bf16 || tf32) && g.batch >= 1 && g.m >= 1 && g.n >= 1 && g.k >= 1 && (g.transpose_a ? g.m : g.k) % line == 0 &&
         (g.transpose_b ? g.k : g.n) % line == 0 && g.stride_a % line == 0 && g.stride_b % line == 0 && g.stride_a >= 0 && g.stride_b >= 0;
}

// capability: of the card, 90 for sm_90.
constexpr TilePlan gemm_plan(const Gemm& g, int capability) {
  TilePlan best = choose_plan(g.m, g.n, g.k, g.batch);
  if (capability != 90 || !gemm_has_twin(g)) return best;
  const bool bf16 = g.dtype == DType::bf16;
  double best_time = mma_time(best, g.m, g.n, g.k, g.batch, bf16);
  const int64_t steps = ceil_div(g.k, bf16 ? 64 : 32);
  for (const TileName tile : kTwinTiles) {
    int64_t most = kTwinMultiprocessors / (tile_count(tile, g.m, g.n) * g.batch);
    most = most < steps / 4 ? most : steps / 4;
    most = most > kMostParts ? kMostParts : most;
    for (const int64_t parts : {int64_t{1}, most}) {
      if (parts < 1) continue;
      const double time = twin_time(tile, g.m, g.n, steps, g.batch, parts);
      if (time < best_time) best = {tile, static_cast<int>(parts)}, best_time = time;
    }
  }
  return best;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
