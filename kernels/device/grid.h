// Grid-stride ranges: a fixed number of blocks walks any amount of work, so that grids stay small in the
// simulator and launches never exceed the hardware's limits.
#pragma once
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

constexpr int kThreads = 256;

template <class T>
__host__ __device__ constexpr T ceil_div(T a, T b) {
  return (a + b - 1) / b;
}

// Blocks for so many jobs of a block each: enough to fill the device, no more.
inline unsigned grid_of(int64_t jobs) {
  const int64_t most = int64_t{16} * simt::multiprocessors();
  return static_cast<unsigned>(jobs < most ? jobs : most);
}

// Blocks of kThreads for so many items of a thread each.
inline unsigned blocks_for(int64_t items) { return grid_of(ceil_div<int64_t>(items, kThreads)); }

__device__ inline int64_t first_item() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline int64_t item_stride() { return int64_t{gridDim.x} * blockDim.x; }

// a / b and a % b for a >= 0, b > 0, in 32 bits where they fit (64-bit division costs some 70 instructions on
// a GPU).
struct Division {
  int64_t quotient, remainder;
};

__host__ __device__ inline Division divide(int64_t a, int64_t b) {
  if (((a | b) >> 32) == 0) {
    const uint32_t quotient = static_cast<uint32_t>(a) / static_cast<uint32_t>(b);
    return {quotient, static_cast<uint32_t>(a) - quotient * static_cast<uint32_t>(b)};
  }
  return {a / b, a % b};
}

// True when p may be read in units of so many bytes.
inline bool aligned(const void* p, size_t bytes) { return reinterpret_cast<uintptr_t>(p) % bytes == 0; }

}  // namespace ganymede::kernels::GANYMEDE_TARGET
