// The twin of attention's gradients in keys and values together for sm_90a (bf16):
//   dv[j, :] = sum_i p_ij * g[i, :],  dk[j, :] = scale * sum_i ds_ij * q[i, :]
//   p_ij = exp(scale * q_i . k_j - logsum_i),  ds_ij = p_ij * (g_i . v_j - delta_i)
// A block takes jobs of 128 keys of one element of the batch (device/flash_twin.h), 64 a warpgroup, whose k and v stay in shared memory, and walks
// the queries 64 at a time, with keys as rows, so that p and ds are left operands in registers. A warpgroup sends off both products of the
// next queries and, behind them, the sums of those whose weights it has, and finds the next weights while they run. Moves k, v, dk and dv
// once, q and g once a job (from L2). A thread holds 192 sums, scores and weights. Expected bound: tensor cores, and shared memory, of
// which products of 64 x 64 read 128 bytes a cycle. Not measured.
#include "kernels/device/flash_twin.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kTileQueries = 64;

struct FlashKeyGradientTwin {
  TensorMap k, v, q, g, statistics;
  Bf16 *dk, *dv;   // or null
  float scale;
  int batch, queries, keys, depth, width, row_blocks;
};

template <int kDepth, int kWidth>
struct FlashKeyGradientTwinShared {
  static constexpr int kStages = 4, kColumns = kDepth < 64 ? 64 : kDepth;   // operands across lines are 64 columns wide
  using Keys = FlashTwinTile<kFlashTwinRows, kDepth>;
  using Values = FlashTwinTile<kFlashTwinRows, kWidth>;
  using Queries = FlashTwinTile<kTileQueries, kColumns>;
  using Above = FlashTwinTile<kTileQueries, kWidth>;
  using Statistics = FlashStatistics[kTileQueries];   // zeros beyond the last, as q and g, which so have no part in any sum
  Keys k;
  Values v;
  Queries q[kStages];
  Above g[kStages];
  alignas(128) Statistics statistics[kStages];
  FlashTwinRing<1, Keys::kBytes + Values::kBytes> key_ring;
  FlashTwinRing<kStages, Queries::kBytes + Above::kBytes + static_cast<int>(sizeof(Statistics))> query_ring;
};

