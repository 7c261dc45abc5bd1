// Gradients of attention in its keys and values together, on tensor cores (device/flash.h):
//   dv[j, :] = sum_i p_ij * g[i, :],  dk[j, :] = scale * sum_i ds_ij * q[i, :]
//   p_ij = exp(scale * q_i . k_j - logsum_i),  ds_ij = p_ij * (g_i . v_j - delta_i)
// A block owns 64 keys, 16 a warp, whose k and v stay in registers; scores are computed with keys as rows, so that weights are
// left operands. Moves k, v, dk and dv once, q and g once a block (from L2). Bound: reads of shared memory, then tensor cores
// by mma.sync.
#include "kernels/device/flash.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
struct FlashKeyGradient {
  FlashMatrix<T> q, k, v, g;
  const FlashStatistics* statistics;  // [batch, statistics_count]
  T *dk, *dv;                      // or null
  float scale;
  int row_blocks, statistics_count;
};

template <class T, int kDepth, int kWidth>
struct FlashKeyGradientShared {
  static constexpr int kRows = kFlashWarps * 16;
  struct Stage {
    FlashTile<T, kFlashOthers, kDepth> q;
    FlashTile<T, kFlashOthers, kWidth> g;
    FlashStatistics statistics[kFlashOthers];
  };
  union {
    Stage stages[2];
    struct {
      Stage first;
      FlashTile<T, kRows, kDepth> k;  // until they are in registers
      FlashTile<T, kRows, kWidth> v;
    };
  };
};

template <class T, int kDepth, int kWidth>
__global__ void __launch_bounds__(kFlashThreads, 2)
    flash_key_gradient_kernel(const __grid_constant__ FlashKeyGradient<T> job) {
  using Shared = FlashKeyGradientShared<T, kDepth, kWidth>;
  using Scores = FlashSums<T, 1, kFlashStep>;
  auto& memory = shared<Shared>();
  const int batch = static_cast<int>(blockIdx.x) / job.row_blocks;
  const int first_row = static_cast<int>(blockIdx.x) % job.row_blocks * Shared::kRows, warp_row = simt::warp() * 16;
  const int keys = job.k.count, queries = job.q.count;

  // Queries beyond the last have g = delta = 0 and so no part in any sum.
  const auto start_copy = [&](int tile) {
    auto& stage = memory.stages[tile % 2];
    job.q.start_copy(batch, tile * kFlashOthers, 0, stage.q);
    job.g.start_copy(batch, tile * kFlashOthers, 0, stage.g);
    const int query = tile * kFlashOthers + static_cast<int>(threadIdx.x);
    if (threadIdx.x < kFlashOthers)
      simt::cp_async<8>(&stage.statistics[threadIdx.x], job.statistics + static_cast<int64_t>(batch) * job.statistics_count + query, query < queries);
  };
  job.k.start_copy(batch, first_row, 0, memory.k);
  job.v.start_copy(batch, first_row, 0, memory.v);
  start_copy(0);
  simt::cp_async_commit();
  simt::cp_async_wait<0>();
  simt::sync_threads();
  FlashFragments<T, 1, kDepth> k;
  FlashFragments<T, 1, kWidth> v;
  k.read(memory.k, warp_row);
  v.read(memory.v, warp_row);
  const float c = job.scale * kLog2E;

  FlashSums<T, 1, kDepth> dk;
  FlashSums<T, 1, kWidth> dv;
  dk.clear();
  dv.clear();
  const int tiles = ceil_div(queries, kFlashOthers);
#pragma unroll 1
  for (int tile = 0; tile < tiles; ++tile) {
    advance_tiles(tile, tiles, start_copy);
    const auto& stage = memory.stages[tile % 2];
#pragma unroll (kDepth * kWidth * sizeof(T) <= 8192 ? 4 : 1)
    for (int first = 0; first < kFlashOthers; first += kFlashStep) {
      Scores scores, slopes;
      scores.clear();
      scores.add_along(k, stage.q, first);
      slopes.clear();
      slopes.add_along(v, stage.g, first);
      scores.each([&](int, int j, int e, float& score) {
        const FlashStatistics query = stage.statistics[first + j * 8 + Scores::column(e)];
        score = simt::exp2(c * score - query.logsum);
        slopes.v[0][j][e] = score * (slopes.v[0][j][e] - query.delta);
      });
      FlashFragments<T, 1, kFlashStep> weights;
      scores.round_to(weights);
      dv.add_across(weights, stage.g, first);
      slopes.round_to(weights);
      dk.add_across(weights, stage.q, first);
    }
  }
  const int64_t lines = static_cast<int64_t>(batch) * keys;
  if (job.dk) dk.store(job.dk + lines * job.k.width, keys, job.k.width, first_row + warp_row, 0, [&](int, int) { return job.scale; });
  if (job.dv) dv.store(job.dv + lines * job.v.width, keys, job.v.width, first_row + warp_row, 0, [](int, int) { return 1.0f; });
}

}  // namespace

void flash_key_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                        const FlashStatistics* statistics, void* dk, void* dv) {
  with_flash_sizes(a, [&](auto element, auto depth, auto width) {
    using T = decltype(element);
    constexpr int kDepth = decltype(depth)::value, kWidth = decltype(width)::value;
    using Shared = FlashKeyGradientShared<T, kDepth, kWidth>;
    const FlashKeyGradient<T> job{flash_matrix<T>(q, a.queries, a.depth), flash_matrix<T>(k, a.keys, a.depth),
                                  flash_matrix<T>(v, a.keys, a.width), flash_matrix<T>(g, a.queries, a.width), statistics,
                                  static_cast<T*>(dk), static_cast<T*>(dv), static_cast<float>(a.scale), ceil_div(a.keys, Shared::kRows),
                                  flash_statistics_count(a.queries)};
    launch<Shared>(flash_key_gradient_kernel<T, kDepth, kWidth>, dim3(flash_grid(int64_t{a.batch} * job.row_blocks)), dim3(kFlashThreads),
                   stream, job);
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
