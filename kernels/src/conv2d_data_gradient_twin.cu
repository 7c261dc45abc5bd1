// The twin of the data gradient (and so of transposed convolution forward) for sm_90a (bf16, tf32; one group, strides 1 and 2):
//   dx[n, h, w, c] = f(bias[c] + residual[n, h, w, c] + sum over (r,s,k) of dy[n, p, q, k] * w[k, r, s, c])
//   where h + pad - r*dilation = p*stride, likewise w and q
// Phases as in conv2d_data_gradient.cu; each is a convolution of stride 1 over dy. A block takes tiles of 128 positions of a phase x 64
// to 256 input channels, one after another (device/twin_multiply.h). A step of the sum is 128 bytes of output channels k of one tap:
// TMA's im2col mode walks the positions in dy. bf16: w is read as it lies, [K, R*S, C]: lines along c, so along n of the product, 64 k of
// them. wgmma takes tf32 along k alone: there copy_strided turns w round first, to [R*S, C, K] in the workspace. dy may lie in two tensors of equally many channels. Moves dy once a tile
// column and tap (from L2 after the first), w once a tile row (tf32: and twice more), dx once. Bound: tensor cores.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/elementwise.h"
#include "kernels/device/twin_maps.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

constexpr int kTwinPhases = 4;

// One axis of a phase. TMA's offsets are not negative, so its window begins at the last tap.
struct TwinTaps {
  int lower;                        // row of dy that position 0 and the last tap meet
  int last, step;                   // last tap; rows of dy between neighbouring taps
  int filter_first, filter_stride;  // tap i is row filter_first + i * filter_stride of the filter
};

template <class Number>
struct DataGradientTwin {
  static constexpr bool kTurned = std::is_same_v<Number, MmaTf32>;   // w is [R*S, C, K]
  static constexpr Major kMajorA = Major::k, kMajorB = kTurned ? Major::k : Major::mn;
  static constexpr int kLine = 128 / TwinNumber<Number>::kBytes;     // output channels of a step
  static constexpr bool kManyTiles = true;
  struct Phase {
    int rows, steps, first_k;         // first_k: 0; behind the last where no tap meets the phase
    FastDivide width, height, taps;   // positions of a row, rows, taps of a filter row
    TwinTaps down, across;
    PhaseRows stored;
  };
  TensorMap dy[2][kTwinPhases], w;   // dy: of both tensors, where it lies in two
  Phase phases[kTwinPhases];
  int units;
  int column_count, filter_columns;
  FastDivide lines;   // steps of a tap
  TwinHalves halves;
  Result result;

  struct Fetch {
    const TensorMap* dy;
    const Phase& phase;
    int w, h, n, column;
  };
  struct Output {
    int rows, column_count;
    const Result& result;
    const PhaseRows& map;
    __device__ ColumnRun columns(int column) const { return {column_count - column, column}; }
  };
  __device__ int rows(int unit) const { return phases[unit].rows; }
  __device__ int steps(int unit) const { return phases[unit].steps; }
  __device__ Output output(int unit) const { return {phases[unit].rows, column_count, result, phases[unit].stored}; }
  __device__ Fetch fetch(int unit, int position, int column) const {
    const Phase& phase = phases[unit];
    const int q = phase.width.split(position), p = phase.height.split(position);
    return {&dy[0][unit], phase, q + phase.across.lower, p + phase.down.lower, position, column};
  }
  __device__ void prefetch() const {
#if GANYMEDE_HOPPER_CODE
    for (int unit = 0; unit < units; ++unit) {
      simt::tma_prefetch(dy[0][unit]);
      if (halves.half < INT32_MAX) simt::tma_prefetch(dy[1][unit]);
    }
    simt::tma_prefetch(w);
#endif
  }
  template <int kN>
  __device__ void load(const Fetch& at, int step, unsigned char* to_dy, unsigned char* to_w, simt::Mbarrier& full) const {
#if GANYMEDE_HOPPER_CODE
    const int k = at.phase.first_k + lines.split(step) * kLine, tap = step;
    int r = tap;
    const int s = at.phase.taps.split(r);
    const TwinTaps &down = at.phase.down, &across = at.phase.across;
    simt::tma_load_im2col(to_dy, at.dy[halves.tensor(k) * kTwinPhases], {halves.own(k), at.w, at.h, at.n}, (across.last - s) * across.step, (down.last - r) * down.step, full);
    const int filter = (down.filter_first + r * down.filter_stride) * filter_columns + across.filter_first + s * across.filter_stride;
    if constexpr (kTurned) {
      simt::tma_load_tile(to_w, w, {k, at.column, filter}, full);
    } else {
#pragma unroll
      for (int block = 0; block < kN / 64; ++block)
        simt::tma_load_tile(to_w + block * kTwinBlock, w, {at.column + 64 * block, filter, k}, full);
    }
#endif
  }
};

