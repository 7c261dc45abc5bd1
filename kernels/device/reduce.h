// Reductions of a warp and of a block, in an order that depends on the block's size alone.
#pragma once
#include <type_traits>

#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct Add {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a + b;
  }
};
// NaN wins over every number.
struct Max {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};
struct Min {
  template <class T>
  __device__ __forceinline__ T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};

// Butterfly: every lane gets the result, and the same one. T: up to 16 bytes; combine must be commutative.
template <class T, class Combine>
__device__ __forceinline__ T warp_reduce(T value, Combine combine,
                                         simt::Where where = simt::Where::current()) {
#pragma unroll
  for (int mask = 16; mask; mask /= 2) value = combine(value, simt::shuffle_xor(value, mask, where));
  return value;
}
template <class T>
__device__ __forceinline__ T warp_sum(T value, simt::Where where = simt::Where::current()) {
  return warp_reduce(value, Add{}, where);
}
template <class T>
__device__ __forceinline__ T warp_max(T value, simt::Where where = simt::Where::current()) {
  return warp_reduce(value, Max{}, where);
}

// Room in shared memory for the reductions below.
template <class T>
struct BlockReduce {
  T partial[32];
};

// Every thread of the block gets the result. The block has a multiple of 32 threads, at most 1024. identity:
// the value that combine leaves others unchanged by. Ends in a barrier, so that scratch can be used again at
// once.
template <class T, class Combine>
__device__ __forceinline__ T block_reduce(T value, Combine combine, std::type_identity_t<T> identity,
                                          BlockReduce<T>& scratch,
                                          simt::Where where = simt::Where::current()) {
  const int lane = simt::lane(), warps = static_cast<int>(blockDim.x * blockDim.y * blockDim.z) / 32;
  value = warp_reduce(value, combine, where);
  if (warps == 1) return value;
  if (lane == 0) scratch.partial[simt::warp()] = value;
  simt::sync_threads(where);
  value = warp_reduce(lane < warps ? scratch.partial[lane] : identity, combine, where);
  simt::sync_threads(where);
  return value;
}
template <class T>
__device__ __forceinline__ T block_sum(T value, BlockReduce<T>& scratch,
                                       simt::Where where = simt::Where::current()) {
  return block_reduce(value, Add{}, T{0}, scratch, where);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
