// The twin of convolution forward for sm_90a (bf16, tf32; one group):
//   y[(n,p,q), k] = f(bias[k] + residual[(n,p,q), k] + sum over (r,s,c) of x[n, h, w, c] * w[k, (r,s,c)])
//   h = p*stride - pad + r*dilation, likewise w
// A block takes tiles of 128 positions x 64 to 256 output channels, one after another (device/twin_multiply.h). A step of the sum is
// 128 bytes of channels of one tap: TMA's im2col mode walks the positions of x and fills in the zeros of the padding, and those
// behind the last position and channel; w is read as [K, R*S, C]. tf32 operands are not rounded on the way, the tensor cores drop their
// low 13 bits. y may lie in two tensors of equally many channels. Moves x once a tile column and tap (from L2 after the first), w once a tile row, y once. Bound: tensor cores.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/shuffled_rows.h"
#include "kernels/device/twin_maps.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// kShuffled: of results that are (device/shuffled_rows.h).
template <bool kShuffled>
struct ForwardTwin {
  using Rows = std::conditional_t<kShuffled, ShuffledRows, StridedRows>;
  static constexpr Major kMajorA = Major::k, kMajorB = Major::k;
  static constexpr bool kManyTiles = true;
  static constexpr int units = 1;
  TensorMap x, w;
  int row_count, column_count, step_count;
  Result result;
  Rows result_rows;
  TwinHalves halves;   // of y
  int64_t second;      // elements from its first tensor's beginning to its second's
  TwinWindows windows;
  FastDivide lines;    // steps of a tap
  int line;            // channels of a step

  struct Fetch {
    TwinWindows::Corner corner;
    int column;
  };
  struct Output {
    int rows, column_count;
    const Result& result;
    const Rows& map;
    const TwinHalves& halves;
    int64_t second;
    __device__ ColumnRun columns(int column) const {
      if constexpr (kShuffled) {
        int pixel = column;   // of a square
        const int c = map.channels.split(pixel), left = pixel < map.factor * map.factor ? map.channels.divisor - c : 0;
        return {left, pixel / map.factor * map.line + pixel % map.factor * map.channels.divisor + c};
      } else {
        const bool behind = halves.tensor(column);
        const int end = behind || column_count < halves.half ? column_count : halves.half;
        return {end - column, halves.own(column) + (behind ? second : 0)};
      }
    }
  };
  __device__ int rows(int) const { return row_count; }
  __device__ int steps(int) const { return step_count; }
  __device__ Output output(int) const { return {row_count, column_count, result, result_rows, halves, second}; }
  __device__ Fetch fetch(int, int position, int column) const { return {windows.corner(position), column}; }
  __device__ void prefetch() const {
#if GANYMEDE_HOPPER_CODE
    simt::tma_prefetch(x);
    simt::tma_prefetch(w);
#endif
  }
  template <int kN>
  __device__ void load(const Fetch& at, int step, unsigned char* to_x, unsigned char* to_w, simt::Mbarrier& full) const {
#if GANYMEDE_HOPPER_CODE
    const int channel = lines.split(step) * line, tap = step;
    const int s = windows.taps.split(step), r = step;
    simt::tma_load_im2col(to_x, x, {channel, at.corner.w, at.corner.h, at.corner.n}, s * windows.dilation_w, r * windows.dilation_h, full);
    if constexpr (kShuffled) {
#pragma unroll
      for (int block = 0; block < kN / 64; ++block) {
        int pixel = at.column + 64 * block;
        const int c = result_rows.channels.split(pixel);
        simt::tma_load_tile(to_w + block * kTwinBlock, w, {channel, tap, pixel, c}, full);
      }
    } else {
      simt::tma_load_tile(to_w, w, {channel, tap, at.column}, full);
    }
#endif
  }
};

namespace {

// Filters [K, taps, C] as [K / square, square, taps, C], in boxes of 64 of the outermost.
void split_filters(MapSpec& filter, int square) {
  filter.rank = 4;
  filter.size[3] = filter.size[2] / uint64_t(square);
  filter.size[2] = uint64_t(square);
  filter.stride[2] = uint64_t(square) * filter.stride[1];
  filter.box[2] = 1;
  filter.box[3] = 64;
}

}  // namespace

bool convolve_forward_twin(Stream stream, const Conv2d& p, ImageIn given_x, const void* w, ImageOut y, const Epilogue& epilogue, TilePlan plan) {
  require_twin(has_twin(Conv2dRole::forward, p), "conv2d forward");
  const void* const x = given_x.first;
  if (!aligned(x, 16) || !aligned(w, 16) || (epilogue.shuffle > 1 && !twin_can_shuffle(p, epilogue.shuffle))) return false;
  const auto run = [&](auto number, auto shuffled) {
    using Number = decltype(number);
    constexpr int kLine = 128 / TwinNumber<Number>::kBytes;
    MapSpec image = window_map<Number>(x, p), filter = filter_map<Number>(w, p.k, p.r * p.s, p.c);
    image.channels = filter.box[0] = kLine;
    filter.box[1] = 1;
    if constexpr (shuffled) split_filters(filter, epilogue.shuffle * epilogue.shuffle);
    ForwardTwin<shuffled> problem;
    problem.row_count = p.n * p.p * p.q;
    problem.column_count = p.k;
    const int lines = ceil_div(p.c, kLine);
    problem.step_count = p.r * p.s * lines;
    problem.result = result_of(y, p.dtype == DType::bf16, p.k / epilogue.shuffle, p.k_first, epilogue);
    const ImageChannels places = p.dtype == DType::bf16 ? image_channels<Bf16>(y, p.k, p.k_first) : image_channels<float>(y, p.k, p.k_first);
    if constexpr (shuffled) problem.result_rows = ShuffledRows::of(p, epilogue.shuffle);
    else problem.result_rows = {places.first, 0};
    problem.halves = twin_halves(p.k_first);
    problem.second = places.second;
    problem.windows = TwinWindows(p);
    problem.lines = FastDivide(lines);
    problem.line = kLine;
    with_twin_tile(plan.tile, [&]<class Tile>(Tile) {
      image.pixels = Tile::kM;
      if constexpr (!shuffled) filter.box[2] = Tile::kN;
      problem.x = make_map(image);
      problem.w = make_map(filter);
      launch_twin<Number, Tile>(stream, problem, problem.row_count, problem.column_count, plan.parts < problem.step_count ? plan.parts : problem.step_count);
    });
  };
  const auto with_store = [&](auto number) { epilogue.shuffle > 1 ? run(number, std::true_type{}) : run(number, std::false_type{}); };
  p.dtype == DType::bf16 ? with_store(MmaBf16{}) : with_store(MmaTf32{});
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
