// y[o, i] = reduction over r of x[o, r, i], in a fixed order.
// Rows (inner = 1): a thread, a warp or a block owns a row. Columns: a block owns 128 bytes of each row, whose
// threads have several rows in flight (columns.h). Long reductions of few outputs are cut into parts, whose
// states go through the workspace to a second launch with a warp an output. Reads x once in packs of 16
// bytes: bound by memory.
#include "kernels/device/accumulate.h"
#include "kernels/device/columns.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

struct Extent {
  int64_t outer, reduce, inner;
  int64_t part, parts;  // elements of a part, parts of an output
};

// Where results go: to y, or as states to the workspace when the reduction is cut into parts.
struct Target {
  void* y;       // [outer, inner]
  void* states;  // [outer, parts, inner]; null: y is written
  DType dtype;   // of y
  double divisor;
};

template <class A, class Op>
__device__ inline void put_result(const Target& target, const Op& op, int64_t output,
                                  const typename Op::State& state) {
  if constexpr (std::is_same_v<decltype(op.result(state)), int64_t>) {
    static_cast<int64_t*>(target.y)[output] = op.result(state);
  } else {
    const A value = op.result(state) / static_cast<A>(target.divisor);
    if (target.dtype == DType::bf16) {
      static_cast<Bf16*>(target.y)[output] = to_bf16(static_cast<float>(value));
    } else {
      static_cast<A*>(target.y)[output] = value;
    }
  }
}

template <class A, class Op>
__device__ inline void put(const Target& target, const Op& op, int64_t output, int64_t slot,
                           const typename Op::State& state) {
  if (target.states) {
    static_cast<typename Op::State*>(target.states)[slot] = state;
  } else {
    put_result<A>(target, op, output, state);
  }
}

template <class Op, class T>
__global__ void reduce_short_rows_kernel(Op op, Extent extent, const T* x, Target target) {
  for (int64_t row = first_item(); row < extent.outer; row += item_stride()) {
    typename Op::State state = op.empty();
    for (int64_t r = 0; r < extent.reduce; ++r) op.add(state, widen(x[row * extent.reduce + r]), r);
    put_result<Accumulator<T>>(target, op, row, state);
  }
}

// So many lanes own a part of a row: 32 or kThreads. packs: whether rows may be read in packs.
template <class Op, class T>
__global__ void reduce_rows_kernel(Op op, Extent extent, int lanes, bool packs, const T* x, Target target) {
  using State = typename Op::State;
  constexpr int kPack = Pack<T>::kSize;
  const int rows = kThreads / lanes, lane = threadIdx.x % lanes;
  const int64_t jobs = extent.outer * extent.parts;
  for (int64_t first = int64_t{blockIdx.x} * rows; first < jobs; first += int64_t{gridDim.x} * rows) {
    const int64_t job = first + threadIdx.x / lanes;
    const Division at = divide(job, extent.parts);
    State state = op.empty();
    if (job < jobs) {
      const T* row = x + at.quotient * extent.reduce;
      int64_t i = at.remainder * extent.part;
      const int64_t end = i + extent.part < extent.reduce ? i + extent.part : extent.reduce;
      if (packs && i < end) {
        in_batches<4>(i + lane * kPack, end - kPack + 1, lanes * kPack,
                      [&]<int kPacks>(Times<kPacks>, int64_t p) {
          Pack<T> v[kPacks];
          for (int k = 0; k < kPacks; ++k) v[k] = load_pack(row + p + k * lanes * kPack);
          for (int k = 0; k < kPacks; ++k) {
            for (int j = 0; j < kPack; ++j) op.add(state, widen(v[k][j]), p + k * lanes * kPack + j);
          }
        });
        i += (end - i) / kPack * kPack;
      }
      for (i += lane; i < end; i += lanes) op.add(state, widen(row[i]), i);
    }
    state = lanes == 32 ? merge_warp(op, state) : merge_block(op, state);
    if (lane == 0 && job < jobs) put<Accumulator<T>>(target, op, at.quotient, job, state);
  }
}

template <int kWidth, class Op, class T>
__global__ void reduce_columns_kernel(Op op, Extent extent, int64_t across, const T* x, Target target) {
  using State = typename Op::State;
  const int64_t jobs = extent.outer * extent.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, extent.parts);
    const int64_t column = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
    State states[kWidth];
    for (int j = 0; j < kWidth; ++j) states[j] = op.empty();
    if (column < extent.inner) {
      const int64_t begin = at.remainder * extent.part;
      const int64_t end = begin + extent.part < extent.reduce ? begin + extent.part : extent.reduce;
      const T* p = x + at.quotient * extent.reduce * extent.inner + column;
      in_batches<8>(begin + threadIdx.y, end, blockDim.y, [&]<int kRows>(Times<kRows>, int64_t r) {
        Elements<kWidth, T> v[kRows];
        for (int i = 0; i < kRows; ++i)
          v[i] = load_elements<kWidth>(p + (r + int64_t{i} * blockDim.y) * extent.inner);
        for (int i = 0; i < kRows; ++i) {
          for (int j = 0; j < kWidth; ++j)
            op.add(states[j], widen(v[i][j]), r + int64_t{i} * blockDim.y);
        }
      });
    }
    merge_block_rows(op, states);
    if (threadIdx.y == 0 && column < extent.inner) {
      for (int j = 0; j < kWidth; ++j) {
        put<Accumulator<T>>(target, op, at.quotient * extent.inner + column + j,
                            block.quotient * extent.inner + column + j, states[j]);
      }
    }
  }
}

