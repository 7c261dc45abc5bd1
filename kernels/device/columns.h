// How a block of kThreads walks a row-major matrix whose columns are reduced: threads_x neighbouring packs of
// columns in threads_y rows at a time, so that loads are coalesced for any number of columns.
#pragma once
#include "kernels/api/types.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct ColumnBlock {
  int threads_x, threads_y;
  int64_t across;  // blocks side by side
};

// Tiles of 128 bytes of a row side by side, in packs.
constexpr int kColumnPacks = 8;

// The block for so many columns, in packs of so many elements or one by one. rows: what a column has to offer;
// more threads along it than that would idle, so few rows make wider blocks. Whole warps, powers of two.
inline ColumnBlock column_block(int64_t columns, int pack, int64_t rows) {
  const int64_t packs = ceil_div<int64_t>(columns, pack);
  const int widest = pack == 1 ? 32 : kColumnPacks;
  int x = 1;
  while (x < widest && x < packs) x *= 2;
  int y = kThreads / x;
  while (y > 1 && y / 2 >= rows) y /= 2;
  while (x * y < kThreads && x < packs) x *= 2;
  while (x * y < 32) y *= 2;
  return {x, y, ceil_div<int64_t>(packs, x)};
}

// A number that the compiler knows.
template <int kTimes>
struct Times {};

// Walks from first to end by step, kMost steps at a time, what is left by smaller powers of two: body(Times<n>,
// i) does i, i + step, ... n of them. Its loads are then in flight together.
template <int kMost, class Body>
__device__ inline void in_batches(int64_t first, int64_t end, int64_t step, const Body& body) {
  for (; first + (kMost - 1) * step < end; first += kMost * step) body(Times<kMost>{}, first);
  if constexpr (kMost > 1) in_batches<kMost / 2>(first, end, step, body);
}

// Into how many parts each of so many equal jobs is cut: enough that about 1024 blocks run, but no part
// smaller than least. A function of the shape alone, for the order of sums depends on it.
inline int64_t parts_for(int64_t jobs, int64_t length, int64_t least) {
  const int64_t wanted = ceil_div<int64_t>(1024, jobs > 0 ? jobs : 1);
  const int64_t most = length / least;
  const int64_t parts = wanted < most ? wanted : most;
  return parts > 1 ? parts : 1;
}

// Into how many parts the rows of each of so many tiles are cut: a power of two and a function of the shape
// alone. Whoever merges the parts reads all of them; about the root of the rows balances that with the rows of
// a part. 256 blocks fill any device, and parts under 64 rows would leave most threads a row or none.
inline int64_t column_tiles(int64_t outer, int64_t columns, DType dtype) {
  const int64_t bytes = columns * (dtype == DType::f64 ? 8 : dtype == DType::f32 ? 4 : 2);
  return outer * ceil_div<int64_t>(bytes, 16 * kColumnPacks);
}

inline int64_t column_parts(int64_t tiles, int64_t rows) {
  int64_t parts = 1;
  while (16 * parts * parts <= rows && 2 * parts * tiles <= 256 && 2 * parts * 64 <= rows) parts *= 2;
  return parts;
}

// Merges the states of the rows of a block's threads; afterwards the threads with threadIdx.y = 0 hold the
// result.
template <class State, int kWidth>
struct ColumnShared {
  State states[kThreads][kWidth];
};

template <int kWidth, class Op, class State>
__device__ inline void merge_block_rows(const Op& op, State (&states)[kWidth],
                                        simt::Where where = simt::Where::current()) {
  if (blockDim.y == 1) return;
  auto& s = shared<ColumnShared<State, kWidth>>();
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
  for (int j = 0; j < kWidth; ++j) s.states[thread][j] = states[j];
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    simt::sync_threads(where);
    if (static_cast<int>(threadIdx.y) < half) {
      for (int j = 0; j < kWidth; ++j)
        s.states[thread][j] = op.merge(s.states[thread][j], s.states[thread + half * blockDim.x][j]);
    }
  }
  for (int j = 0; j < kWidth; ++j) states[j] = s.states[thread][j];
  simt::sync_threads(where);
}

// The state of a warp's lanes together, in every lane.
template <class Op, class State>
__device__ inline State merge_warp(const Op& op, State state, simt::Where where = simt::Where::current()) {
  for (int mask = 16; mask > 0; mask /= 2) state = op.merge(state, op.exchange(state, mask, where));
  return state;
}

// The state of a whole block of kThreads in thread 0.
template <class State>
struct BlockShared {
  State warps[kThreads / 32];
};

template <class Op, class State>
__device__ inline State merge_block(const Op& op, State state, simt::Where where = simt::Where::current()) {
  auto& s = shared<BlockShared<State>>();
  state = merge_warp(op, state, where);
  if (threadIdx.x % 32 == 0) s.warps[threadIdx.x / 32] = state;
  simt::sync_threads(where);
  if (threadIdx.x == 0) {
    for (int w = 1; w < kThreads / 32; ++w) state = op.merge(state, s.warps[w]);
  }
  simt::sync_threads(where);
  return state;
}

// The state of kLanes threads, a warp's or a whole block's, in every one of them.
template <int kLanes, class Op, class State>
__device__ inline State merge_lanes(const Op& op, State state, simt::Where where = simt::Where::current()) {
  static_assert(kLanes == 32 || kLanes == kThreads);
  if constexpr (kLanes == 32) {
    return merge_warp(op, state, where);
  } else {
    auto& s = shared<BlockShared<State>>();
    state = merge_block(op, state, where);
    if (threadIdx.x == 0) s.warps[0] = state;
    simt::sync_threads(where);
    state = s.warps[0];
    simt::sync_threads(where);
    return state;
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
