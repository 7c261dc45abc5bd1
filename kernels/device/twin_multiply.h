// The main loop of products on sm_90a: c[m, n] = sum_k a(m, k) * b(n, k) by tiles of 128 x kN. One block lives on each
// multiprocessor and takes one tile after another (persistent). Its last warpgroup fetches: one thread waits for a free stage and
// lets TMA bring the next 128 bytes of every line of a and b, so that it runs kStages ahead, also into the next tile. The two
// others multiply, 64 rows each, by wgmma straight from shared memory, free a stage when the products that read it are done, and
// store their results while the next tile's operands are already on their way. A block has 218112 bytes of shared memory (of 232448),
// 4, 6 or 8 stages of kN 256, 128 or 64; a consumer thread 232 registers, of which 128, 64 or 32 are sums, a fetching one 40.
#pragma once
#include "kernels/device/tile_store.h"
#include "kernels/device/tile_table.h"
#include "kernels/simt/hopper.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class Number>
struct TwinNumber;
template <>
struct TwinNumber<MmaBf16> {
  static constexpr TensorElement kElement = TensorElement::bf16;
  static constexpr int kBytes = 2;
};
template <>
struct TwinNumber<MmaTf32> {
  static constexpr TensorElement kElement = TensorElement::tf32;
  static constexpr int kBytes = 4;
};

constexpr int kTwinColumns = 32;   // results that a warp stores at a time

template <class Tile>
struct TwinShared {
  alignas(1024) unsigned char a[Tile::kStages][Tile::kM * Tile::kLineBytes];
  alignas(1024) unsigned char b[Tile::kStages][Tile::kN * Tile::kLineBytes];
  alignas(16) float results[4 * Tile::kConsumers][16][kTwinColumns + 8];   // a warp's own; eight words apart, rows fall into different banks
  simt::Mbarrier full[Tile::kStages], empty[Tile::kStages];
};
static_assert(sizeof(TwinShared<TwinWide>) == 218112 && sizeof(TwinShared<TwinSquare>) == 218112 && sizeof(TwinShared<TwinNarrow>) == 218112,
              "the head of this file and docs/kernels.md say so");

// Which stage comes next, and the parity of its phase.
template <int kStages>
struct Stage {
  int index = 0;
  unsigned parity = 0;
  __device__ void advance() {
    if (++index == kStages) index = 0, parity ^= 1;
  }
};

// Four products: 128 bytes of the lines are 64 terms of bf16 or 32 of tf32.
template <class Number, class Tile>
__device__ __forceinline__ void multiply_stage(float (&sum)[Tile::kN / 2], const unsigned char* a, const unsigned char* b, bool add) {
  const uint64_t left = simt::matrix_descriptor(a, 16, 8 * Tile::kLineBytes, Swizzle::bytes128),
                 right = simt::matrix_descriptor(b, 16, 8 * Tile::kLineBytes, Swizzle::bytes128);
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if constexpr (TwinNumber<Number>::kBytes == 2)
      simt::wgmma_bf16<Tile::kN>(sum, simt::descriptor_at(left, 32 * k), simt::descriptor_at(right, 32 * k), add || k > 0);
    else simt::wgmma_tf32<Tile::kN>(sum, simt::descriptor_at(left, 32 * k), simt::descriptor_at(right, 32 * k), add || k > 0);
  }
}

// One warp's 16 rows of the results: through its own shared memory, so that neighbouring threads write neighbouring numbers.
template <class Tile, class Rows>
__device__ __forceinline__ void store_rows(const float (&sum)[Tile::kN / 2], float (&results)[16][kTwinColumns + 8], const Result& result,
                                           const Rows& map, int first_row, int rows, int first_column, int columns) {
  struct alignas(8) Pair {
    float low, high;
  };
  const int lane = simt::lane();
#pragma unroll
  for (int first = 0; first < Tile::kN; first += kTwinColumns) {
    if (first < columns) {
#pragma unroll
      for (int i = 0; i < kTwinColumns / 2; i += 2) {
        const int column = i / 4 * 8 + lane % 4 * 2;
        *reinterpret_cast<Pair*>(&results[lane / 4 + i / 2 % 2 * 8][column]) = {sum[first / 2 + i], sum[first / 2 + i + 1]};
      }
      simt::sync_warp();
      const int left = columns - first;
      store_tile<32>(result, map, results, first_row, rows, first_column + first, left < kTwinColumns ? left : kTwinColumns, lane);
      simt::sync_warp();   // before the next columns take their place
    }
  }
}

