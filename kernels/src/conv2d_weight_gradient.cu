// Weight gradient of convolution as implicit matrix product over all output positions:
//   dw[k, (r,s,c)] = sum over (n,p,q) of dy[(n,p,q), k] * x[n, h, w, c]
//   h = p*stride - pad + r*dilation, likewise w; outside x what the border says; x and dy may each be two tensors side by side
// A block owns a tile of output channels x (tap, channel) of one group and one part of the sum; parts go to
// the workspace and are added in their order by a second kernel, so the result does not depend on timing.
// Moves dy once a tile column, x once a tap (from L2 after the first), dw 1 + 2 * parts times (parts > 1).
// Bound as forward; the parts are what fills the machine, since dw itself has few tiles.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T, class Map>
struct WeightGradientProblem {
  using Above = std::conditional_t<kGathers<Map>, ChannelOperand<T>, MatrixOperand<T, Along::line>>;
  using Job = kernels::GANYMEDE_TARGET::Job<Above, TransposedPatchOperand<T, Map>, StridedRows>;
  int rows, columns, units;
  Above dy;
  TransposedPatchOperand<T, Map> x;
  StridedRows dw_rows;
  Result dw;
  int groups, group_channels;
  int part;             // slices of one part of the sum
  int64_t part_stride;  // elements between the results of two parts

  __device__ Job job(int unit) const {
    const int group = unit % groups, split = unit / groups;
    Job job{dy, x, dw_rows, dw, split * part};
    const int64_t end = static_cast<int64_t>(job.first_slice) + part;
    if (end < dy.slices) job.a.slices = job.b.slices = static_cast<int>(end);
    job.a.data += group * rows;
    job.b.data += group * group_channels;
    job.rows.first = split * part_stride + static_cast<int64_t>(group) * rows * columns;
    return job;
  }
};

// dw[i] = sum of parts[split][i] in the order of the splits.
__global__ void __launch_bounds__(256)
    sum_parts_kernel(float* dw, const float* parts, int64_t count, int splits) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    float sum = 0;
    for (int split = 0; split < splits; ++split) sum += parts[split * count + i];
    dw[i] = sum;
  }
}

void convolve_weight_gradient(Stream stream, const Conv2d& p, ImageIn x, ImageIn dy, void* dw,
                              void* workspace, TilePlan plan) {
  check_convolution(p, "weight gradient");
  const int channels = p.c / p.groups, outputs = p.k / p.groups, taps = p.r * p.s * channels,
            positions = p.n * p.p * p.q;
  const int64_t count = static_cast<int64_t>(p.k) * taps;
  const int splits = plan.parts;
  const bool done = is_twin(plan.tile) && convolve_weight_gradient_twin(stream, p, x, dy, static_cast<float*>(dw), static_cast<float*>(workspace), plan);
  if (is_twin(plan.tile)) plan.tile = plan_of(weight_gradient_product(p), splits).tile;   // as many parts: the workspace has room for them
  const auto multiply = [&](auto number, auto element, const auto& map, const auto& dy_pitch) {
    using T = decltype(element);
    WeightGradientProblem<T, std::decay_t<decltype(map)>> problem;
    problem.rows = outputs;
    problem.columns = taps;
    problem.units = p.groups * splits;
    problem.dy = {static_cast<const T*>(dy.first), outputs, positions, dy_pitch, readable_as_vectors<T>(dy, outputs, p.k_first)};
    problem.x = {static_cast<const T*>(x.first), taps, positions, map, readable_as_vectors<T>(x, channels, p.c_first)};
    problem.dw_rows = {taps, 0};
    problem.dw = result_of(splits > 1 ? workspace : dw, false, taps, {nullptr, Unary::identity, 0});
    problem.groups = p.groups;
    problem.group_channels = channels;
    problem.part = static_cast<int>(ceil_div<int64_t>(ceil_div<int64_t>(positions, 32), splits) * 32);
    problem.part_stride = count;
    multiply_tiles<decltype(number)>(stream, {plan.tile}, problem);  // the parts are units
  };
  if (!done) with_number(p.dtype, p.math, [&](auto number, auto element) {
    using T = decltype(element);
    if (needs_gather(p)) multiply(number, element, gather_map(p, image_channels<T>(x, p.c, p.c_first)), image_channels<T>(dy, p.k, p.k_first));
    else multiply(number, element, patch_map(p), p.k);
  });
  if (splits > 1) {
    const int64_t blocks = ceil_div<int64_t>(count, 256);
    launch(sum_parts_kernel, dim3(static_cast<unsigned>(blocks < 1024 ? blocks : 1024)), dim3(256), stream,
           static_cast<float*>(dw), static_cast<const float*>(workspace), count, splits);
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
