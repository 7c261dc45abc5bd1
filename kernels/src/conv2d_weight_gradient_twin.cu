// The twin of the weight gradient for sm_90a (bf16, one group; that of tf32 is in conv2d_weight_gradient_turned.cu):
//   dw[k, (r,s,c)] = sum over (n,p,q) of dy[(n,p,q), k] * x[n, h, w, c]
//   h = p*stride - pad + r*dilation, likewise w
// A block takes tiles of 128 output channels x 64 to 256 columns of one part of the sum, one after another (device/twin_weights.h). A
// step of the sum is 64 positions: their lines of dy, along k, and by TMA's im2col mode their lines of x at a tap, along c, so that
// both operands lie along the product's rows and columns. dy may lie in two tensors of equally many channels. Parts go to the workspace and are added in their order by sum_parts.
// Moves dy once a tile column, x once a tap and tile row (from L2 after the first), dw 1 + 2 * parts times (parts > 1). Bound: tensor cores.
#include "kernels/device/conv_plan.h"
#include "kernels/device/twin_maps.h"
#include "kernels/device/twin_weights.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct WeightGradientTwin : TwinWeights {
  static constexpr Major kMajorA = Major::mn, kMajorB = Major::mn;
  TwinWindows windows;
  TensorMap dy_second;   // where dy lies in two tensors
  TwinHalves halves;

  template <int kN>
  __device__ void load(const Fetch& at, int step, unsigned char* to_dy, unsigned char* to_x, simt::Mbarrier& full) const {
#if GANYMEDE_HOPPER_CODE
    const int position = (at.slice + step) * 64;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const int k = at.row + 64 * i;
      simt::tma_load_tile(to_dy + i * kTwinBlock, halves.tensor(k) ? dy_second : dy, {halves.own(k), position}, full);
    }
    const TwinWindows::Corner corner = windows.corner(position);
#pragma unroll
    for (int i = 0; i < kN / 64; ++i) {
      // Blocks behind the last are filled with it: the bytes of a stage are always the same.
      int tap = at.block + i < blocks ? at.block + i : blocks - 1;
      const int channel = lines.split(tap) * 64, s = windows.taps.split(tap);
      simt::tma_load_im2col(to_x + i * kTwinBlock, x, {channel, corner.w, corner.h, corner.n}, s * windows.dilation_w, tap * windows.dilation_h, full);
    }
#endif
  }
};

bool convolve_weight_gradient_twin(Stream stream, const Conv2d& p, ImageIn x, ImageIn dy, float* dw, float* workspace, TilePlan plan) {
  require_twin(has_twin(Conv2dRole::weight_gradient, p), "conv2d weight gradient");
  if (p.dtype == DType::f32) {
    if (!workspace) return false;
    convolve_weight_gradient_turned(stream, p, x, dy, dw, workspace, workspace + gradient_parts_elements(p, plan), plan);
    return true;
  }
  if (!aligned(x.first, 16) || !aligned(dy.first, 16) || (p.k_first > 0 && !aligned(dy.second, 16))) return false;
  const int positions = p.n * p.p * p.q;
  MapSpec image = window_map<MmaBf16>(x.first, p), above;
  image.channels = image.pixels = 64;
  above.data = dy.first;
  above.rank = 2;
  above.size[0] = uint64_t(p.k_first > 0 ? p.k_first : p.k);
  above.size[1] = uint64_t(positions);
  above.stride[0] = above.size[0] * 2;
  above.box[0] = above.box[1] = 64;
  WeightGradientTwin problem{{p, plan, ceil_div(positions, 64), plan.parts > 1 ? workspace : dw}, TwinWindows(p), {}, twin_halves(p.k_first)};
  problem.x = make_map(image);
  problem.dy = make_map(above);
  if (p.k_first > 0) {
    above.data = dy.second;
    problem.dy_second = make_map(above);
  }
  with_twin_tile(plan.tile, [&]<class Tile>(Tile) { launch_twin<MmaBf16, Tile>(stream, problem, p.k, problem.blocks * 64); });
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
