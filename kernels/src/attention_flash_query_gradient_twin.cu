// The twin of attention's gradient in queries for sm_90a (bf16):
//   dq[i, :] = scale * sum_j ds_ij * k[j, :],  ds_ij = p_ij * (g_i . v_j - delta_i),  p_ij = exp(scale * q_i . k_j - logsum_i)
// A block takes jobs of 128 queries of one element of the batch (device/flash_twin.h), 64 a warpgroup, whose q and g stay in shared
// memory, and walks the keys 128 at a time, or 64 where queries are wide. A warpgroup sends off both products of the next keys and, behind them,
// the sum of those whose ds it has, and finds the next ds while they run. Moves q, g and dq once, k and v once a job (from L2). A thread holds
// up to 192 sums, scores and weights. Expected bound: tensor cores. Not measured.
#include "kernels/device/flash_twin.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

struct FlashQueryGradientTwin {
  TensorMap q, g, k, v;
  const FlashStatistics* statistics;   // [batch, flash_statistics_count(queries)]
  Bf16* dq;
  float scale;
  int batch, queries, keys, depth, row_blocks;
};

template <int kDepth, int kWidth>
struct FlashQueryGradientTwinShared {
  static constexpr int kTileKeys = kDepth <= 64 ? 128 : 64, kStages = kDepth <= 64 ? 3 : 4;
  static constexpr int kColumns = kDepth < 64 ? 64 : kDepth;   // operands across lines are 64 columns wide
  using Queries = FlashTwinTile<kFlashTwinRows, kDepth>;
  using Above = FlashTwinTile<kFlashTwinRows, kWidth>;
  using Keys = FlashTwinTile<kTileKeys, kColumns>;
  using Values = FlashTwinTile<kTileKeys, kWidth>;
  Queries q;
  Above g;
  Keys k[kStages];
  Values v[kStages];
  FlashTwinRing<1, Queries::kBytes + Above::kBytes> query_ring;
  FlashTwinRing<kStages, Keys::kBytes + Values::kBytes> key_ring;
};

