// The gradient of a norm in one launch, where statistics belong to channels: the sums dgamma and dbeta, and dx = a * dy - b -
// (x - mean) * c with coefficients that follow from them (src/norm_gradient.cu has them in two). A block, or a cluster of blocks, holds
// the rows of x and of dy of 32 to 128 bytes of channels of one outer index in shared memory (device/norm_resident.h): both are read
// once and dx written, 3 elements of traffic each. The derivative of an activation behind the norm is a factor of dy in both passes
// (device/norm_activation.h). Bound by a launch where tensors are small, by memory where they are large. Not measured.
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_activation.h"
#include "kernels/device/norm_resident.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct GradientArguments {
  const A *mean, *rstd, *gamma;  // gamma null: 1
  A *dgamma, *dbeta;             // [outer, channels]
  bool vectors;                  // mean, rstd, gamma and beta may be read 16 bytes at a time
};

template <int kWidth, class T, class Op>
__global__ void __launch_bounds__(kThreads, 2)
    norm_resident_gradient_kernel(Norm norm, ResidentCut cut, Behind<Op, Accumulator<T>> behind, GradientArguments<Accumulator<T>> args,
                                  const T* x, const T* dy, T* dx) {
  using A = Accumulator<T>;
  const ResidentTile<T, kWidth> tile(norm, cut);
  tile.hold(0, x);
  tile.hold(1, dy);
  const int64_t own = tile.outer * norm.groups + tile.channel;
  const A rstd = tile.owns ? args.rstd[own] : A(0);
  const A gamma = tile.owns && args.gamma ? args.gamma[tile.outer * norm.affine_stride + tile.channel] : A(1);
  A mean[kWidth] = {}, scale[kWidth] = {}, shift[kWidth] = {};
  if (tile.inside) {
    const int64_t channel = tile.tile * cut.channels + threadIdx.x * kWidth;
    load_numbers(args.mean + tile.outer * norm.groups + channel, args.vectors, mean);
    behind.load_scale(norm, tile.outer, channel, args.vectors, args.rstd, scale);
    behind.load_shift(norm, tile.outer, channel, args.vectors, shift);
  }
  tile.landed();
  const PairSum<A> sum;
  ColumnState<A, kWidth> state = {};
  tile.template each_row<2>([&]<int kRows>(Times<kRows>, int64_t row) {
    for (int i = 0; i < kRows; ++i)
      behind.template add<kWidth, T>(load_elements<kWidth>(tile.slot(0, row + i * blockDim.y)),
                                     load_elements<kWidth>(tile.slot(1, row + i * blockDim.y)), mean, scale, shift, state);
  });
  tile.give(sum, state, 0);
  tile.meet();
  if (tile.owns) {
    const auto all = tile.total(sum, 0);
    const A dbeta = all.first[0], dgamma = all.second[0] * rstd;
    if (tile.rank == 0) args.dbeta[own] = dbeta, args.dgamma[own] = dgamma;
    A a = gamma, b = norm.centred ? dbeta : A(0), c = rstd;
    gradient_coefficients(A(1) / static_cast<A>(norm.rows), dgamma, a, b, c);
    tile.s.numbers[0][tile.column] = a;
    tile.s.numbers[1][tile.column] = b;
    tile.s.numbers[2][tile.column] = c;
  }
  simt::sync_threads();
  A a[kWidth], b[kWidth], c[kWidth];
  tile.numbers(0, a);
  tile.numbers(1, b);
  tile.numbers(2, c);
  tile.template each_row<2>([&]<int kRows>(Times<kRows>, int64_t row) {
    for (int i = 0; i < kRows; ++i) {
      auto v = load_elements<kWidth>(tile.slot(0, row + i * blockDim.y));
      behind.template apply<kWidth, T>(v, load_elements<kWidth>(tile.slot(1, row + i * blockDim.y)), mean, a, b, c, shift);
      store_elements<kWidth>(dx + tile.first + (row + i * blockDim.y) * norm.groups, v);
    }
  });
  tile.meet();
}

}  // namespace

bool resident_gradient(Stream stream, const Norm& norm, const NormActivation& activation, const void* x, const void* dy, const void* mean,
                       const void* rstd, void* dgamma, void* dbeta, void* dx) {
  const NormPlan plan = norm_plan(NormRole::gradient, norm);
  if (plan.blocks == 0) return false;
  dispatch_float(norm.dtype, "norm.gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const bool vectors = aligned(mean, 16) && aligned(rstd, 16) && aligned(activation.gamma, 16) && aligned(activation.beta, 16);
    const GradientArguments<A> args{static_cast<const A*>(mean), static_cast<const A*>(rstd), static_cast<const A*>(activation.gamma),
                                    static_cast<A*>(dgamma), static_cast<A*>(dbeta), vectors};
    const auto run = [&]<int kWidth, class Op>(const Behind<Op, A>& behind, Times<kWidth>) {
      launch_resident<T, kWidth>(norm_resident_gradient_kernel<kWidth, T, Op>, stream, norm, plan, behind, args, static_cast<const T*>(x),
                                 static_cast<const T*>(dy), static_cast<T*>(dx));
    };
    const bool packs = aligned(x, 16) && aligned(dy, 16) && aligned(dx, 16) && norm.groups % kPack == 0;
    with_activation_behind<T>(activation, [&](const auto& behind) { packs ? run(behind, Times<kPack>{}) : run(behind, Times<1>{}); });
  });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