// A problem has `rows` x `columns` results and `steps` stages of terms. Its first_row(row) is what load() wants to know of a
// tile's first row; load(to_a, to_b, start, first_column, step, barrier) issues the copies of a whole stage.
template <class Number, class Tile, class Problem>
__global__ void __launch_bounds__(Tile::kThreads, 1)
    multiply_twin_kernel([[maybe_unused]] const __grid_constant__ Problem problem, [[maybe_unused]] int tiles_m, [[maybe_unused]] int tiles_n) {
#if GANYMEDE_HOPPER_CODE
  auto& memory = shared<TwinShared<Tile>>();
  if (threadIdx.x == 0) {
    for (int s = 0; s < Tile::kStages; ++s) {
      simt::mbarrier_init(memory.full[s], 1);
      simt::mbarrier_init(memory.empty[s], 4 * Tile::kConsumers);
    }
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  const int warp = simt::warp(), lane = simt::lane(), tiles = tiles_m * tiles_n;
  Stage<Tile::kStages> stage;
  if (warp >= 4 * Tile::kConsumers) {
    simt::registers_fewer<40>();
    if (warp > 4 * Tile::kConsumers || lane > 0) return;
    problem.prefetch();
    for (int tile = static_cast<int>(blockIdx.x); tile < tiles; tile += static_cast<int>(gridDim.x)) {
      const auto start = problem.first_row(tile / tiles_n * Tile::kM);
      for (int step = 0; step < problem.steps; ++step) {
        simt::mbarrier_wait(memory.empty[stage.index], stage.parity ^ 1);
        simt::mbarrier_expect(memory.full[stage.index], (Tile::kM + Tile::kN) * Tile::kLineBytes);
        problem.load(memory.a[stage.index], memory.b[stage.index], start, tile % tiles_n * Tile::kN, step, memory.full[stage.index]);
        stage.advance();
      }
    }
    return;
  }
  simt::registers_more<232>();
  const int group_row = warp / 4 * 64, warp_row = group_row + warp % 4 * 16;
  for (int tile = static_cast<int>(blockIdx.x); tile < tiles; tile += static_cast<int>(gridDim.x)) {
    float sum[Tile::kN / 2];
    int read = 0;   // the stage that the products before the newest ones read
    for (int step = 0; step < problem.steps; ++step) {
      simt::mbarrier_wait(memory.full[stage.index], stage.parity);
      simt::wgmma_fence();
      multiply_stage<Number, Tile>(sum, memory.a[stage.index] + group_row * Tile::kLineBytes, memory.b[stage.index], step > 0);
      simt::wgmma_commit();
      if (step > 0) {
        simt::wgmma_wait<1>();
        if (lane == 0) simt::mbarrier_arrive(memory.empty[read]);
      }
      read = stage.index;
      stage.advance();
    }
    simt::wgmma_wait<0>();
    if (lane == 0) simt::mbarrier_arrive(memory.empty[read]);
    const int row = tile / tiles_n * Tile::kM + warp_row, column = tile % tiles_n * Tile::kN;
    const int rows = problem.rows - row;
    store_rows<Tile>(sum, memory.results[warp], problem.result, problem.result_rows, row, rows < 16 ? rows : 16, column, problem.columns - column);
  }
#endif
}

template <class Number, class Tile, class Problem>
void launch_twin(Stream stream, const Problem& problem) {
  const int64_t tiles_m = ceil_div<int64_t>(problem.rows, Tile::kM), tiles_n = ceil_div<int64_t>(problem.columns, Tile::kN);
  if (tiles_m * tiles_n > INT32_MAX) throw std::runtime_error("matrix product of more than 2^31 - 1 tiles");
  const int64_t most = simt::multiprocessors(), blocks = tiles_m * tiles_n < most ? tiles_m * tiles_n : most;
  launch<TwinShared<Tile>>(multiply_twin_kernel<Number, Tile, Problem>, dim3(static_cast<unsigned>(blocks)), dim3(Tile::kThreads), stream, problem,
                           static_cast<int>(tiles_m), static_cast<int>(tiles_n));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
