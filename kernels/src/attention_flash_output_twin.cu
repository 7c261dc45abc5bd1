// The twin of attention forward for sm_90a (bf16):
//   o[i, :] = sum_j p_ij * v[j, :] / sum_j p_ij,  p_ij = 2^(c * q_i . k_j - m_i),  c = scale * log2(e)
// with references m_i that move as in attention_flash_output.cu. A block takes jobs of 128 queries of one element of the batch
// (device/flash_twin.h), 64 a warpgroup, and walks the keys 128 at a time. A warpgroup sends off the scores of the next keys and,
// behind them, the product of the weights that it has with their values, then finds the next weights while the values are multiplied.
// So the tensor cores have that product, and the other warpgroup's, to do while 2^x is computed. Scores and sums stay in registers:
// 64 and up to 64 of a thread, and 32 of rounded weights. Moves q and o once, k and v once a job (from L2). Expected bound: tensor
// cores for 128 columns, 2^x for 64. Not measured.
#include "kernels/device/flash_twin.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kTileKeys = 128;

struct FlashOutputTwin {
  TensorMap q, k, v;
  Bf16* o;
  float* logsum;
  float scale;
  int batch, queries, keys, width, row_blocks;
};

template <int kDepth, int kWidth>
struct FlashOutputTwinShared {
  static constexpr int kStages = kDepth + kWidth > 192 ? 3 : 4;
  using Queries = FlashTwinTile<kFlashTwinRows, kDepth>;
  using Keys = FlashTwinTile<kTileKeys, kDepth>;
  using Values = FlashTwinTile<kTileKeys, kWidth>;
  Queries q;
  Keys k[kStages];
  Values v[kStages];
  FlashTwinRing<1, Queries::kBytes> q_ring;
  FlashTwinRing<kStages, Keys::kBytes> k_ring;
  FlashTwinRing<kStages, Values::kBytes> v_ring;
  FlashTwinTurns turns;
};

#if GANYMEDE_HOPPER_CODE
// The softmax of a lane's two rows so far: what scores are compared with, in bits, and the lane's part of the sum of weights.
struct SoftmaxRows {
  static constexpr float kSlack = 8;   // of scores above their reference, in bits
  float reference[2] = {-INFINITY, -INFINITY}, total[2] = {0, 0};

  // Scores of `count` keys become weights. True where a reference of the warp moved: sums so far must be multiplied by factor.
  __device__ __forceinline__ bool weigh(float (&scores)[kTileKeys / 2], float c, int count, float (&factor)[2]) {
    if (count < kTileKeys) {
#pragma unroll
      for (int i = 0; i < kTileKeys / 2; ++i) {
        if (i / 4 * 8 + simt::lane() % 4 * 2 + i % 2 >= count) scores[i] = -INFINITY;
      }
    }
    float largest[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float x = fmaxf(scores[2 * half], scores[2 * half + 1]);
#pragma unroll
      for (int i = 4; i < kTileKeys / 2; i += 4) x = fmaxf(x, fmaxf(scores[i + 2 * half], scores[i + 2 * half + 1]));
      largest[half] = c * x;
    }
    const bool moves = simt::any(largest[0] > reference[0] + kSlack || largest[1] > reference[1] + kSlack);
    if (moves) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float x = largest[half];
        x = fmaxf(x, simt::shuffle_xor(x, 1));
        x = fmaxf(x, simt::shuffle_xor(x, 2));
        x = x > reference[half] + kSlack ? x : reference[half];   // by this row alone, whichever rows share its warp
        factor[half] = simt::exp2(reference[half] - x);           // 0 at first
        reference[half] = x;
        total[half] *= factor[half];
      }
    }
#pragma unroll
    for (int i = 0; i < kTileKeys / 2; ++i) {
      scores[i] = simt::exp2(c * scores[i] - reference[i / 2 % 2]);
      total[i / 2 % 2] += scores[i];
    }
    return moves;
  }
};
#endif

