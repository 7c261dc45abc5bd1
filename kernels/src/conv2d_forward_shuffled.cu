// Convolution forward whose results are pixel-shuffled as they are stored (device/shuffled_rows.h; one group, zeros outside):
//   y[n, p*f + i, q*f + j, c] = g(bias[k] + residual[n, p*f + i, q*f + j, c] + sum over (r,s,d) of x[n, h, w, d] * w[k, (r,s,d)])
//   k = c*f*f + i*f + j, h = p*stride - pad + r*dilation, likewise w
// The implicit matrix product of conv2d_forward.cu, one for each row i of a pixel's square, whose columns (j, c) lie side by side in y:
// w is read in their order. Moves and is bound as conv2d_forward.cu; x once more a row i, from L2.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/shuffled_rows.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Filters [K, R, S, C] in the order of the columns.
template <class T>
struct ShuffledFilters {
  using Element = T;
  using Line = int;
  using Slice = int;
  static constexpr Along kAlong = Along::slice;
  const T* data;
  int lines, slices;
  ShuffledRows order;
  bool vectors;

  __device__ Line line(int index) const { return index < lines ? order.channel(index) * slices : -1; }
  __device__ Slice slice(int index) const { return index < slices ? index : -1; }
  __device__ const T* at(Line line, Slice slice) const { return line < 0 || slice < 0 ? nullptr : data + line + slice; }
};

template <class T>
struct ShuffledForward {
  using Job = kernels::GANYMEDE_TARGET::Job<PatchOperand<T>, ShuffledFilters<T>, ShuffledRows>;
  int rows, columns, units;
  PatchOperand<T> x;
  ShuffledFilters<T> w;
  Result y;

  __device__ Job job(int square_row) const {
    Job job{x, w, w.order, y, 0};
    job.b.order.first = job.rows.first = square_row;
    return job;
  }
};

void convolve_forward_shuffled(Stream stream, const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue, TilePlan plan) {
  with_number(p.dtype, p.math, [&](auto number, auto element) {
    using T = decltype(element);
    const int taps = p.r * p.s * p.c, columns = p.k / epilogue.shuffle;
    ShuffledForward<T> problem;
    problem.rows = p.n * p.p * p.q;
    problem.columns = columns;
    problem.units = epilogue.shuffle;
    problem.x = {static_cast<const T*>(x), problem.rows, taps, patch_map(p), readable_as_vectors<T>(x, p.c)};
    problem.w = {static_cast<const T*>(w), columns, taps, ShuffledRows::of(p, epilogue.shuffle), readable_as_vectors<T>(w, taps)};
    problem.y = result_of(y, p.dtype == DType::bf16, columns, epilogue);
    multiply_tiles<decltype(number)>(stream, plan, problem);
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