template <int kDepth, int kWidth>
__global__ void __launch_bounds__(kFlashTwinThreads, 1) flash_query_gradient_twin_kernel([[maybe_unused]] const __grid_constant__ FlashQueryGradientTwin job) {
#if GANYMEDE_HOPPER_CODE
  using Shared = FlashQueryGradientTwinShared<kDepth, kWidth>;
  constexpr int kTileKeys = Shared::kTileKeys, kColumns = Shared::kColumns;
  auto& memory = shared<Shared>();
  if (threadIdx.x == 0) {
    memory.query_ring.init();
    memory.key_ring.init();
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  const int warp = flash_twin_warp(), lane = simt::lane(), group = warp / 4;
  const int jobs = job.batch * job.row_blocks, tiles = ceil_div(job.keys, kTileKeys);
  Stage<1> query_stage;
  Stage<Shared::kStages> next, now;   // whose weights come next, whose products are summed
  if (group == kFlashTwinGroups) {
    simt::registers_fewer<24>();
    if (warp > 4 * kFlashTwinGroups || lane > 0) return;
    simt::tma_prefetch(job.q);
    simt::tma_prefetch(job.g);
    simt::tma_prefetch(job.k);
    simt::tma_prefetch(job.v);
    for (int at = static_cast<int>(blockIdx.x); at < jobs; at += static_cast<int>(gridDim.x)) {
      const int batch = at / job.row_blocks, first_row = at % job.row_blocks * kFlashTwinRows;
      memory.query_ring.fetch(query_stage, [&](int, simt::Mbarrier& full) {
        memory.q.load(job.q, first_row, batch, full);
        memory.g.load(job.g, first_row, batch, full);
      });
      for (int key = 0; key < job.keys; key += kTileKeys) {
        memory.key_ring.fetch(next, [&](int i, simt::Mbarrier& full) {
          memory.k[i].load(job.k, key, batch, full);
          memory.v[i].load(job.v, key, batch, full);
        });
      }
    }
    return;
  }

  simt::registers_more<240>();
  const float c = job.scale * kLog2E;
  float scores[kTileKeys / 2], slopes[kTileKeys / 2], dq[kColumns / 2], logsum[2], delta[2];
  uint32_t weights[kTileKeys / 16][4];
  const auto multiply = [&] {
    const auto& k = memory.k[next.index];
    const auto& v = memory.v[next.index];
    simt::wgmma_fence();
#pragma unroll
    for (int term = 0; term < kDepth / 16; ++term) simt::wgmma_bf16<kTileKeys>(scores, memory.q.along(64 * group, term), k.along(0, term), term > 0);
#pragma unroll
    for (int term = 0; term < kWidth / 16; ++term) simt::wgmma_bf16<kTileKeys>(slopes, memory.g.along(64 * group, term), v.along(0, term), term > 0);
    simt::wgmma_commit();
  };
  const auto add_sums = [&](bool add) {
    const auto& k = memory.k[now.index];
    simt::wgmma_keep(weights);
    simt::wgmma_keep(dq);
    simt::wgmma_fence();
#pragma unroll
    for (int term = 0; term < kTileKeys / 16; ++term) simt::wgmma_bf16<kColumns, Major::mn>(dq, weights[term], k.across(term), add || term > 0);
    simt::wgmma_commit();
  };
  // Slopes become ds, of `count` keys.
  const auto weigh = [&](int count) {
    simt::wgmma_keep(scores);
    simt::wgmma_keep(slopes);
#pragma unroll
    for (int i = 0; i < kTileKeys / 2; ++i) {
      const int row = i / 2 % 2;
      slopes[i] = simt::exp2(c * scores[i] - logsum[row]) * (slopes[i] - delta[row]);
    }
    if (count < kTileKeys) {   // beyond the last a score is 0, and its p may be infinite
#pragma unroll
      for (int i = 0; i < kTileKeys / 2; ++i) {
        if (i / 4 * 8 + lane % 4 * 2 + i % 2 >= count) slopes[i] = 0;
      }
    }
    simt::wgmma_keep(slopes);
    next.advance();
  };
  const auto finish_sums = [&] {
    simt::wgmma_wait<0>();
    simt::wgmma_keep(dq);
    simt::wgmma_keep(weights);
    memory.key_ring.free(now);
  };
  for (int at = static_cast<int>(blockIdx.x); at < jobs; at += static_cast<int>(gridDim.x)) {
    const int batch = at / job.row_blocks, first_row = at % job.row_blocks * kFlashTwinRows + warp * 16;
#pragma unroll
    for (int half = 0; half < 2; ++half) {   // rows beyond the last are computed, not stored
      const int row = first_row + lane / 4 + 8 * half;
      const FlashStatistics& query = job.statistics[static_cast<int64_t>(batch) * flash_statistics_count(job.queries) + (row < job.queries ? row : job.queries - 1)];
      logsum[half] = query.logsum;
      delta[half] = query.delta;
    }
    memory.query_ring.wait(query_stage);
    memory.key_ring.wait(next);
    multiply();
    simt::wgmma_wait<0>();
    weigh(job.keys);
    if (tiles > 1) memory.key_ring.wait(next);
    round_sums<kTileKeys>(slopes, weights);
#pragma unroll 1
    for (int tile = 1; tile < tiles; ++tile) {
      multiply();
      add_sums(tile > 1);
      simt::wgmma_wait<1>();
      weigh(job.keys - tile * kTileKeys);
      if (tile + 1 < tiles) memory.key_ring.wait(next);   // here, for a loop is what the assembler does not move the weights behind
      finish_sums();
      round_sums<kTileKeys>(slopes, weights);
    }
    memory.query_ring.free(query_stage);
    add_sums(tiles > 1);
    finish_sums();
    store_sums<kColumns>(dq, job.dq + static_cast<int64_t>(batch) * job.queries * job.depth, job.queries, job.depth, first_row, {job.scale, job.scale});
  }
#endif
}

}  // namespace

bool flash_query_gradient_twin(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                               const FlashStatistics* statistics, void* dq) {
  require_twin(flash_has_twin(AttentionRole::query_gradient, a), "attention gradient");
  for (const void* all : {q, k, v, g, static_cast<const void*>(dq)}) {
    if (!aligned(all, 16)) return false;
  }
  with_flash_twin_sizes(a, [&](auto depth, auto width) {
    constexpr int kDepth = decltype(depth)::value, kWidth = decltype(width)::value;
    using Shared = FlashQueryGradientTwinShared<kDepth, kWidth>;
    const FlashQueryGradientTwin job{Shared::Queries::map(q, a.batch, a.queries, a.depth), Shared::Above::map(g, a.batch, a.queries, a.width),
                                     Shared::Keys::map(k, a.batch, a.keys, a.depth), Shared::Values::map(v, a.batch, a.keys, a.width), statistics,
                                     static_cast<Bf16*>(dq), static_cast<float>(a.scale), a.batch, a.queries, a.keys, a.depth,
                                     ceil_div(a.queries, kFlashTwinRows)};
    launch<Shared>(flash_query_gradient_twin_kernel<kDepth, kWidth>, flash_twin_grid(a.batch, job.row_blocks), dim3(kFlashTwinThreads), stream, job);
  });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
