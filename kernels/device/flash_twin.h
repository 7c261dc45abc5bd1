// What the twins of attention for sm_90a share: tiles of an operand as TMA brings them and wgmma reads them, rings of such tiles between
// a warpgroup that fetches and two that multiply, and results on their way out. src/attention_flash_*_twin.cu use it.
//
// A block lives on each multiprocessor and takes one job after another (persistent). One thread of its last warpgroup fetches, as far
// ahead as the rings go, also into the next job. The two others own 64 rows each: while one's products run the other finds weights;
// forward, where 2^x takes as long as the products, they take turns. Sums of a product that are a left operand of the next stay in
// registers. All of it is sent off before it is waited for: products of the next tile, behind them those of this tile's weights.
#pragma once
#include "kernels/device/flash.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

constexpr int kFlashTwinGroups = 2, kFlashTwinThreads = 128 * (kFlashTwinGroups + 1);
constexpr int kFlashTwinRows = 64 * kFlashTwinGroups;   // of a block

// A thread's warp, in a register that the warp shares: descriptors that depend on it take none of each thread's.
__device__ __forceinline__ int flash_twin_warp() { return simt::shuffle_idx(simt::warp(), 0); }

// kRows rows of an operand [batch, count, width], kColumns of them, in blocks of up to 64 columns; zeros beyond the last row and column.
template <int kRows, int kColumns>
struct FlashTwinTile {
  static constexpr int kLine = kColumns < 64 ? kColumns : 64, kBlocks = kColumns / kLine, kBlockBytes = kRows * kLine * 2, kBytes = kBlocks * kBlockBytes;
  static constexpr Swizzle kSwizzle = kLine == 64 ? Swizzle::bytes128 : Swizzle::bytes64;
  static_assert(kLine == 64 || kColumns == 32);
  alignas(1024) unsigned char data[kBytes];

  static TensorMap map(const void* from, int batch, int count, int width) {
    MapSpec map;
    map.swizzle = kSwizzle;
    map.data = from;
    map.rank = 3;
    map.size[0] = uint64_t(width), map.size[1] = uint64_t(count), map.size[2] = uint64_t(batch);
    map.stride[0] = uint64_t(width) * 2, map.stride[1] = uint64_t(count) * map.stride[0];
    map.box[0] = kLine, map.box[1] = kRows, map.box[2] = 1;
    return make_map(map);
  }

#if GANYMEDE_HOPPER_CODE
  // By one thread.
  __device__ __forceinline__ void load(const TensorMap& map, int first_row, int batch, simt::Mbarrier& full) {
#pragma unroll
    for (int block = 0; block < kBlocks; ++block) simt::tma_load_tile(data + block * kBlockBytes, map, {block * kLine, first_row, batch}, full);
  }
  // Operands of a product of 16 terms: columns from 16 * k on are the terms of rows from first_row on, or rows from 16 * k on are the
  // terms of all columns.
  __device__ __forceinline__ uint64_t along(int first_row, int k) const {
    const unsigned char* at = data + k * 16 / kLine * kBlockBytes + first_row * (kLine * 2);
    return simt::descriptor_at(simt::matrix_descriptor(at, 16, 8 * kLine * 2, kSwizzle), k * 16 % kLine * 2);
  }
  __device__ __forceinline__ uint64_t across(int k) const {
    static_assert(kSwizzle == Swizzle::bytes128, "operands across lines are of 64 columns");
    return simt::descriptor_at(simt::matrix_descriptor(data, kBlockBytes, 8 * 128, kSwizzle), k * 16 * 128);
  }
#endif
};

