// Gradients of a norm's backward in one launch, where statistics belong to channels; the formula is in kernels/api/norm.h, and
// src/norm_second.cu has it in two. A block, or a cluster of blocks, holds the rows of x, dy and v of 32 to 128 bytes of channels of one
// outer index in shared memory (device/norm_resident.h): the three are read once, to_dy and to_x written, 5 elements of traffic each
// where two launches have 8. A thread a column finds the six coefficients from the sums. Bound by a launch where tensors are small, by
// memory where they are large. Not measured.
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_resident.h"
#include "kernels/device/norm_second.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
struct ResidentSecondArguments {
  using A = Accumulator<T>;
  const T *x, *dy, *v;
  const A *mean, *rstd, *gamma, *u, *w, *dgamma, *dbeta;  // gamma, u, w null: 1, 0, 0
  T *to_dy, *to_x;                                        // null: not asked for
  A* to_gamma;
  bool vectors;                                           // mean may be read 16 bytes at a time
};

template <int kWidth, class T>
__global__ void __launch_bounds__(kThreads, 2)
    norm_resident_second_kernel(Norm norm, ResidentCut cut, ResidentSecondArguments<T> args) {
  using A = Accumulator<T>;
  const ResidentTile<T, kWidth> tile(norm, cut);
  tile.hold(0, args.x);
  tile.hold(1, args.dy);
  tile.hold(2, args.v);
  const int64_t own = tile.outer * norm.groups + tile.channel, affine = tile.outer * norm.affine_stride + tile.channel;
  const auto number = [&](const A* from, int64_t i, A otherwise) { return tile.owns && from ? from[i] : otherwise; };
  const A rstd = number(args.rstd, own, 0), dgamma = number(args.dgamma, own, 0), dbeta = number(args.dbeta, own, 0);
  const A gamma = number(args.gamma, affine, 1), u = number(args.u, affine, 0), w = number(args.w, affine, 0);
  A mean[kWidth] = {};
  if (tile.inside) load_numbers(args.mean + tile.outer * norm.groups + tile.tile * cut.channels + threadIdx.x * kWidth, args.vectors, mean);
  tile.landed();
  const PairSum<A> sum;
  ColumnState<A, kWidth> state = {}, more = {};
  tile.template each_row<2>([&]<int kRows>(Times<kRows>, int64_t row) {
    for (int i = 0; i < kRows; ++i) {
      const int64_t at = row + i * blockDim.y;
      add_second<kWidth, T>(load_elements<kWidth>(tile.slot(0, at)), load_elements<kWidth>(tile.slot(1, at)),
                            load_elements<kWidth>(tile.slot(2, at)), mean, state, more);
    }
  });
  tile.give(sum, state, 0);
  tile.give(sum, more, 1);
  tile.meet();
  if (tile.owns) {
    const auto all = tile.total(sum, 0), others = tile.total(sum, 1);
    const A gv = others.first[0];
    const auto means = means_of(norm.centred, A(1) / static_cast<A>(norm.rows), gamma, u, dgamma, dbeta, all.first[0], all.second[0] * rstd, gv);
    if (args.to_gamma && tile.rank == 0) args.to_gamma[own] = rstd * (gv - means.c * dbeta - means.d * dgamma);
    const auto by = SecondCoefficients<A>::of(SecondShared<A>::of(rstd, means), gamma, u, w);
    const A numbers[] = {by.p, by.q, by.s, by.i, by.j, by.n};
    for (int i = 0; i < 6; ++i) tile.s.numbers[i][tile.column] = numbers[i];
  }
  simt::sync_threads();
  A p[kWidth], q[kWidth], s[kWidth], i[kWidth], j[kWidth], n[kWidth];
  tile.numbers(0, p);
  tile.numbers(1, q);
  tile.numbers(2, s);
  tile.numbers(3, i);
  tile.numbers(4, j);
  tile.numbers(5, n);
  tile.template each_row<1>([&](auto, int64_t row) {
    auto vx = load_elements<kWidth>(tile.slot(0, row)), vg = load_elements<kWidth>(tile.slot(1, row));
    apply_second<kWidth, T>(vx, vg, load_elements<kWidth>(tile.slot(2, row)), mean, p, q, s, i, j, n);
    const int64_t place = tile.first + row * norm.groups;
    if (args.to_dy) store_elements<kWidth>(args.to_dy + place, vg);
    if (args.to_x) store_elements<kWidth>(args.to_x + place, vx);
  });
  tile.meet();
}

}  // namespace

bool resident_second_gradient(Stream stream, const Norm& norm, const NormSecond& of) {
  const NormPlan plan = norm_plan(NormRole::second_gradient, norm);
  if (plan.blocks == 0) return false;
  dispatch_float(norm.dtype, "norm.second_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    ResidentSecondArguments<T> args{};
    args.x = static_cast<const T*>(of.x), args.dy = static_cast<const T*>(of.dy), args.v = static_cast<const T*>(of.v);
    args.mean = static_cast<const A*>(of.mean), args.rstd = static_cast<const A*>(of.rstd), args.gamma = static_cast<const A*>(of.gamma);
    args.u = static_cast<const A*>(of.u), args.w = static_cast<const A*>(of.w);
    args.dgamma = static_cast<const A*>(of.dgamma), args.dbeta = static_cast<const A*>(of.dbeta);
    args.to_dy = static_cast<T*>(of.to_dy), args.to_x = static_cast<T*>(of.to_x), args.to_gamma = static_cast<A*>(of.to_gamma);
    args.vectors = aligned(of.mean, 16);
    bool packs = norm.groups % kPack == 0;
    for (const void* pointer : {of.x, of.dy, of.v, static_cast<const void*>(of.to_dy), static_cast<const void*>(of.to_x)}) packs = packs && aligned(pointer, 16);
    if (packs) launch_resident<T, kPack>(norm_resident_second_kernel<kPack, T>, stream, norm, plan, args);
    else launch_resident<T, 1>(norm_resident_second_kernel<1, T>, stream, norm, plan, args);
  });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
