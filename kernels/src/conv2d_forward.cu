// Convolution forward as implicit matrix product:
//   y[(n,p,q), k] = f(bias[k] + residual[(n,p,q), k] + sum over (r,s,c) of x[n, h, w, c] * w[k, (r,s,c)])
//   h = p*stride - pad + r*dilation, likewise w; outside x what the border says; x and y may each be two tensors side by side
// A block owns a tile of positions x output channels of one group, a warp or thread a rectangle of it
// (tile_table.h); x is gathered straight into shared memory, never unrolled in global memory. Moves x once a
// tile column (from L2 after the first), w once a tile row, y once. Bound: tensor cores (bf16, tf32) or FMA
// (f32) for 64 channels and more, memory for images of 1 or 3 channels.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T, class Map>
struct ForwardProblem {
  using Rows = RowsOf<Map, StridedRows>;
  using Job = kernels::GANYMEDE_TARGET::Job<PatchOperand<T, Map>, MatrixOperand<T, Along::slice>, Rows>;
  int rows, columns, units;
  PatchOperand<T, Map> x;
  MatrixOperand<T, Along::slice> w;
  Rows y_rows;
  Result y;
  int group_channels;

  __device__ Job job(int group) const {
    Job job{x, w, y_rows, y, 0};
    job.a.data += group * group_channels;
    job.b.data += static_cast<int64_t>(group) * columns * w.pitch;
    job.rows.first = static_cast<int64_t>(group) * columns;
    if (y.bias) job.result.bias += group * columns;
    return job;
  }
};

void convolve_forward(Stream stream, const Conv2d& p, ImageIn x, const void* w, ImageOut y,
                      const Epilogue& epilogue, TilePlan plan) {
  check_convolution(p, "forward");
  if (epilogue.shuffle > 1 && !can_shuffle(p, epilogue.shuffle)) throw std::runtime_error("conv2d forward: cannot store its results pixel-shuffled; shuffles() says so");
  if (is_twin(plan.tile)) {
    if (convolve_forward_twin(stream, p, x, w, y, epilogue, plan)) return;
    plan = plan_of(forward_product(p, epilogue.shuffle));
  }
  if (epilogue.shuffle > 1) return convolve_forward_shuffled(stream, p, x.first, w, y.first, epilogue, plan);
  const auto multiply = [&](auto number, auto element, const auto& map, const auto& y_rows) {
    using T = decltype(element);
    const int channels = p.c / p.groups, outputs = p.k / p.groups, taps = p.r * p.s * channels;
    ForwardProblem<T, std::decay_t<decltype(map)>> problem;
    problem.rows = p.n * p.p * p.q;
    problem.columns = outputs;
    problem.units = p.groups;
    problem.group_channels = channels;
    problem.x = {static_cast<const T*>(x.first), problem.rows, taps, map, readable_as_vectors<T>(x, channels, p.c_first)};
    problem.w = {static_cast<const T*>(w), outputs, taps, taps, readable_as_vectors<T>(w, taps)};
    problem.y_rows = y_rows;
    problem.y = result_of(y, p.dtype == DType::bf16, outputs, p.k_first, epilogue);
    multiply_tiles<decltype(number)>(stream, plan, problem);
  };
  with_number(p.dtype, p.math, [&](auto number, auto element) {
    using T = decltype(element);
    const StridedRows rows{p.k, 0};
    if (needs_gather(p)) multiply(number, element, gather_map(p, image_channels<T>(x, p.c, p.c_first)), PairRows<StridedRows>{rows, image_channels<T>(y, p.k, p.k_first), 0});
    else multiply(number, element, patch_map(p), rows);
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