// The barriers of tiles that are fetched and freed one after another, kBytes by TMA each time. Apart from the tiles, of which so many
// fit side by side.
template <int kStages, int kBytes>
struct FlashTwinRing {
  simt::Mbarrier full[kStages], empty[kStages];

#if GANYMEDE_HOPPER_CODE
  __device__ void init() {
    for (int s = 0; s < kStages; ++s) {
      simt::mbarrier_init(full[s], 1);
      simt::mbarrier_init(empty[s], 4 * kFlashTwinGroups);
    }
  }
  // By one thread: load(index, barrier) into the next that is free.
  template <class Load>
  __device__ __forceinline__ void fetch(Stage<kStages>& stage, Load&& load) {
    simt::mbarrier_wait(empty[stage.index], stage.parity ^ 1);
    simt::mbarrier_expect(full[stage.index], kBytes);
    load(stage.index, full[stage.index]);
    stage.advance();
  }
  // By the others. Each stage is waited for once and freed once by every warp.
  __device__ __forceinline__ void wait(const Stage<kStages>& stage) { simt::mbarrier_wait(full[stage.index], stage.parity); }
  __device__ __forceinline__ void free(Stage<kStages>& stage) {
    if (simt::lane() == 0) simt::mbarrier_arrive(empty[stage.index]);
    stage.advance();
  }
#endif
};

// Whose turn at the tensor cores it is.
struct FlashTwinTurns {
  simt::Mbarrier barriers[kFlashTwinGroups];

#if GANYMEDE_HOPPER_CODE
  __device__ void init() {
    for (simt::Mbarrier& b : barriers) simt::mbarrier_init(b, 4);
  }
  // own: turns that the group has had.
  __device__ __forceinline__ void take(int group, int own) {
    if (group > 0 || own > 0) simt::mbarrier_wait(barriers[group], static_cast<unsigned>(own - (group == 0)) & 1);
  }
  __device__ __forceinline__ void pass_on(int group) {
    if (simt::lane() == 0) simt::mbarrier_arrive(barriers[group ^ 1]);
  }
#endif
};

// Sums of a product [64, kColumns] as the left operand of products over their columns, 16 of them in each.
template <int kColumns>
__device__ __forceinline__ void round_sums(const float (&sums)[kColumns / 2], uint32_t (&left)[kColumns / 16][4]) {
#pragma unroll
  for (int k = 0; k < kColumns / 16; ++k) {
#pragma unroll
    for (int i = 0; i < 4; ++i) left[k][i] = simt::pack_bf16(sums[8 * k + 2 * i], sums[8 * k + 2 * i + 1]);
  }
}

// Writes a warp's sums, from row first_row of `to` [rows, width] on, times factor[half] of the two rows of a lane. Widths and addresses
// are multiples of 16 bytes.
template <int kColumns>
__device__ __forceinline__ void store_sums(const float (&sums)[kColumns / 2], Bf16* to, int rows, int width, int first_row, const float (&factor)[2]) {
  struct alignas(16) Four {
    uint32_t v[4];
  };
  const int lane = simt::lane();
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = first_row + lane / 4 + 8 * half;
#pragma unroll
    for (int first = 0; first < kColumns; first += 32) {
      uint32_t pair[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float* sum = &sums[first / 2 + 4 * i + 2 * half];
        pair[i] = simt::pack_bf16(factor[half] * sum[0], factor[half] * sum[1]);
      }
      exchange_pairs(pair, lane);
      const int column = first + lane % 4 * 8;
      if (row < rows && column < width) *reinterpret_cast<Four*>(to + static_cast<int64_t>(row) * width + column) = {{pair[0], pair[1], pair[2], pair[3]}};
    }
  }
}

inline dim3 flash_twin_grid(int batch, int row_blocks) {
  const unsigned jobs = flash_grid(int64_t{batch} * row_blocks), most = static_cast<unsigned>(simt::multiprocessors());
  return dim3(jobs < most ? jobs : most);
}

// f(depth, width), integral constants: the least tiles that hold the problem's sizes.
template <class F>
void with_flash_twin_sizes(const Attention& a, F&& f) {
  using std::integral_constant;
  const auto with_depth = [&](auto depth) {
    if (a.width <= 64) f(depth, integral_constant<int, 64>{});
    else f(depth, integral_constant<int, 128>{});
  };
  if (a.depth <= 32) with_depth(integral_constant<int, 32>{});
  else if (a.depth <= 64) with_depth(integral_constant<int, 64>{});
  else with_depth(integral_constant<int, 128>{});
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