// A warp an output.
template <class A, class Op>
__global__ void merge_parts_kernel(Op op, Extent extent, Target target) {
  constexpr int kWarps = kThreads / 32;
  const int64_t outputs = extent.outer * extent.inner;
  for (int64_t first = int64_t{blockIdx.x} * kWarps; first < outputs; first += int64_t{gridDim.x} * kWarps) {
    const int64_t output = first + threadIdx.x / 32;
    typename Op::State state = op.empty();
    if (output < outputs) {
      const Division at = divide(output, extent.inner);
      const auto* states = static_cast<const typename Op::State*>(target.states) +
                           at.quotient * extent.parts * extent.inner + at.remainder;
      for (int64_t part = threadIdx.x % 32; part < extent.parts; part += 32)
        state = op.merge(state, states[part * extent.inner]);
    }
    state = merge_warp(op, state);
    if (threadIdx.x % 32 == 0 && output < outputs) put_result<A>(target, op, output, state);
  }
}

// Rows up to this length are read by one thread each.
constexpr int64_t kShortRow = 16;

// How the work is cut: a function of the shape alone.
Extent extent_of(const Reduce& r) {
  const int64_t parts = r.inner == 1 ? parts_for(r.outer, r.reduce, 8192)
                                     : column_parts(column_tiles(r.outer, r.inner, r.dtype), r.reduce);
  // A part is a multiple of the largest pack, so that all parts are aligned alike; the last ones may be
  // empty.
  const int64_t part = parts == 1 ? r.reduce : ceil_div<int64_t>(ceil_div(r.reduce, parts), 8) * 8;
  return {r.outer, r.reduce, r.inner, part, parts};
}

template <int kWidth, class Op, class T>
void launch_columns(Stream stream, Op op, const Extent& extent, const T* x, const Target& target) {
  const ColumnBlock block = column_block(extent.inner, kWidth, extent.part);
  launch<ColumnShared<typename Op::State, kWidth>>(
      reduce_columns_kernel<kWidth, Op, T>, grid_of(extent.outer * extent.parts * block.across),
      dim3(block.threads_x, block.threads_y), stream, op, extent, block.across, x, target);
}

template <class T, class Op>
void run(Stream stream, const Reduce& r, Op op, const T* x, void* y, void* workspace) {
  constexpr int kPack = Pack<T>::kSize;
  const Extent extent = extent_of(r);
  const Target target{y, extent.parts > 1 ? workspace : nullptr, r.out,
                      r.op == Reduction::mean ? static_cast<double>(r.reduce) : 1.0};
  if (r.inner == 1 && r.reduce <= kShortRow) {
    launch(reduce_short_rows_kernel<Op, T>, blocks_for(r.outer), kThreads, stream, op, extent, x, target);
  } else if (r.inner == 1) {
    const bool packs = aligned(x, 16) && (r.outer == 1 || r.reduce % kPack == 0);
    const int lanes = extent.part <= 1024 ? 32 : kThreads;
    const int64_t blocks = ceil_div<int64_t>(r.outer * extent.parts * lanes, kThreads);
    launch<BlockShared<typename Op::State>>(reduce_rows_kernel<Op, T>, grid_of(blocks), kThreads, stream, op,
                                            extent, lanes, packs, x, target);
  } else if (aligned(x, 16) && r.inner % kPack == 0) {
    launch_columns<kPack>(stream, op, extent, x, target);
  } else {
    launch_columns<1>(stream, op, extent, x, target);
  }
  if (extent.parts > 1) {
    launch(merge_parts_kernel<Accumulator<T>, Op>,
           grid_of(ceil_div<int64_t>(r.outer * r.inner, kThreads / 32)), kThreads, stream, op, extent,
           target);
  }
}

void reduce(Stream stream, const Reduce& r, const void* x, void* y, void* workspace) {
  if (r.outer == 0 || r.inner == 0) return;
  dispatch_float(r.dtype, "reduce", [&]<class T>() {
    using A = Accumulator<T>;
    const T* in = static_cast<const T*>(x);
    switch (r.op) {
      case Reduction::sum:
      case Reduction::mean: return run(stream, r, Sum<A>{}, in, y, workspace);
      case Reduction::max: return run(stream, r, Extreme<A>{1}, in, y, workspace);
      case Reduction::min: return run(stream, r, Extreme<A>{-1}, in, y, workspace);
      case Reduction::sum_of_squares: return run(stream, r, SumOfSquares<A>{}, in, y, workspace);
      case Reduction::norm: return run(stream, r, Norm2<A>{{}, static_cast<A>(r.eps)}, in, y, workspace);
      case Reduction::argmax: return run(stream, r, ArgMax<A>{}, in, y, workspace);
    }
  });
}

size_t workspace_bytes(const Reduce& r) {
  const Extent extent = extent_of(r);
  if (extent.parts == 1) return 0;
  const size_t number = r.dtype == DType::f64 ? sizeof(double) : sizeof(float);
  const size_t state = r.op == Reduction::argmax ? sizeof(Indexed<double>) : number;
  return static_cast<size_t>(r.outer * extent.parts * r.inner) * state;
}

}  // namespace

extern const ReduceKernels reduce_kernels = {reduce, workspace_bytes};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
