// y = f((x - mean) * rstd * gamma + beta + residual), f one of identity, relu, leaky relu, tanh.
// A thread owns a pack of channels and some rows of one outer index, at least four where there are so many,
// whose loads are in flight together (two where each brings a residual along); it keeps the channels'
// coefficients in registers. Where every row has its own statistics (rows = 1) it keeps gamma and beta alone.
// Reads x and the residual, writes y: bound by memory.
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_activation.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct ApplyArguments {
  int64_t outer, rows, groups, width, affine_stride;
  const A *mean, *rstd, *gamma, *beta;
  A alpha;
  bool vectors;  // the four may be read 16 bytes at a time
};

template <int kWidth, class A>
__device__ inline void load_affine(const ApplyArguments<A>& args, int64_t affine, A (&gamma)[kWidth],
                                   A (&beta)[kWidth]) {
  for (int j = 0; j < kWidth; ++j) gamma[j] = 1, beta[j] = 0;
  if (args.gamma) load_numbers(args.gamma + affine, args.vectors, gamma);
  if (args.beta) load_numbers(args.beta + affine, args.vectors, beta);
}

// Rows of a batch as they are read, and the residuals that are added to them. In flight are as many loads with
// residuals as without.
template <bool kResidual>
constexpr int kBatch = kResidual ? 2 : 4;

template <int kRows, int kWidth, bool kResidual, class T>
struct Batch {
  Elements<kWidth, T> x[kRows], residual[kResidual ? kRows : 1];

  __device__ void load(int i, int64_t place, const T* from, const T* side) {
    x[i] = load_elements<kWidth>(from + place);
    if constexpr (kResidual) residual[i] = load_elements<kWidth>(side + place);
  }
  // f of a normalised value and its residual takes the place of x.
  template <class Op, class A>
  __device__ void put(int i, int j, Op op, A normed, A alpha) {
    if constexpr (kResidual) normed += widen(residual[i][j]);
    x[i][j] = narrow<T>(evaluate(op, normed, alpha, A(0)));
  }
};

template <int kWidth, bool kResidual, class T, class Op>
__global__ void apply_norm_kernel(Op op, ApplyArguments<Accumulator<T>> args, RowChunks cut, int64_t across,
                                  const T* x, const T* residual, T* y) {
  using A = Accumulator<T>;
  const int64_t channels = args.groups * args.width, jobs = args.outer * cut.chunks * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.chunks);
    const int64_t outer = at.quotient, channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
    if (channel >= channels) continue;
    A mean[kWidth], scale[kWidth], gamma[kWidth], shift[kWidth];
    load_affine(args, outer * args.affine_stride + channel, gamma, shift);
    load_of_groups(args.mean + outer * args.groups, channel, args.width, args.vectors, mean);
    load_of_groups(args.rstd + outer * args.groups, channel, args.width, args.vectors, scale);
    for (int j = 0; j < kWidth; ++j) scale[j] *= gamma[j];
    const int64_t begin = at.remainder * cut.chunk, left = args.rows - begin;
    const int64_t first = (outer * args.rows + begin) * channels + channel;
    in_batches<kBatch<kResidual>>(threadIdx.y, left < cut.chunk ? left : cut.chunk, blockDim.y,
                                  [&]<int kRows>(Times<kRows>, int64_t row) {
      Batch<kRows, kWidth, kResidual, T> v;
      const auto place = [&](int i) { return first + (row + int64_t{i} * blockDim.y) * channels; };
      for (int i = 0; i < kRows; ++i) v.load(i, place(i), x, residual);
      for (int i = 0; i < kRows; ++i) {
        for (int j = 0; j < kWidth; ++j)
          v.put(i, j, op, (widen(v.x[i][j]) - mean[j]) * scale[j] + shift[j], args.alpha);
        store_elements<kWidth>(y + place(i), v.x[i]);
      }
    });
  }
}

