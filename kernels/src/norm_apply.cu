// y = f((x - mean) * rstd * gamma + beta), f one of identity, relu, leaky relu, tanh.
// A thread owns a pack of channels and some rows of one outer index, at least four where there are so many,
// whose loads are in flight together; it keeps the channels' coefficients in registers. Where every row has
// its own statistics (rows = 1) it keeps gamma and beta alone. Reads x, writes y: bound by memory.
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

template <int kWidth, class T, class Op>
__global__ void apply_norm_kernel(Op op, ApplyArguments<Accumulator<T>> args, RowChunks cut, int64_t across,
                                  const T* x, T* y) {
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
    in_batches<4>(threadIdx.y, left < cut.chunk ? left : cut.chunk, blockDim.y,
                  [&]<int kRows>(Times<kRows>, int64_t row) {
      Elements<kWidth, T> v[kRows];
      for (int i = 0; i < kRows; ++i)
        v[i] = load_elements<kWidth>(x + first + (row + int64_t{i} * blockDim.y) * channels);
      for (int i = 0; i < kRows; ++i) {
        for (int j = 0; j < kWidth; ++j) {
          const A normed = (widen(v[i][j]) - mean[j]) * scale[j] + shift[j];
          v[i][j] = narrow<T>(evaluate(op, normed, args.alpha, A(0)));
        }
        store_elements<kWidth>(y + first + (row + int64_t{i} * blockDim.y) * channels, v[i]);
      }
    });
  }
}

// rows = 1, groups = 1 and gamma and beta shared: x is [outer, width].
template <int kWidth, class T, class Op>
__global__ void apply_lines_kernel(Op op, ApplyArguments<Accumulator<T>> args, int64_t across, const T* x,
                                   T* y) {
  using A = Accumulator<T>;
  const Division block = divide(blockIdx.x, across);
  const int64_t channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
  if (channel >= args.width) return;
  A gamma[kWidth], beta[kWidth];
  load_affine(args, channel, gamma, beta);
  const int64_t step = gridDim.x / across * blockDim.y;
  in_batches<4>(block.quotient * blockDim.y + threadIdx.y, args.outer, step,
                [&]<int kLines>(Times<kLines>, int64_t line) {
    Elements<kWidth, T> v[kLines];
    A mean[kLines], rstd[kLines];
    for (int i = 0; i < kLines; ++i) {
      v[i] = load_elements<kWidth>(x + (line + i * step) * args.width + channel);
      mean[i] = args.mean[line + i * step];
      rstd[i] = args.rstd[line + i * step];
    }
    for (int i = 0; i < kLines; ++i) {
      for (int j = 0; j < kWidth; ++j) {
        const A normed = (widen(v[i][j]) - mean[i]) * (rstd[i] * gamma[j]) + beta[j];
        v[i][j] = narrow<T>(evaluate(op, normed, args.alpha, A(0)));
      }
      store_elements<kWidth>(y + (line + i * step) * args.width + channel, v[i]);
    }
  });
}

template <int kWidth, class T, class Op>
void launch_apply(Stream stream, Op op, const ApplyArguments<Accumulator<T>>& args, const T* x, T* y) {
  const int64_t channels = args.groups * args.width;
  if (args.rows == 1 && args.groups == 1 && args.affine_stride == 0) {
    // Eight lines a thread, or gamma and beta would weigh more than x.
    const ColumnBlock block = column_block(channels, kWidth, ceil_div<int64_t>(args.outer, 8));
    const int64_t down = ceil_div<int64_t>(args.outer, 8 * block.threads_y);
    const int64_t most = ceil_div<int64_t>(int64_t{16} * simt::multiprocessors(), block.across);
    launch(apply_lines_kernel<kWidth, T, Op>,
           static_cast<unsigned>(block.across * (down < most ? down : most)),
           dim3(block.threads_x, block.threads_y), stream, op, args, block.across, x, y);
    return;
  }
  const ColumnBlock block = column_block(channels, kWidth, args.rows);
  const RowChunks cut = row_chunks(args.outer, args.rows, block);
  launch(apply_norm_kernel<kWidth, T, Op>, grid_of(args.outer * cut.chunks * block.across),
         dim3(block.threads_x, block.threads_y), stream, op, args, cut, block.across, x, y);
}

}  // namespace

void apply_norm(Stream stream, const Norm& norm, const void* x, const void* mean, const void* rstd,
                const void* gamma, const void* beta, Unary activation, double alpha, void* y) {
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
    const bool packs = aligned(x, 16) && aligned(y, 16) && norm.groups * norm.width % kPack == 0;
    with_activation(activation, [&](auto op) {
      if (packs) {
        launch_apply<kPack>(stream, op, args, static_cast<const T*>(x), static_cast<T*>(y));
      } else {
        launch_apply<1>(stream, op, args, static_cast<const T*>(x), static_cast<T*>(y));
      }
    });
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
