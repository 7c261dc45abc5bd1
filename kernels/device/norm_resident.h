// Norms whose statistics belong to channels, in one launch: blocks hold the rows of a tile of neighbouring channels in shared memory
// (device/norm_plan.h), so that tensors are read once, with all copies in flight, and results follow as soon as the sums are known.
// A block holds all rows of an outer index, or the blocks of a cluster a part of them each: then every block reads the others' sums
// through distributed shared memory, between two cluster barriers, and merges them in the order of ranks. The order of all sums is a
// function of the shape and the number of blocks alone.
#pragma once
#include <type_traits>

#include "kernels/device/accumulate.h"
#include "kernels/device/column_merge.h"
#include "kernels/device/norm_plan.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Shared memory of a block begins with this; behind it lie the rows, tensor after tensor. A thread has kWidth columns.
template <class T, int kWidth>
struct alignas(16) Resident {
  using A = Accumulator<T>;
  static constexpr int kColumns = 128 / static_cast<int>(sizeof(T)), kMostAcross = kColumns / kWidth;
  ColumnMerge<A, kWidth, kMostAcross> merge;
  A sums[4][kColumns];     // of this block's rows, in pairs: what the others of the cluster read
  A numbers[6][kColumns];  // what all threads need to know of the columns
  bool last;
};
constexpr int kFewestResidentThreads = 64;  // one for every column

template <class T, int kWidth, int kHeld>
struct ResidentSpace {
  Resident<T, kWidth> of;
  unsigned char rows[kHeld];
};

struct ResidentCut {
  int64_t tiles, part;
  int blocks, channels;
};

// What a thread of a block sees.
template <class T, int kWidth>
struct ResidentTile {
  using A = Accumulator<T>;
  using Shared = Resident<T, kWidth>;
  const Norm& norm;
  const ResidentCut& cut;
  Shared& s;
  int64_t outer, tile;
  int rank, rows;      // of the block: its place in the cluster, its rows
  int64_t first;       // element of its tensors that its own first column and the block's first row have in common
  bool inside;         // the thread has columns
  int column;          // of the tile, that it looks after by itself
  int64_t channel;     // the same
  bool owns;           // there is such a column

  __device__ ResidentTile(const Norm& norm, const ResidentCut& cut, simt::Where = simt::Where::current())
      : norm(norm), cut(cut), s(shared<Shared>()) {
    const Division block = divide(blockIdx.x, cut.blocks), at = divide(block.quotient, cut.tiles);
    outer = at.quotient;
    tile = at.remainder;
    rank = static_cast<int>(block.remainder);
    rows = rows_of(rank);
    const int64_t begin = tile * cut.channels, own = begin + threadIdx.x * kWidth;
    first = (outer * norm.rows + rank * cut.part) * norm.groups + own;
    inside = own < norm.groups;
    column = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    channel = begin + column;
    owns = column < static_cast<int>(blockDim.x) * kWidth && channel < norm.groups;
  }
  __device__ int rows_of(int rank) const {
    const int64_t left = norm.rows - rank * cut.part;
    return static_cast<int>(left < 0 ? 0 : left < cut.part ? left : cut.part);
  }

  // The thread's columns of a row of tensor number i.
  __device__ T* slot(int i, int64_t row) const {
    T* memory = reinterpret_cast<T*>(reinterpret_cast<unsigned char*>(&s) + sizeof(Shared));
    return memory + ((i * cut.part + row) * blockDim.x + threadIdx.x) * kWidth;
  }
  // Starts to bring this thread's rows; they are there after landed().
  __device__ void hold(int i, const T* from, simt::Where where = simt::Where::current()) const {
    if (!inside) return;
    if constexpr (kWidth > 1) {
      for (int row = threadIdx.y; row < rows; row += blockDim.y)
        simt::cp_async<16>(slot(i, row), from + first + row * norm.groups, true, where);
    } else {
      in_batches<8>(threadIdx.y, rows, blockDim.y, [&]<int kRows>(Times<kRows>, int64_t row) {
        T v[kRows];
        for (int k = 0; k < kRows; ++k) v[k] = from[first + (row + k * blockDim.y) * norm.groups];
        for (int k = 0; k < kRows; ++k) *slot(i, row + k * blockDim.y) = v[k];
      });
    }
  }
  __device__ void landed() const {
    simt::cp_async_commit();
    simt::cp_async_wait<0>();
  }
  // body(Times<n>, row) of n of the thread's rows, at most kMost at once: row, row + blockDim.y ...
  template <int kMost, class Body>
  __device__ void each_row(const Body& body) const {
    if (inside) in_batches<kMost>(threadIdx.y, rows, blockDim.y, body);
  }

