// What the threads of a block found in the rows that they read of the same columns, merged: over a warp by
// shuffles, over the warps through shared memory, over the blocks that share the rows of a tile of columns by
// the last of them to arrive, always in the same order. Two numbers a column: a mean and squared deviations
// from it, or two sums.
#pragma once
#include "kernels/device/accumulate.h"
#include "kernels/device/columns.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Of kWidth neighbouring columns over `count` rows.
template <class A, int kWidth>
struct ColumnState {
  A count;
  A first[kWidth], second[kWidth];

  // Op: weigh() gives what the counts alone decide, so that the columns share its division; join() merges.
  template <class Op>
  __device__ void merge(const Op& op, A other_count, const A (&other_first)[kWidth],
                        const A (&other_second)[kWidth]) {
    const auto weights = op.weigh(count, other_count);
    for (int j = 0; j < kWidth; ++j) op.join(weights, first[j], second[j], other_first[j], other_second[j]);
    count += other_count;
  }
};

// Of blocks of at most kMostAcross threads across.
template <class A, int kWidth, int kMostAcross = kThreads>
struct ColumnMerge {
  static constexpr int kWarps = kThreads / 32;
  static constexpr int kPad = kWidth > 1 ? 32 / kWidth : 0;  // so that neither walk meets a bank twice
  A counts[kWarps];
  A numbers[2][kWidth * (kWarps * kMostAcross < kThreads ? kWarps * (kMostAcross + kPad) : kThreads + kWarps * kPad)];
  bool last;
};

// Merges the states of all threads with the same columns and calls body(column of the block, count, first,
// second), each column once. The block has the threads of column_block, and begins its shared memory with a ColumnMerge.
template <int kMostAcross = kThreads, class A, int kWidth, class Op, class Body>
__device__ inline void merge_columns(const Op& op, ColumnState<A, kWidth> state, Body body,
                                     simt::Where where = simt::Where::current()) {
  using Memory = ColumnMerge<A, kWidth, kMostAcross>;
  auto& s = shared<Memory>();
  const int across = blockDim.x, threads = across * blockDim.y;
  const int thread = threadIdx.y * across + threadIdx.x;
  for (int mask = across; mask < 32; mask *= 2) {
    ColumnState<A, kWidth> other;
    other.count = simt::shuffle_xor(state.count, mask, where);
    for (int j = 0; j < kWidth; ++j) {
      const auto both = simt::shuffle_xor(Pair<A>{state.first[j], state.second[j]}, mask, where);
      other.first[j] = both.first;
      other.second[j] = both.second;
    }
    state.merge(op, other.count, other.first, other.second);
  }
  const int stride = across + Memory::kPad, lines = across < 32 ? threads / 32 : blockDim.y;
  const int line = across < 32 ? thread / 32 : threadIdx.y;
  if (across >= 32 || thread % 32 < across) {
    if (threadIdx.x == 0) s.counts[line] = state.count;
    for (int j = 0; j < kWidth; ++j) {
      s.numbers[0][(line * kWidth + j) * stride + threadIdx.x] = state.first[j];
      s.numbers[1][(line * kWidth + j) * stride + threadIdx.x] = state.second[j];
    }
  }
  simt::sync_threads(where);
  for (int column = thread; column < across * kWidth; column += threads) {
    const int at = column % kWidth * stride + column / kWidth;
    A count = s.counts[0], first = s.numbers[0][at], second = s.numbers[1][at];
    for (int l = 1; l < lines; ++l) {
      const int next = at + l * kWidth * stride;
      op.join(op.weigh(count, s.counts[l]), first, second, s.numbers[0][next], s.numbers[1][next]);
      count += s.counts[l];
    }
    body(column, count, first, second);
  }
  simt::sync_threads(where);
}

// kWidth numbers side by side, 16 bytes at a time where vectors says that they may.
template <int kWidth, class A>
__device__ inline void load_numbers(const A* from, bool vectors, A (&to)[kWidth],
                                    simt::Where where = simt::Where::current()) {
  constexpr int kPack = Pack<A>::kSize;
  if constexpr (kWidth % kPack == 0) {
    if (vectors) {
      for (int i = 0; i < kWidth; i += kPack) {
        const Pack<A> v = load_pack(from + i, where);
        for (int j = 0; j < kPack; ++j) to[i + j] = v[j];
      }
      return;
    }
  }
  for (int j = 0; j < kWidth; ++j) to[j] = from[j];
}

// The parts that blocks leave of a matrix [rows, channels], `part` rows each: parts [parts, 2, channels].
// Merges those of a thread's columns that are its own to merge.
template <int kWidth, class A, class Op>
__device__ inline ColumnState<A, kWidth> merge_parts_of(const Op& op, const A* parts, int64_t count,
                                                        int64_t part, int64_t rows, int64_t channels) {
  ColumnState<A, kWidth> state = {};
  in_batches<4>(threadIdx.y, count, blockDim.y, [&]<int kParts>(Times<kParts>, int64_t first) {
    A numbers[kParts][2][kWidth];
    for (int i = 0; i < kParts; ++i) {
      const A* from = parts + (first + int64_t{i} * blockDim.y) * 2 * channels;
      load_numbers(from, true, numbers[i][0]);
      load_numbers(from + channels, true, numbers[i][1]);
    }
    for (int i = 0; i < kParts; ++i) {
      const int64_t begin = (first + int64_t{i} * blockDim.y) * part;
      const int64_t left = rows - begin;
      state.merge(op, static_cast<A>(left < part ? left : part), numbers[i][0], numbers[i][1]);
    }
  });
  return state;
}

// True in the last of so many blocks to call this with the same counter, which is zero before and after. That
// block then sees what the others wrote to global memory before. Every thread of the block calls it.
__device__ inline bool last_to_arrive(unsigned* arrivals, int64_t blocks, bool& last,
                                      simt::Where where = simt::Where::current()) {
  const bool leader = threadIdx.x == 0 && threadIdx.y == 0;
  simt::fence();
  simt::sync_threads(where);
  if (leader) last = simt::atomic_add(arrivals, 1u) + 1 == static_cast<unsigned>(blocks);
  simt::sync_threads(where);
  if (!last) return false;
  simt::fence();
  if (leader) simt::atomic_exchange(arrivals, 0u);
  return true;
}

// Counters for last_to_arrive of one launch after the other on a stream: kArrivals of them, zero between
// launches. They are allocated at the first call for a stream. src/tile_parts.cu
constexpr int64_t kArrivals = 1024;
unsigned* arrivals_of(Stream stream);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
