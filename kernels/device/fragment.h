// Which element of a tile a lane's register of mma_bf16 (m16n8k16) and mma_tf32 (m16n8k8) holds.
#pragma once
#include "kernels/simt/target.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// d [16, 8]: register i of four.
struct AccumulatorMap {
  __host__ __device__ static constexpr int row(int lane, int i) { return lane / 4 + i / 2 * 8; }
  __host__ __device__ static constexpr int column(int lane, int i) { return lane % 4 * 2 + i % 2; }
};

// a [16, 16] and b [16, 8] in bf16: register i of four (two), k of its low half; the high half is k + 1.
struct Bf16Map {
  __host__ __device__ static constexpr int a_row(int lane, int i) { return lane / 4 + i % 2 * 8; }
  __host__ __device__ static constexpr int a_k(int lane, int i) { return lane % 4 * 2 + i / 2 * 8; }
  __host__ __device__ static constexpr int b_k(int lane, int i) { return lane % 4 * 2 + i * 8; }
  __host__ __device__ static constexpr int b_column(int lane) { return lane / 4; }
};

// a [16, 8] and b [8, 8] in tf32.
struct Tf32Map {
  __host__ __device__ static constexpr int a_row(int lane, int i) { return lane / 4 + i % 2 * 8; }
  __host__ __device__ static constexpr int a_k(int lane, int i) { return lane % 4 + i / 2 * 4; }
  __host__ __device__ static constexpr int b_k(int lane, int i) { return lane % 4 + i * 4; }
  __host__ __device__ static constexpr int b_column(int lane) { return lane / 4; }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
