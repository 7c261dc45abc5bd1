// Gradient of attention in its queries, on tensor cores (device/flash.h):
//   dq[i, :] = scale * sum_j ds_ij * k[j, :],  ds_ij = p_ij * (g_i . v_j - delta_i),  p_ij = exp(scale * q_i . k_j - logsum_i)
// A block owns 64 or 128 queries, whose q and g stay in registers. Moves q, g and dq once, k and v once a block (from L2). Bound:
// tensor cores by mma.sync; with 16 rows a warp, reads of shared memory.
#include "kernels/device/flash.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
struct FlashQueryGradient {
  FlashMatrix<T> q, k, v, g;
  T* dq;
  const FlashStatistics* statistics;  // [batch, statistics_count]
  float scale;
  int row_blocks, statistics_count;
};

template <class T, int kDepth, int kWidth, int kRowTiles>
struct FlashQueryGradientShared {
  static constexpr int kRows = kFlashWarps * 16 * kRowTiles;
  struct Stage {
    FlashTile<T, kFlashOthers, kDepth> k;
    FlashTile<T, kFlashOthers, kWidth> v;
  };
  union {
    Stage stages[2];
    struct {
      Stage first;
      FlashTile<T, kRows, kDepth> q;  // until they are in registers
      FlashTile<T, kRows, kWidth> g;
    };
  };
};

template <class T, int kDepth, int kWidth, int kRowTiles>
__global__ void __launch_bounds__(kFlashThreads, sizeof(T) == 2 && kRowTiles == 1 && kDepth * kWidth <= 4096 ? 3 : 2)
    flash_query_gradient_kernel(const __grid_constant__ FlashQueryGradient<T> job) {
  constexpr int kRows = kFlashWarps * 16 * kRowTiles;
  using Scores = FlashSums<T, kRowTiles, kFlashStep>;
  auto& memory = shared<FlashQueryGradientShared<T, kDepth, kWidth, kRowTiles>>();
  const int batch = static_cast<int>(blockIdx.x) / job.row_blocks;
  const int first_row = static_cast<int>(blockIdx.x) % job.row_blocks * kRows, warp_row = simt::warp() * 16 * kRowTiles;
  const int keys = job.k.count, queries = job.q.count;

  const auto start_copy = [&](int tile) {
    auto& stage = memory.stages[tile % 2];
    job.k.start_copy(batch, tile * kFlashOthers, 0, stage.k);
    job.v.start_copy(batch, tile * kFlashOthers, 0, stage.v);
  };
  job.q.start_copy(batch, first_row, 0, memory.q);
  job.g.start_copy(batch, first_row, 0, memory.g);
  start_copy(0);
  simt::cp_async_commit();
  simt::cp_async_wait<0>();
  simt::sync_threads();
  FlashFragments<T, kRowTiles, kDepth> q;
  FlashFragments<T, kRowTiles, kWidth> g;
  q.read(memory.q, warp_row);
  g.read(memory.g, warp_row);
  const float c = job.scale * kLog2E;
  float logsum[kRowTiles][2], delta[kRowTiles][2];  // rows beyond the last are computed, not stored
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = first_row + warp_row + i * 16 + Scores::row(2 * half);
      const int64_t query = static_cast<int64_t>(batch) * job.statistics_count + (row < queries ? row : queries - 1);
      logsum[i][half] = job.statistics[query].logsum;
      delta[i][half] = job.statistics[query].delta;
    }
  }

  FlashSums<T, kRowTiles, kDepth> sums;
  sums.clear();
  const int tiles = ceil_div(keys, kFlashOthers);
#pragma unroll 1
  for (int tile = 0; tile < tiles; ++tile) {
    advance_tiles(tile, tiles, start_copy);
    const auto& stage = memory.stages[tile % 2];
    const int count = keys - tile * kFlashOthers;
    Scores scores, slopes, next_scores, next_slopes;
    const auto multiply = [&](int first, Scores& s, Scores& t) {
      s.clear();
      s.add_along(q, stage.k, first);
      t.clear();
      t.add_along(g, stage.v, first);
    };
    multiply(0, scores, slopes);
#pragma unroll
    for (int first = 0; first < kFlashOthers; first += kFlashStep, scores = next_scores, slopes = next_slopes) {
      if (first + kFlashStep < kFlashOthers) multiply(first + kFlashStep, next_scores, next_slopes);
      slopes.each([&](int i, int j, int e, float& slope) {
        slope = simt::exp2(c * scores.v[i][j][e] - logsum[i][e / 2]) * (slope - delta[i][e / 2]);
      });
      if (first + kFlashStep > count) {
        slopes.each([&](int, int j, int e, float& slope) {
          if (first + j * 8 + Scores::column(e) >= count) slope = 0;
        });
      }
      FlashFragments<T, kRowTiles, kFlashStep> weights;
      slopes.round_to(weights);
      sums.add_across(weights, stage.k, first);
    }
  }
  sums.store(job.dq + static_cast<int64_t>(batch) * queries * job.q.width, queries, job.q.width, first_row + warp_row, 0,
             [&](int, int) { return job.scale; });
}

template <class T, int kDepth, int kWidth, int kRowTiles>
void launch_query_gradient(Stream stream, int batch, FlashQueryGradient<T> job) {
  using Shared = FlashQueryGradientShared<T, kDepth, kWidth, kRowTiles>;
  job.row_blocks = ceil_div(job.q.count, Shared::kRows);
  launch<Shared>(flash_query_gradient_kernel<T, kDepth, kWidth, kRowTiles>, dim3(flash_grid(int64_t{batch} * job.row_blocks)),
                 dim3(kFlashThreads), stream, job);
}

}  // namespace

void flash_query_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                          const FlashStatistics* statistics, void* dq) {
  with_flash_sizes(a, [&](auto element, auto depth, auto width) {
    using T = decltype(element);
    constexpr int kDepth = decltype(depth)::value, kWidth = decltype(width)::value;
    const FlashQueryGradient<T> job{flash_matrix<T>(q, a.queries, a.depth), flash_matrix<T>(k, a.keys, a.depth),
                                    flash_matrix<T>(v, a.keys, a.width), flash_matrix<T>(g, a.queries, a.width), static_cast<T*>(dq),
                                    statistics, static_cast<float>(a.scale), 0, flash_statistics_count(a.queries)};
    if constexpr (flash_can_pair_rows<T>(kDepth, kWidth)) {
      if (flash_rows_are_paired(a.batch, a.queries, 1, simt::multiprocessors()))
        return launch_query_gradient<T, kDepth, kWidth, 2>(stream, a.batch, job);
    }
    launch_query_gradient<T, kDepth, kWidth, 1>(stream, a.batch, job);
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
