// Data gradient of convolution, which is also transposed convolution forward:
//   dx[n, h, w, c] = f(bias[c] + residual[n, h, w, c] + sum over (r,s,k) of dy[n, p, q, k] * w[k, r, s, c])
//   where h + pad - r*dilation = p*stride, likewise w and q; dy and dx may each be two tensors side by side
// Input rows with equal (h mod stride, w mod stride) form a phase: a dense convolution of dy with the taps
// that meet it, so no zero is ever inserted or multiplied. All phases are one launch; a block owns a tile of
// one phase's positions x input channels of one group. Moves dy once a tile column (from L2 after the first),
// w once a tile row, dx once. Bound as forward.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Phases that a launch can describe along one axis; larger strides take several launches.
constexpr int kMaxPhases = 8;

// What a problem has besides where dy or dx are two tensors.
struct DataGradientPairs {
  BorderPixels dy_pixels;
  ImageChannels dy_channels, dx_channels;
};
struct NoPairs {};

template <class T, class Map>
struct DataGradientProblem : std::conditional_t<kGathers<Map>, DataGradientPairs, NoPairs> {
  using Rows = RowsOf<Map, PhaseRows>;
  using Job = kernels::GANYMEDE_TARGET::Job<PatchOperand<T, Map>, FilterOperand<T>, Rows>;
  int rows, columns, units;  // rows: of the largest phase
  ConvAxis vertical[kMaxPhases], horizontal[kMaxPhases];
  int vertical_phases, horizontal_phases;
  const T* dy;                                   // [N, P, Q, K]
  const T* w;                                    // [K, R, S, C/groups]
  int images, height, width, channels, outputs;  // N, H, W, C, K
  int filter_rows, filter_columns;               // R, S
  FastDivide group_outputs;                      // K / groups
  bool dy_vectors, w_vectors;
  Result dx;

  __device__ Map map_of(const ConvAxis& down, const ConvAxis& across) const {
    const PatchMap patch{down, across, group_outputs, outputs};
    if constexpr (kGathers<Map>) return {patch, this->dy_pixels, this->dy_channels};
    else return patch;
  }
  __device__ Rows rows_of(const PhaseRows& phase) const {
    if constexpr (kGathers<Map>) return {phase, this->dx_channels, phase.first_channel};
    else return phase;
  }
  __device__ Job job(int unit) const {
    const ConvAxis& across = horizontal[unit % horizontal_phases];
    const ConvAxis& down = vertical[unit / horizontal_phases % vertical_phases];
    const int group = unit / (horizontal_phases * vertical_phases);
    const int positions = images * down.position_count * across.position_count;
    const int taps = down.tap_count * across.tap_count * group_outputs.divisor;
    const int filter_size = filter_rows * filter_columns * columns;
    Job job{{dy + group * group_outputs.divisor,
             positions,
             taps,
             map_of(down, across),
             dy_vectors},
            {w + group * group_outputs.divisor * filter_size, columns, taps, group_outputs, across.taps,
             down.tap_first, across.tap_first, down.tap_stride, across.tap_stride, filter_columns,
             filter_size, w_vectors},
            rows_of({down.positions, across.positions, down.store_first, across.store_first, down.store_stride,
                     across.store_stride, height, width, channels, group * columns}),
            dx,
            0};
    if (dx.bias) job.result.bias += group * columns;
    return job;
  }
};

void convolve_data_gradient(Stream stream, const Conv2d& p, ImageIn dy, const void* w, ImageOut dx,
                            const Epilogue& epilogue, void* workspace, TilePlan plan) {
  check_convolution(p, "data gradient");
  if (is_twin(plan.tile)) {
    if (convolve_data_gradient_twin(stream, p, dy, w, dx, epilogue, workspace, plan)) return;
    plan = plan_of(data_gradient_product(p));
  }
  const auto multiply = [&](auto number, auto element, auto map) {
    using T = decltype(element);
    const int channels = p.c / p.groups, outputs = p.k / p.groups;
    DataGradientProblem<T, decltype(map)> problem;
    problem.columns = channels;
    problem.dy = static_cast<const T*>(dy.first);
    problem.w = static_cast<const T*>(w);
    problem.images = p.n;
    problem.height = p.h;
    problem.width = p.w;
    problem.channels = p.c;
    problem.outputs = p.k;
    problem.filter_rows = p.r;
    problem.filter_columns = p.s;
    problem.group_outputs = FastDivide(outputs);
    problem.dy_vectors = readable_as_vectors<T>(dy, outputs, p.k_first);
    problem.w_vectors = readable_as_vectors<T>(w, channels);
    problem.dx = result_of(dx, p.dtype == DType::bf16, channels, p.c_first, epilogue);
    if constexpr (kGathers<decltype(map)>) {
      problem.dy_pixels = pixels_without_border(p.p, p.q);
      problem.dy_channels = image_channels<T>(dy, p.k, p.k_first);
      problem.dx_channels = image_channels<T>(dx, p.c, p.c_first);
    }
    for (int row = 0; row < p.stride_h; row += kMaxPhases) {
      for (int column = 0; column < p.stride_w; column += kMaxPhases) {
        problem.vertical_phases = p.stride_h - row < kMaxPhases ? p.stride_h - row : kMaxPhases;
        problem.horizontal_phases = p.stride_w - column < kMaxPhases ? p.stride_w - column : kMaxPhases;
        for (int i = 0; i < problem.vertical_phases; ++i) {
          problem.vertical[i] = gradient_axis(row + i, p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h);
        }
        for (int i = 0; i < problem.horizontal_phases; ++i) {
          problem.horizontal[i] = gradient_axis(column + i, p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w);
        }
        // The first phase of a chunk has the most positions.
        problem.rows = p.n * problem.vertical[0].position_count * problem.horizontal[0].position_count;
        problem.units = problem.vertical_phases * problem.horizontal_phases * p.groups;
        multiply_tiles<decltype(number)>(stream, plan, problem);
      }
    }
  };
  with_number(p.dtype, p.math, [&](auto number, auto element) {
    if (needs_gather(p)) multiply(number, element, GatherMap{});
    else multiply(number, element, PatchMap{});
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