  // What this block's rows give goes to the cluster, as pair number i of the sums.
  template <class Op>
  __device__ void give(const Op& op, const ColumnState<A, kWidth>& state, int i, simt::Where where = simt::Where::current()) const {
    merge_columns<Shared::kMostAcross>(op, state, [&](int column, A, A first, A second) {
      s.sums[2 * i][column] = first;
      s.sums[2 * i + 1][column] = second;
    }, where);
  }
  // Behind the last give(), before the first total(); and behind the last total() before the block ends.
  __device__ void meet(simt::Where where = simt::Where::current()) const {
    if (cut.blocks > 1) simt::cluster_sync(where);
  }
  // What all rows give of this thread's column.
  template <class Op>
  __device__ ColumnState<A, 1> total(const Op& op, int i, simt::Where where = simt::Where::current()) const {
    ColumnState<A, 1> all = {};
    for (int from = 0; from < cut.blocks; ++from) {
      const Shared& other = cut.blocks > 1 ? cluster_shared<Shared>(from, where) : s;
      const A first[1] = {other.sums[2 * i][column]}, second[1] = {other.sums[2 * i + 1][column]};
      all.merge(op, static_cast<A>(rows_of(from)), first, second);
    }
    return all;
  }
  // Number i of the thread's columns, behind a barrier.
  __device__ void numbers(int i, A (&to)[kWidth]) const {
    for (int j = 0; j < kWidth; ++j) to[j] = s.numbers[i][threadIdx.x * kWidth + j];
  }
};

// f(std::integral_constant<int, bytes>): shared memory in a few sizes.
template <class F>
void with_held(int64_t bytes, F&& f) {
  if (bytes <= 16 << 10) return f(std::integral_constant<int, 16 << 10>{});
  if (bytes <= 32 << 10) return f(std::integral_constant<int, 32 << 10>{});
  if (bytes <= 64 << 10) return f(std::integral_constant<int, 64 << 10>{});
  if (bytes <= 128 << 10) return f(std::integral_constant<int, 128 << 10>{});
  f(std::integral_constant<int, static_cast<int>(kMostHeld)>{});
}

// kernel(norm, cut, args...) by the blocks of a plan.
template <class T, int kWidth, class... P, class... Args>
void launch_resident(void (*kernel)(P...), Stream stream, const Norm& norm, const NormPlan& plan, const Args&... args) {
  const int x = plan.width / kWidth;
  int y = kThreads / x;
  while (y > 1 && y / 2 >= plan.part) y /= 2;
  while (x * y < kFewestResidentThreads) y *= 2;
  const dim3 block(static_cast<unsigned>(x), static_cast<unsigned>(y));
  const ResidentCut cut{plan.tiles, plan.part, plan.blocks, plan.channels};
  const auto grid = static_cast<unsigned>(norm.outer * plan.tiles * plan.blocks);
  with_held(plan.bytes, [&](auto held) {
    using Space = ResidentSpace<T, kWidth, held>;
    if (plan.blocks == 1) launch<Space>(kernel, grid, block, stream, norm, cut, args...);
    else launch_cluster<Space>(kernel, grid, static_cast<unsigned>(plan.blocks), block, stream, norm, cut, args...);
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