// rows = 1, groups = 1 and gamma and beta shared: x is [outer, width].
template <int kWidth, bool kResidual, class T, class Op>
__global__ void apply_lines_kernel(Op op, ApplyArguments<Accumulator<T>> args, int64_t across, const T* x,
                                   const T* residual, T* y) {
  using A = Accumulator<T>;
  const Division block = divide(blockIdx.x, across);
  const int64_t channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
  if (channel >= args.width) return;
  A gamma[kWidth], beta[kWidth];
  load_affine(args, channel, gamma, beta);
  const int64_t step = gridDim.x / across * blockDim.y;
  in_batches<kBatch<kResidual>>(block.quotient * blockDim.y + threadIdx.y, args.outer, step,
                                [&]<int kLines>(Times<kLines>, int64_t line) {
    Batch<kLines, kWidth, kResidual, T> v;
    const auto place = [&](int i) { return (line + i * step) * args.width + channel; };
    A mean[kLines], rstd[kLines];
    for (int i = 0; i < kLines; ++i) {
      v.load(i, place(i), x, residual);
      mean[i] = args.mean[line + i * step];
      rstd[i] = args.rstd[line + i * step];
    }
    for (int i = 0; i < kLines; ++i) {
      for (int j = 0; j < kWidth; ++j)
        v.put(i, j, op, (widen(v.x[i][j]) - mean[i]) * (rstd[i] * gamma[j]) + beta[j], args.alpha);
      store_elements<kWidth>(y + place(i), v.x[i]);
    }
  });
}

template <int kWidth, bool kResidual, class T, class Op>
void launch_apply(Stream stream, Op op, const ApplyArguments<Accumulator<T>>& args, const T* x, const T* residual,
                  T* y) {
  const int64_t channels = args.groups * args.width;
  if (args.rows == 1 && args.groups == 1 && args.affine_stride == 0) {
    // Eight lines a thread, or gamma and beta would weigh more than x.
    const ColumnBlock block = column_block(channels, kWidth, ceil_div<int64_t>(args.outer, 8));
    const int64_t down = ceil_div<int64_t>(args.outer, 8 * block.threads_y);
    const int64_t most = ceil_div<int64_t>(int64_t{16} * simt::multiprocessors(), block.across);
    launch(apply_lines_kernel<kWidth, kResidual, T, Op>,
           static_cast<unsigned>(block.across * (down < most ? down : most)),
           dim3(block.threads_x, block.threads_y), stream, op, args, block.across, x, residual, y);
    return;
  }
  const ColumnBlock block = column_block(channels, kWidth, args.rows);
  const RowChunks cut = row_chunks(args.outer, args.rows, block);
  launch(apply_norm_kernel<kWidth, kResidual, T, Op>, grid_of(args.outer * cut.chunks * block.across),
         dim3(block.threads_x, block.threads_y), stream, op, args, cut, block.across, x, residual, y);
}

}  // namespace

void apply_norm(Stream stream, const Norm& norm, const void* x, const void* residual, const void* mean,
                const void* rstd, const void* gamma, const void* beta, Unary activation, double alpha, void* y) {
  if (norm.outer * norm.rows * norm.groups * norm.width == 0) return;
  dispatch_float(norm.dtype, "norm.apply", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const ApplyArguments<A> args{norm.outer,
                                 norm.rows,
                                 norm.groups,
                                 norm.width,
                                 norm.affine_stride,
                                 static_cast<const A*>(mean),
                                 static_cast<const A*>(rstd),
                                 static_cast<const A*>(gamma),
                                 static_cast<const A*>(beta),
                                 static_cast<A>(alpha),
                                 aligned(mean, 16) && aligned(rstd, 16) && aligned(gamma, 16) &&
                                     aligned(beta, 16)};
    const bool packs = aligned(x, 16) && aligned(residual, 16) && aligned(y, 16) && norm.groups * norm.width % kPack == 0;
    with_activation(activation, [&](auto op) {
      const auto run = [&]<int kWidth>(Times<kWidth>) {
        const T *from = static_cast<const T*>(x), *side = static_cast<const T*>(residual);
        if (side) launch_apply<kWidth, true>(stream, op, args, from, side, static_cast<T*>(y));
        else launch_apply<kWidth, false>(stream, op, args, from, side, static_cast<T*>(y));
      };
      packs ? run(Times<kPack>{}) : run(Times<1>{});
    });
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
