// The twin of convolution forward for sm_90a (bf16, tf32; one group):
//   y[(n,p,q), k] = f(bias[k] + sum over (r,s,c) of x[n, h, w, c] * w[k, (r,s,c)])
//   h = p*stride - pad + r*dilation, likewise w
// A block takes tiles of 128 positions x 64 to 256 output channels, one after another (device/twin_multiply.h). A step of the sum is
// 128 bytes of channels of one tap: TMA's im2col mode walks the positions of x and fills in the zeros of the padding, and those
// behind the last position and channel; w is read as [K, R*S, C]. tf32 operands are not rounded on the way, the tensor cores drop their
// low 13 bits. Moves x once a tile column and tap (from L2 after the first), w once a tile row, y once. Bound: tensor cores.
#include "kernels/device/conv_plan.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct ForwardTwin {
  TensorMap x, w;
  int rows, columns, steps;
  Result result;
  StridedRows result_rows;
  FastDivide width, height;    // positions of a row of y, rows
  FastDivide lines, taps;      // steps of a tap, taps of a filter row
  int line;                    // channels of a step
  int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;

  struct Start {
    int w, h, n;
  };
  __device__ Start first_row(int position) const {
    const int q = width.split(position), p = height.split(position);
    return {q * stride_w - pad_w, p * stride_h - pad_h, position};
  }
  __device__ void prefetch() const {
#if GANYMEDE_HOPPER_CODE
    simt::tma_prefetch(x);
    simt::tma_prefetch(w);
#endif
  }
  __device__ void load(unsigned char* to_x, unsigned char* to_w, const Start& start, int first_column, int step, simt::Mbarrier& full) const {
#if GANYMEDE_HOPPER_CODE
    const int channel = lines.split(step) * line, tap = step;
    const int s = taps.split(step), r = step;
    simt::tma_load_im2col(to_x, x, {channel, start.w, start.h, start.n}, s * dilation_w, r * dilation_h, full);
    simt::tma_load_tile(to_w, w, {channel, tap, first_column}, full);
#endif
  }
};

bool convolve_forward_twin(Stream stream, const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue, TilePlan plan) {
  if (!forward_has_twin(p)) throw std::runtime_error("conv2d forward: the twin for sm_90a does not serve this convolution");
#ifdef __CUDACC__
  if (simt::compute_capability() != 90) throw std::runtime_error("conv2d forward: the twin for sm_90a needs a card of sm_90 and a build for sm_90a");
#endif
  if (!aligned(x, 16) || !aligned(w, 16)) return false;
  const auto run = [&](auto number) {
    using Number = decltype(number);
    constexpr int kBytes = TwinNumber<Number>::kBytes, kLine = 128 / kBytes;
    const auto bytes = [](int64_t elements) { return static_cast<uint64_t>(elements) * kBytes; };
    MapSpec image, filter;
    image.element = filter.element = TwinNumber<Number>::kElement;
    image.data = x;
    image.rank = 4;
    image.im2col = true;
    const uint64_t sizes[] = {uint64_t(p.c), uint64_t(p.w), uint64_t(p.h), uint64_t(p.n)};
    for (int d = 0; d < 4; ++d) image.size[d] = sizes[d];
    image.stride[0] = bytes(p.c);
    image.stride[1] = bytes(int64_t{p.w} * p.c);
    image.stride[2] = bytes(int64_t{p.h} * p.w * p.c);
    image.lower[0] = -p.pad_w;
    image.lower[1] = -p.pad_h;
    image.upper[0] = (p.q - 1) * p.stride_w - p.pad_w - (p.w - 1);
    image.upper[1] = (p.p - 1) * p.stride_h - p.pad_h - (p.h - 1);
    image.step[1] = static_cast<uint32_t>(p.stride_w);
    image.step[2] = static_cast<uint32_t>(p.stride_h);
    image.channels = kLine;
    filter.data = w;
    filter.rank = 3;
    filter.size[0] = uint64_t(p.c);
    filter.size[1] = uint64_t(p.r) * uint64_t(p.s);
    filter.size[2] = uint64_t(p.k);
    filter.stride[0] = bytes(p.c);
    filter.stride[1] = bytes(int64_t{p.r} * p.s * p.c);
    filter.box[0] = kLine;
    filter.box[1] = 1;
    ForwardTwin problem;
    problem.rows = p.n * p.p * p.q;
    problem.columns = p.k;
    const int lines = ceil_div(p.c, kLine);
    problem.steps = p.r * p.s * lines;
    problem.result = result_of(y, p.dtype == DType::bf16, p.k, epilogue);
    problem.result_rows = {p.k, 0};
    problem.width = FastDivide(p.q);
    problem.height = FastDivide(p.p);
    problem.lines = FastDivide(lines);
    problem.taps = FastDivide(p.s);
    problem.line = kLine;
    problem.stride_h = p.stride_h;
    problem.stride_w = p.stride_w;
    problem.pad_h = p.pad_h;
    problem.pad_w = p.pad_w;
    problem.dilation_h = p.dilation_h;
    problem.dilation_w = p.dilation_w;
    const auto with = [&]<class Tile>(Tile) {
      image.pixels = Tile::kM;
      filter.box[2] = Tile::kN;
      problem.x = make_map(image);
      problem.w = make_map(filter);
      launch_twin<Number, Tile>(stream, problem);
    };
    switch (plan.tile) {
      case TileName::twin_wide: return with(TwinWide{});
      case TileName::twin_square: return with(TwinSquare{});
      case TileName::twin_narrow: return with(TwinNarrow{});
      default: throw std::runtime_error("conv2d forward: the tile is not one of a twin's");
    }
  };
  p.dtype == DType::bf16 ? run(MmaBf16{}) : run(MmaTf32{});
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
