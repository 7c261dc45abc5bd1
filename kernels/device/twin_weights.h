// What the twins of the weight gradient share (src/conv2d_weight_gradient_twin.cu, src/conv2d_weight_gradient_turned.cu): the product's rows
// are output channels, its columns come in blocks of 64 channels of one tap (the last of a tap may be narrower: its padding is
// multiplied, not stored), its units are parts of the sum over positions.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct TwinWeights {
  static constexpr bool kManyTiles = false;   // parts are as many as multiprocessors
  TensorMap dy, x;
  int units;                       // parts
  int slices, part;                // steps of the sum: all, those of a part
  int outputs, channels, blocks;   // K, C, blocks of columns
  FastDivide lines;                // blocks of a tap
  int64_t pitch, part_stride;
  Result result;

  // to: dw, or room for the parts where there are several.
  TwinWeights(const Conv2d& p, TilePlan plan, int slices, float* to)
      : units(plan.parts), slices(slices), part(ceil_div(slices, plan.parts)), outputs(p.k), channels(p.c), blocks(p.r * p.s * ceil_div(p.c, 64)),
        lines(ceil_div(p.c, 64)), pitch(int64_t{p.r} * p.s * p.c), part_stride(p.k * pitch), result(result_of(to, false, pitch, {nullptr, Unary::identity, 0})) {
    if (p.c % 2 != 0) result.vectors = false;   // then every other tap's columns begin at an odd place
  }

  struct Fetch {
    int slice, row, block;
  };
  struct Output {
    int rows;
    const Result& result;
    StridedRows map;
    FastDivide lines;
    int channels, blocks;
    __device__ ColumnRun columns(int column) const {
      int tap = column / 64;
      if (tap >= blocks) return {0, 0};
      const int channel = lines.split(tap) * 64 + column % 64;
      return {channels - channel, tap * channels + channel};
    }
  };
  __device__ int rows(int) const { return outputs; }
  __device__ int steps(int unit) const {
    const int left = slices - unit * part;
    return left < part ? left > 0 ? left : 1 : part;   // the last parts may be empty: their step lies behind all positions
  }
  __device__ Output output(int unit) const { return {outputs, result, {pitch, unit * part_stride}, lines, channels, blocks}; }
  __device__ Fetch fetch(int unit, int row, int column) const { return {unit * part, row, column / 64}; }
  __device__ void prefetch() const {
#if GANYMEDE_HOPPER_CODE
    simt::tma_prefetch(dy);
    simt::tma_prefetch(x);
#endif
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
