// Attention forward on tensor cores (device/flash.h):
//   o[i, :] = sum_j p_ij * v[j, :] / sum_j p_ij,  p_ij = 2^(c * q_i . k_j - m_i),  c = scale * log2(e)
// m_i is a reference, not the maximum: it moves only when a score exceeds it by 8 bits, which changes no digit of a ratio of floating
// point numbers and spares most steps the correction of all sums so far (Milakov & Gimelshein 2018). A block owns 64 or 128
// queries and up to 128 columns of v; queries stay in registers. Moves q and o once, k and v once a block (from L2). Bound:
// tensor cores by mma.sync, then 2^x; with 16 rows a warp, reads of shared memory.
#include "kernels/device/flash.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
struct FlashOutput {
  FlashMatrix<T> q, k, v;
  T* o;
  float* logsum;
  float scale;
  int row_blocks, column_blocks;
};

template <class T, int kDepth, int kWidth, int kRowTiles>
struct FlashOutputShared {
  struct Stage {
    FlashTile<T, kFlashOthers, kDepth> k;
    FlashTile<T, kFlashOthers, kWidth> v;
  };
  union {
    Stage stages[2];
    struct {
      Stage first;
      FlashTile<T, kFlashWarps * 16 * kRowTiles, kDepth> q;  // until it is in registers
    };
  };
};

template <class T, int kDepth, int kWidth, int kRowTiles>
__global__ void __launch_bounds__(kFlashThreads, sizeof(T) == 2 && kRowTiles == 1 && (kDepth == 32 || kWidth == 64) ? 3 : 2)
    flash_output_kernel(const __grid_constant__ FlashOutput<T> job) {
  constexpr int kRows = kFlashWarps * 16 * kRowTiles;
  constexpr float kSlack = 8;  // of scores above their reference, in bits
  auto& memory = shared<FlashOutputShared<T, kDepth, kWidth, kRowTiles>>();
  int batch = static_cast<int>(blockIdx.x);
  const int first_column = batch % job.column_blocks * kWidth;
  batch /= job.column_blocks;
  const int first_row = batch % job.row_blocks * kRows;
  batch /= job.row_blocks;
  const int warp_row = simt::warp() * 16 * kRowTiles;
  const int keys = job.k.count;

  const auto start_copy = [&](int tile) {
    auto& stage = memory.stages[tile % 2];
    job.k.start_copy(batch, tile * kFlashOthers, 0, stage.k);
    job.v.start_copy(batch, tile * kFlashOthers, first_column, stage.v);
  };
  job.q.start_copy(batch, first_row, 0, memory.q);
  start_copy(0);
  simt::cp_async_commit();
  simt::cp_async_wait<0>();
  simt::sync_threads();
  FlashFragments<T, kRowTiles, kDepth> q;
  q.read(memory.q, warp_row);
  if (job.scale < 0) q.negate();
  const float c = fmaxf(math::abs(job.scale) * kLog2E, 1e-30f);  // not 0, which keys beyond the last, at -infinity, would not bear

  FlashSums<T, kRowTiles, kWidth> output;
  float reference[kRowTiles][2], total[kRowTiles][2];  // total: this lane's part
  output.clear();
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) reference[i][half] = -INFINITY, total[i][half] = 0;
  }

  const int tiles = ceil_div(keys, kFlashOthers);