template <int kDepth, int kWidth>
__global__ void __launch_bounds__(kFlashTwinThreads, 1) flash_output_twin_kernel([[maybe_unused]] const __grid_constant__ FlashOutputTwin job) {
#if GANYMEDE_HOPPER_CODE
  using Shared = FlashOutputTwinShared<kDepth, kWidth>;
  auto& memory = shared<Shared>();
  if (threadIdx.x == 0) {
    memory.q_ring.init();
    memory.k_ring.init();
    memory.v_ring.init();
    memory.turns.init();
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  const int warp = flash_twin_warp(), lane = simt::lane(), group = warp / 4;
  const int jobs = job.batch * job.row_blocks, tiles = ceil_div(job.keys, kTileKeys);
  Stage<Shared::kStages> k_stage, v_stage;
  Stage<1> q_stage;
  if (group == kFlashTwinGroups) {
    simt::registers_fewer<40>();
    if (warp > 4 * kFlashTwinGroups || lane > 0) return;
    simt::tma_prefetch(job.q);
    simt::tma_prefetch(job.k);
    simt::tma_prefetch(job.v);
    for (int at = static_cast<int>(blockIdx.x); at < jobs; at += static_cast<int>(gridDim.x)) {
      const int batch = at / job.row_blocks;
      memory.q_ring.fetch(q_stage, [&](int, simt::Mbarrier& full) { memory.q.load(job.q, at % job.row_blocks * kFlashTwinRows, batch, full); });
      for (int key = 0; key < job.keys; key += kTileKeys) {
        memory.k_ring.fetch(k_stage, [&](int i, simt::Mbarrier& full) { memory.k[i].load(job.k, key, batch, full); });
        memory.v_ring.fetch(v_stage, [&](int i, simt::Mbarrier& full) { memory.v[i].load(job.v, key, batch, full); });
      }
    }
    return;
  }

  simt::registers_more<232>();
  const float c = fmaxf(job.scale * kLog2E, 1e-30f);   // not 0, which keys beyond the last, at -infinity, would not bear
  float scores[kTileKeys / 2], output[kWidth / 2], factor[2];
  uint32_t weights[kTileKeys / 16][4];
  const auto multiply_scores = [&] {
    const auto& k = memory.k[k_stage.index];
    simt::wgmma_fence();
#pragma unroll
    for (int term = 0; term < kDepth / 16; ++term)
      simt::wgmma_bf16<kTileKeys>(scores, memory.q.along(64 * group, term), k.along(0, term), term > 0);
    simt::wgmma_commit();
  };
  const auto multiply_values = [&](bool add) {
    const auto& v = memory.v[v_stage.index];
    memory.v_ring.wait(v_stage);
    simt::wgmma_keep(weights);
    simt::wgmma_keep(output);
    simt::wgmma_fence();
#pragma unroll
    for (int term = 0; term < kTileKeys / 16; ++term) simt::wgmma_bf16<kWidth, Major::mn>(output, weights[term], v.across(term), add || term > 0);
    simt::wgmma_commit();
  };
  int turns = 0;
  for (int at = static_cast<int>(blockIdx.x); at < jobs; at += static_cast<int>(gridDim.x)) {
    const int batch = at / job.row_blocks, first_row = at % job.row_blocks * kFlashTwinRows + warp * 16;
    SoftmaxRows rows;
    memory.q_ring.wait(q_stage);
    memory.k_ring.wait(k_stage);
    memory.turns.take(group, turns++);
    multiply_scores();
    memory.turns.pass_on(group);
    simt::wgmma_wait<0>();
    simt::wgmma_keep(scores);
    memory.k_ring.free(k_stage);
    rows.weigh(scores, c, job.keys, factor);
    if (tiles > 1) memory.k_ring.wait(k_stage);
    round_sums<kTileKeys>(scores, weights);
#pragma unroll 1
    for (int tile = 1; tile < tiles; ++tile) {
      memory.turns.take(group, turns++);
      multiply_scores();
      multiply_values(tile > 1);
      memory.turns.pass_on(group);
      simt::wgmma_wait<1>();
      simt::wgmma_keep(scores);
      memory.k_ring.free(k_stage);
      const bool moved = rows.weigh(scores, c, job.keys - tile * kTileKeys, factor);
      simt::wgmma_keep(scores);
      if (tile + 1 < tiles) memory.k_ring.wait(k_stage);   // here, for a loop is what the assembler does not move the weights behind
      simt::wgmma_wait<0>();
      simt::wgmma_keep(output);
      simt::wgmma_keep(weights);
      memory.v_ring.free(v_stage);
      if (moved) {
#pragma unroll
        for (int i = 0; i < kWidth / 2; ++i) output[i] *= factor[i / 2 % 2];
      }
      round_sums<kTileKeys>(scores, weights);
    }
    memory.q_ring.free(q_stage);
    memory.turns.take(group, turns++);
    multiply_values(tiles > 1);
    memory.turns.pass_on(group);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = rows.total[half];
      sum += simt::shuffle_xor(sum, 1);
      sum += simt::shuffle_xor(sum, 2);
      const int row = first_row + lane / 4 + 8 * half;
      if (lane % 4 == 0 && row < job.queries) job.logsum[static_cast<int64_t>(batch) * job.queries + row] = rows.reference[half] / kLog2E + math::log(sum);
      factor[half] = 1 / sum;
    }
    simt::wgmma_wait<0>();
    simt::wgmma_keep(output);
    memory.v_ring.free(v_stage);
    store_sums<kWidth>(output, job.o + static_cast<int64_t>(batch) * job.queries * job.width, job.queries, job.width, first_row, factor);
  }
#endif
}

}  // namespace

bool flash_output_twin(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o, float* logsum) {
  require_twin(flash_has_twin(AttentionRole::forward, a), "attention forward");
  if (!aligned(q, 16) || !aligned(k, 16) || !aligned(v, 16) || !aligned(o, 16)) return false;
  with_flash_twin_sizes(a, [&](auto depth, auto width) {
    constexpr int kDepth = decltype(depth)::value, kWidth = decltype(width)::value;
    using Shared = FlashOutputTwinShared<kDepth, kWidth>;
    const FlashOutputTwin job{Shared::Queries::map(q, a.batch, a.queries, a.depth), Shared::Keys::map(k, a.batch, a.keys, a.depth),
                              Shared::Values::map(v, a.batch, a.keys, a.width), static_cast<Bf16*>(o), logsum, static_cast<float>(a.scale), a.batch,
                              a.queries, a.keys, a.width, ceil_div(a.queries, kFlashTwinRows)};
    launch<Shared>(flash_output_twin_kernel<kDepth, kWidth>, flash_twin_grid(a.batch, job.row_blocks), dim3(kFlashTwinThreads), stream, job);
  });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
