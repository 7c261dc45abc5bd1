// y = f((x - mean) * rstd * gamma + beta), f one of identity, relu, leaky relu, tanh.
// A thread owns a pack of channels, whose coefficients it keeps in registers, and strides over the rows of
// all outer indices. Reads x, writes y: bound by memory.
#include "kernels/device/dispatch.h"
#include "kernels/device/functors.h"
#include "kernels/device/norm.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct ApplyArguments {
  int64_t all_rows, rows, groups, width, affine_stride;  // all_rows = outer * rows
  const A *mean, *rstd, *gamma, *beta;
  A alpha;
};

template <int kWidth, class T, class Op>
__global__ void apply_norm_kernel(Op op, ApplyArguments<Accumulator<T>> args, int64_t across, const T* x,
                                  T* y) {
  using A = Accumulator<T>;
  const int64_t channels = args.groups * args.width;
  const Division block = divide(blockIdx.x, across);
  const int64_t channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
  if (channel >= channels) return;
  A mean[kWidth] = {}, scale[kWidth] = {}, shift[kWidth] = {};
  int64_t current = -1;
  const int64_t step = gridDim.x / across * blockDim.y;
  for (int64_t row = block.quotient * blockDim.y + threadIdx.y; row < args.all_rows; row += step) {
    const int64_t outer = divide(row, args.rows).quotient;
    if (outer != current) {
      current = outer;
      for (int j = 0; j < kWidth; ++j) {
        const int64_t group = outer * args.groups + divide(channel + j, args.width).quotient;
        const int64_t affine = outer * args.affine_stride + channel + j;
        mean[j] = args.mean[group];
        scale[j] = args.gamma ? args.rstd[group] * args.gamma[affine] : args.rstd[group];
        shift[j] = args.beta ? args.beta[affine] : A(0);
      }
    }
    const int64_t at = row * channels + channel;
    const auto value = [&](T in, int j) {
      return narrow<T>(evaluate(op, (widen(in) - mean[j]) * scale[j] + shift[j], args.alpha, A(0)));
    };
    if constexpr (kWidth == 1) {
      y[at] = value(x[at], 0);
    } else {
      Pack<T> v = load_pack(x + at);
      for (int j = 0; j < kWidth; ++j) v[j] = value(v[j], j);
      store_pack(y + at, v);
    }
  }
}

template <int kWidth, class T, class Op>
void launch_apply(Stream stream, Op op, const ApplyArguments<Accumulator<T>>& args, const T* x, T* y) {
  const ColumnBlock block = column_block(ceil_div<int64_t>(args.groups * args.width, kWidth), args.all_rows);
  const int64_t down = ceil_div<int64_t>(args.all_rows, block.threads_y);
  const int64_t most = ceil_div<int64_t>(int64_t{16} * simt::multiprocessors(), block.across);
  launch(apply_norm_kernel<kWidth, T, Op>, static_cast<unsigned>(block.across * (down < most ? down : most)),
         dim3(block.threads_x, block.threads_y), stream, op, args, block.across, x, y);
}

template <class F>
void with_activation(Unary activation, F&& f) {
  switch (activation) {
    case Unary::identity: return f(Fixed<Unary::identity>{});
    case Unary::relu: return f(Fixed<Unary::relu>{});
    case Unary::leaky_relu: return f(Fixed<Unary::leaky_relu>{});
    case Unary::tanh: return f(Fixed<Unary::tanh>{});
    default:
      throw std::runtime_error("norm.apply: the activation must be identity, relu, leaky_relu or tanh");
  }
}

}  // namespace

void apply_norm(Stream stream, const Norm& norm, const void* x, const void* mean, const void* rstd,
                const void* gamma, const void* beta, Unary activation, double alpha, void* y) {
  if (norm.outer * norm.rows * norm.groups * norm.width == 0) return;
  dispatch_float(norm.dtype, "norm.apply", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const ApplyArguments<A> args{norm.outer * norm.rows,
                                 norm.rows,
                                 norm.groups,
                                 norm.width,
                                 norm.affine_stride,
                                 static_cast<const A*>(mean),
                                 static_cast<const A*>(rstd),
                                 static_cast<const A*>(gamma),
                                 static_cast<const A*>(beta),
                                 static_cast<A>(alpha)};
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
