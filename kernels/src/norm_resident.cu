// A norm forward in one launch, where statistics belong to channels: mean, rstd and y = f((x - mean) * rstd * gamma + beta + residual).
// A block, or a cluster of blocks, holds the rows of 32 to 128 bytes of channels of one outer index in shared memory
// (device/norm_resident.h): x is read once and y written, 2 elements of traffic each; the residual is read as it is added. A thread
// merges the moments of its rows in batches, the block those of its threads, and a thread a column finds the coefficients. Bound by a
// launch where tensors are small, by memory where they are large. Not measured.
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_activation.h"
#include "kernels/device/norm_resident.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct ForwardArguments {
  StatisticTarget<A> target;
  unsigned* arrivals;  // for last_to_arrive of a tile's outer indices, whose statistics are followed in order; null: they are not
  const A *gamma, *beta;
  A alpha;
};

template <int kWidth, class T, class Op>
__global__ void __launch_bounds__(kThreads, 2)
    norm_resident_forward_kernel(Norm norm, ResidentCut cut, Op op, ForwardArguments<Accumulator<T>> args, const T* x,
                                 const T* residual, T* y) {
  using A = Accumulator<T>;
  const ResidentTile<T, kWidth> tile(norm, cut);
  tile.hold(0, x);
  const int64_t affine = tile.outer * norm.affine_stride + tile.channel;
  const A gamma = tile.owns && args.gamma ? args.gamma[affine] : A(1), beta = tile.owns && args.beta ? args.beta[affine] : A(0);
  tile.landed();
  const MomentsOp<A> moments{norm.centred};
  ColumnState<A, kWidth> state = {};
  tile.template each_row<8>([&]<int kRows>(Times<kRows>, int64_t row) {
    Elements<kWidth, T> v[kRows];
    for (int i = 0; i < kRows; ++i) v[i] = load_elements<kWidth>(tile.slot(0, row + i * blockDim.y));
    join_rows<kRows, kWidth, T>(moments, v, state);
  });
  tile.give(moments, state, 0);
  tile.meet();
  if (tile.owns) {
    const auto all = tile.total(moments, 0);
    if (tile.rank == 0) {
      StatisticTarget<A> target = args.target;
      if (args.arrivals) target.running_mean = nullptr;  // followed below
      target.put(tile.outer * norm.groups + tile.channel, all.count, all.first[0], all.second[0]);
    }
    tile.s.numbers[0][tile.column] = all.first[0];
    tile.s.numbers[1][tile.column] = args.target.rstd_of(all.count, all.second[0]) * gamma;
    tile.s.numbers[2][tile.column] = beta;
  }
  simt::sync_threads();
  A mean[kWidth], scale[kWidth], shift[kWidth];
  tile.numbers(0, mean);
  tile.numbers(1, scale);
  tile.numbers(2, shift);
  tile.template each_row<2>([&]<int kRows>(Times<kRows>, int64_t row) {
    const auto place = [&](int i) { return tile.first + (row + i * blockDim.y) * norm.groups; };
    Elements<kWidth, T> side[kRows] = {};
    if (residual)
      for (int i = 0; i < kRows; ++i) side[i] = load_elements<kWidth>(residual + place(i));
    for (int i = 0; i < kRows; ++i) {
      auto v = load_elements<kWidth>(tile.slot(0, row + i * blockDim.y));
      for (int j = 0; j < kWidth; ++j) {
        A normed = (widen(v[j]) - mean[j]) * scale[j] + shift[j];
        if (residual) normed += widen(side[i][j]);
        v[j] = narrow<T>(evaluate(op, normed, args.alpha, A(0)));
      }
      store_elements<kWidth>(y + place(i), v);
    }
  });
  if (args.arrivals && tile.rank == 0 && last_to_arrive(args.arrivals + tile.tile, norm.outer, tile.s.last) && tile.owns)
    args.target.follow_all(norm, tile.channel);
  tile.meet();
}

}  // namespace

bool resident_forward(Stream stream, const Norm& norm, const NormActivation& behind, const void* x, const void* residual, void* mean,
                      void* rstd, const Running& running, void* y) {
  const NormPlan plan = norm_plan(NormRole::forward, norm);
  if (plan.blocks == 0) return false;
  dispatch_float(norm.dtype, "norm.forward", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const ForwardArguments<A> args{statistic_target<A>(norm, mean, rstd, running), running.mean && norm.outer > 1 ? arrivals_of(stream) : nullptr,
                                   static_cast<const A*>(behind.gamma), static_cast<const A*>(behind.beta), static_cast<A>(behind.alpha)};
    const auto run = [&]<int kWidth>(auto op, Times<kWidth>) {
      launch_resident<T, kWidth>(norm_resident_forward_kernel<kWidth, T, decltype(op)>, stream, norm, plan, op, args, static_cast<const T*>(x),
                                 static_cast<const T*>(residual), static_cast<T*>(y));
    };
    const bool packs = aligned(x, 16) && aligned(residual, 16) && aligned(y, 16) && norm.groups % kPack == 0;
    with_activation(behind.op, [&](auto op) { packs ? run(op, Times<kPack>{}) : run(op, Times<1>{}); });
  });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