#pragma unroll 1
  for (int tile = 0; tile < tiles; ++tile) {
    advance_tiles(tile, tiles, start_copy);
    const auto& stage = memory.stages[tile % 2];
    const int count = keys - tile * kFlashOthers;
    FlashSums<T, kRowTiles, kFlashStep> scores, next;
    scores.clear();
    scores.add_along(q, stage.k, 0);
#pragma unroll
    for (int first = 0; first < kFlashOthers; first += kFlashStep, scores = next) {
      if (first + kFlashStep < kFlashOthers) {  // so that the tensor cores have work while weights are found
        next.clear();
        next.add_along(q, stage.k, first + kFlashStep);
      }
      if (first + kFlashStep > count) {
        scores.each([&](int, int j, int e, float& score) {
          if (first + j * 8 + scores.column(e) >= count) score = -INFINITY;
        });
      }

      bool exceeds = false;
      float largest[kRowTiles][2];
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          float x = fmaxf(scores.v[i][0][2 * half], scores.v[i][0][2 * half + 1]);
#pragma unroll
          for (int j = 1; j < kFlashStep / 8; ++j) x = fmaxf(x, fmaxf(scores.v[i][j][2 * half], scores.v[i][j][2 * half + 1]));
          largest[i][half] = c * x;
          exceeds |= largest[i][half] > reference[i][half] + kSlack;
        }
      }
      if (simt::any(exceeds)) {
#pragma unroll
        for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            float x = largest[i][half];
            x = fmaxf(x, simt::shuffle_xor(x, 1));
            x = fmaxf(x, simt::shuffle_xor(x, 2));
            if (x > reference[i][half] + kSlack) {  // by this row alone, whichever rows share its warp
              const float factor = simt::exp2(reference[i][half] - x);  // 0 at first
              reference[i][half] = x;
              total[i][half] *= factor;
#pragma unroll
              for (int j = 0; j < kWidth / 8; ++j) output.v[i][j][2 * half] *= factor, output.v[i][j][2 * half + 1] *= factor;
            }
          }
        }
      }

      scores.each([&](int i, int, int e, float& score) {
        score = simt::exp2(c * score - reference[i][e / 2]);
        total[i][e / 2] += score;
      });
      FlashFragments<T, kRowTiles, kFlashStep> weights;
      scores.round_to(weights);
      output.add_across(weights, stage.v, first);
    }
  }

#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = total[i][half];
      sum += simt::shuffle_xor(sum, 1);
      sum += simt::shuffle_xor(sum, 2);
      const int row = first_row + warp_row + i * 16 + output.row(2 * half);
      if (first_column == 0 && simt::lane() % 4 == 0 && row < job.q.count) {
        job.logsum[static_cast<int64_t>(batch) * job.q.count + row] = reference[i][half] / kLog2E + math::log(sum);
      }
      total[i][half] = 1 / sum;
    }
  }
  output.store(job.o + static_cast<int64_t>(batch) * job.q.count * job.v.width, job.q.count, job.v.width, first_row + warp_row,
               first_column, [&](int i, int half) { return total[i][half]; });
}

template <class T, int kDepth, int kWidth, int kRowTiles>
void launch_output(Stream stream, int batch, FlashOutput<T> job) {
  job.row_blocks = ceil_div(job.q.count, kFlashWarps * 16 * kRowTiles);
  const unsigned blocks = flash_grid(int64_t{batch} * job.row_blocks * job.column_blocks);
  launch<FlashOutputShared<T, kDepth, kWidth, kRowTiles>>(flash_output_kernel<T, kDepth, kWidth, kRowTiles>, dim3(blocks),
                                                          dim3(kFlashThreads), stream, job);
}

}  // namespace

void flash_output(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o, float* logsum) {
  with_flash_sizes(a, [&](auto element, auto depth, auto width) {
    using T = decltype(element);
    constexpr int kDepth = decltype(depth)::value, kWidth = decltype(width)::value;
    const FlashOutput<T> job{flash_matrix<T>(q, a.queries, a.depth), flash_matrix<T>(k, a.keys, a.depth),
                             flash_matrix<T>(v, a.keys, a.width), static_cast<T*>(o), logsum, static_cast<float>(a.scale), 0,
                             ceil_div(a.width, kWidth)};
    if constexpr (flash_can_pair_rows<T>(kDepth, kWidth)) {  // else registers do not hold 32 rows
      if (flash_rows_are_paired(a.batch, a.queries, job.column_blocks, simt::multiprocessors()))
        return launch_output<T, kDepth, kWidth, 2>(stream, a.batch, job);
    }
    launch_output<T, kDepth, kWidth, 1>(stream, a.batch, job);
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