namespace {

// to[(r,s,c), k] = w[k, (r,s,c)]
void turn_filters(Stream stream, const Conv2d& p, const void* w, void* to) {
  const int64_t length = int64_t{p.r} * p.s * p.c;
  copy_strided(stream, {2, {length, p.k}, {1, length}, {p.k, 1}}, sizeof(float), w, to);
}

template <class Number>
void run(Stream stream, const Conv2d& p, ImageIn dy, const void* w, ImageOut dx, const Epilogue& epilogue, TilePlan plan) {
  using Problem = DataGradientTwin<Number>;
  const int lines = ceil_div(p.k, Problem::kLine);
  Problem problem;
  problem.units = p.stride_h * p.stride_w;
  problem.column_count = p.c;
  problem.filter_columns = p.s;
  problem.lines = FastDivide(lines);
  problem.halves = twin_halves(p.k_first);
  problem.result = result_of(dx.first, p.dtype == DType::bf16, p.c, epilogue);
  const auto taps_of = [](const ConvAxis& axis) {
    const int last = axis.tap_count > 0 ? axis.tap_count - 1 : 0;
    return TwinTaps{axis.origin + last * axis.tap_step, last, -axis.tap_step, axis.tap_count > 0 ? axis.tap_first : 0, axis.tap_stride};
  };
  int most_rows = 0, parts = plan.parts;
  for (int unit = 0; unit < problem.units; ++unit) {
    const ConvAxis down = gradient_axis(unit / p.stride_w, p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h),
                   across = gradient_axis(unit % p.stride_w, p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w);
    typename Problem::Phase& phase = problem.phases[unit];
    phase.rows = p.n * down.position_count * across.position_count;
    const int taps = down.tap_count * across.tap_count;
    phase.steps = taps > 0 ? taps * lines : 1;
    phase.first_k = taps > 0 ? 0 : Problem::kLine * lines;
    phase.width = across.positions;
    phase.height = down.positions;
    phase.taps = across.taps;
    phase.down = taps_of(down);
    phase.across = taps_of(across);
    phase.stored = {down.positions, across.positions, down.store_first, across.store_first, down.store_stride, across.store_stride, p.h, p.w, p.c, 0};
    if (phase.rows > most_rows) most_rows = phase.rows;
    if (phase.rows > 0 && phase.steps < parts) parts = phase.steps;
    MapSpec image = image_map<Number>(dy.first, p.n, p.p, p.q, p.k_first > 0 ? p.k_first : p.k);
    image.channels = Problem::kLine;
    image.pixels = TwinWide::kM;
    if (phase.rows > 0) {   // else nobody reads by it
      image.lower[0] = phase.across.lower;
      image.lower[1] = phase.down.lower;
      image.upper[0] = phase.across.lower + across.position_count - p.q;
      image.upper[1] = phase.down.lower + down.position_count - p.p;
    }
    problem.dy[0][unit] = make_map(image);
    if (p.k_first > 0) {
      image.data = dy.second;
      problem.dy[1][unit] = make_map(image);
    }
  }
  // Turned filters are [taps, C, K]; else they are [K, taps, C], of whose boxes of 64 x 64 a tile has several.
  MapSpec filter = Problem::kTurned ? filter_map<Number>(w, p.r * p.s, p.c, p.k) : filter_map<Number>(w, p.k, p.r * p.s, p.c);
  filter.box[0] = Problem::kLine;
  filter.box[1] = filter.box[2] = 1;
  with_twin_tile(plan.tile, [&]<class Tile>(Tile) {
    filter.box[Problem::kTurned ? 1 : 2] = Problem::kTurned ? Tile::kN : 64;
    problem.w = make_map(filter);
    launch_twin<Number, Tile>(stream, problem, most_rows, p.c, parts);
  });
}

}  // namespace

bool convolve_data_gradient_twin(Stream stream, const Conv2d& p, ImageIn dy, const void* w, ImageOut dx, const Epilogue& epilogue, void* workspace,
                                 TilePlan plan) {
  require_twin(has_twin(Conv2dRole::data_gradient, p), "conv2d data gradient");
  if (!aligned(dy.first, 16) || (p.k_first > 0 && !aligned(dy.second, 16))) return false;
  if (p.dtype == DType::bf16) {
    if (!aligned(w, 16)) return false;
    run<MmaBf16>(stream, p, dy, w, dx, epilogue, plan);
  } else {
    if (!workspace) return false;
    turn_filters(stream, p, w, workspace);
    run<MmaTf32>(stream, p, dy, workspace, dx, epilogue, plan);
  }
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