template <int kDepth, int kWidth>
__global__ void __launch_bounds__(kFlashTwinThreads, 1) flash_key_gradient_twin_kernel([[maybe_unused]] const __grid_constant__ FlashKeyGradientTwin job) {
#if GANYMEDE_HOPPER_CODE
  using Shared = FlashKeyGradientTwinShared<kDepth, kWidth>;
  constexpr int kColumns = Shared::kColumns;
  auto& memory = shared<Shared>();
  if (threadIdx.x == 0) {
    memory.key_ring.init();
    memory.query_ring.init();
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  const int warp = flash_twin_warp(), lane = simt::lane(), group = warp / 4;
  const int jobs = job.batch * job.row_blocks, tiles = ceil_div(job.queries, kTileQueries);
  Stage<1> key_stage;
  Stage<Shared::kStages> next, now;   // whose weights come next, whose products are summed
  if (group == kFlashTwinGroups) {
    simt::registers_fewer<24>();
    if (warp > 4 * kFlashTwinGroups || lane > 0) return;
    simt::tma_prefetch(job.k);
    simt::tma_prefetch(job.v);
    simt::tma_prefetch(job.q);
    simt::tma_prefetch(job.g);
    simt::tma_prefetch(job.statistics);
    for (int at = static_cast<int>(blockIdx.x); at < jobs; at += static_cast<int>(gridDim.x)) {
      const int batch = at / job.row_blocks, first_row = at % job.row_blocks * kFlashTwinRows;
      memory.key_ring.fetch(key_stage, [&](int, simt::Mbarrier& full) {
        memory.k.load(job.k, first_row, batch, full);
        memory.v.load(job.v, first_row, batch, full);
      });
      for (int query = 0; query < job.queries; query += kTileQueries) {
        memory.query_ring.fetch(next, [&](int i, simt::Mbarrier& full) {
          memory.q[i].load(job.q, query, batch, full);
          memory.g[i].load(job.g, query, batch, full);
          simt::tma_load_tile(memory.statistics[i], job.statistics, {query * 4, batch}, full);
        });
      }
    }
    return;
  }

  simt::registers_more<240>();
  const float c = job.scale * kLog2E;
  float scores[kTileQueries / 2], slopes[kTileQueries / 2], dk[kColumns / 2], dv[kWidth / 2];
  uint32_t weights[kTileQueries / 16][4], slope_weights[kTileQueries / 16][4];
  const auto multiply = [&] {
    const auto& q = memory.q[next.index];
    const auto& g = memory.g[next.index];
    simt::wgmma_fence();
#pragma unroll
    for (int term = 0; term < kDepth / 16; ++term) simt::wgmma_bf16<kTileQueries>(scores, memory.k.along(64 * group, term), q.along(0, term), term > 0);
#pragma unroll
    for (int term = 0; term < kWidth / 16; ++term) simt::wgmma_bf16<kTileQueries>(slopes, memory.v.along(64 * group, term), g.along(0, term), term > 0);
    simt::wgmma_commit();
  };
  const auto add_sums = [&](bool add) {
    const auto& q = memory.q[now.index];
    const auto& g = memory.g[now.index];
    simt::wgmma_keep(weights);
    simt::wgmma_keep(slope_weights);
    simt::wgmma_keep(dv);
    simt::wgmma_keep(dk);
    simt::wgmma_fence();
#pragma unroll
    for (int term = 0; term < kTileQueries / 16; ++term) simt::wgmma_bf16<kWidth, Major::mn>(dv, weights[term], g.across(term), add || term > 0);
#pragma unroll
    for (int term = 0; term < kTileQueries / 16; ++term) simt::wgmma_bf16<kColumns, Major::mn>(dk, slope_weights[term], q.across(term), add || term > 0);
    simt::wgmma_commit();
  };
  // Scores become p, slopes ds.
  const auto weigh = [&] {
    struct alignas(16) Two {
      FlashStatistics v[2];
    };
    simt::wgmma_keep(scores);
    simt::wgmma_keep(slopes);
#pragma unroll
    for (int j = 0; j < kTileQueries / 8; ++j) {
      const Two query = *reinterpret_cast<const Two*>(&memory.statistics[next.index][j * 8 + lane % 4 * 2]);
#pragma unroll
      for (int i = 4 * j; i < 4 * j + 4; ++i) {
        scores[i] = simt::exp2(c * scores[i] - query.v[i % 2].logsum);
        slopes[i] = scores[i] * (slopes[i] - query.v[i % 2].delta);
      }
    }
    simt::wgmma_keep(scores);
    simt::wgmma_keep(slopes);
    next.advance();
  };
  const auto round = [&] {
    round_sums<kTileQueries>(scores, weights);
    round_sums<kTileQueries>(slopes, slope_weights);
  };
  const auto finish_sums = [&] {
    simt::wgmma_wait<0>();
    simt::wgmma_keep(dv);
    simt::wgmma_keep(dk);
    simt::wgmma_keep(weights);
    simt::wgmma_keep(slope_weights);
    memory.query_ring.free(now);
  };
  for (int at = static_cast<int>(blockIdx.x); at < jobs; at += static_cast<int>(gridDim.x)) {
    memory.key_ring.wait(key_stage);
    memory.query_ring.wait(next);
    multiply();
    simt::wgmma_wait<0>();
    weigh();
    if (tiles > 1) memory.query_ring.wait(next);
    round();
#pragma unroll 1
    for (int tile = 1; tile < tiles; ++tile) {
      multiply();
      add_sums(tile > 1);
      simt::wgmma_wait<1>();
      weigh();
      if (tile + 1 < tiles) memory.query_ring.wait(next);   // here, for a loop is what the assembler does not move the weights behind
      finish_sums();
      round();
    }
    memory.key_ring.free(key_stage);
    add_sums(tiles > 1);
    finish_sums();
    const int first_row = at % job.row_blocks * kFlashTwinRows + warp * 16;
    const int64_t lines = static_cast<int64_t>(at / job.row_blocks) * job.keys;
    if (job.dk) store_sums<kColumns>(dk, job.dk + lines * job.depth, job.keys, job.depth, first_row, {job.scale, job.scale});
    if (job.dv) store_sums<kWidth>(dv, job.dv + lines * job.width, job.keys, job.width, first_row, {1, 1});
  }
#endif
}

TensorMap statistics_map(const FlashStatistics* statistics, int batch, int queries) {
  MapSpec map;   // four halves of words each
  map.swizzle = Swizzle::none;
  map.data = statistics;
  map.rank = 2;
  map.size[0] = uint64_t(queries) * 4, map.size[1] = uint64_t(batch);
  map.stride[0] = uint64_t(flash_statistics_count(queries)) * sizeof(FlashStatistics);
  map.box[0] = kTileQueries * 4, map.box[1] = 1;
  return make_map(map);
}

}  // namespace

bool flash_key_gradient_twin(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                             const FlashStatistics* statistics, void* dk, void* dv) {
  require_twin(flash_has_twin(AttentionRole::key_gradient, a), "attention gradient");
  for (const void* all : {q, k, v, g, static_cast<const void*>(statistics), static_cast<const void*>(dk), static_cast<const void*>(dv)}) {
    if (!aligned(all, 16)) return false;
  }
  with_flash_twin_sizes(a, [&](auto depth, auto width) {
    constexpr int kDepth = decltype(depth)::value, kWidth = decltype(width)::value;
    if constexpr (kDepth <= 64 || kWidth <= 64) {
      using Shared = FlashKeyGradientTwinShared<kDepth, kWidth>;
      const FlashKeyGradientTwin job{Shared::Keys::map(k, a.batch, a.keys, a.depth), Shared::Values::map(v, a.batch, a.keys, a.width),
                                     Shared::Queries::map(q, a.batch, a.queries, a.depth), Shared::Above::map(g, a.batch, a.queries, a.width),
                                     statistics_map(statistics, a.batch, a.queries), static_cast<Bf16*>(dk), static_cast<Bf16*>(dv),
                                     static_cast<float>(a.scale), a.batch, a.queries, a.keys, a.depth, a.width, ceil_div(a.keys, kFlashTwinRows)};
      launch<Shared>(flash_key_gradient_twin_kernel<kDepth, kWidth>, flash_twin_grid(a.batch, job.row_blocks), dim3(kFlashTwinThreads), stream, job);
    }
  });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
