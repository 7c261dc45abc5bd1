// The index arithmetic of convolution as matrix product: which element of the gathered image a (position,
// tap) pair meets. Forward and every phase of the data gradient are the same map with other numbers, so one
// operand serves them; the weight gradient uses it with the two roles exchanged. Plain functions, tested
// without running a kernel.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/device/fast_divide.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Row or column numbers beyond every image; the sum of two of them does not overflow.
constexpr int kNowhere = -(1 << 30);

// One spatial axis of the gather: position i and tap j meet coordinate i * step + origin + j * tap_step,
// which counts only inside [0, extent).
struct ConvAxis {
  int extent = 0;  // of the gathered image
  int step = 0, origin = 0, tap_step = 0;
  FastDivide positions, taps;  // how many there are (divisor; at least 1)
  int position_count = 0, tap_count = 0;
  int tap_first = 0, tap_stride = 0;      // tap j is row (column) tap_first + j * tap_stride of the filter
  int store_first = 0, store_stride = 0;  // position i is row (column) store_first + i * store_stride of the
                                          // result
};

__host__ __device__ constexpr ConvAxis forward_axis(int extent, int positions, int taps, int stride, int pad,
                                                    int dilation) {
  ConvAxis axis;
  axis.extent = extent;
  axis.step = stride;
  axis.origin = -pad;
  axis.tap_step = dilation;
  axis.position_count = positions;
  axis.tap_count = taps;
  axis.positions = FastDivide(positions > 0 ? positions : 1);
  axis.taps = FastDivide(taps > 0 ? taps : 1);
  axis.tap_stride = 1;
  axis.store_stride = 1;
  return axis;
}

__host__ __device__ constexpr int greatest_common_divisor(int a, int b) {
  while (b != 0) {
    const int rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// One phase of the data gradient along one axis: the input rows h = phase + i * stride. They meet those taps
// r with r * dilation = h + pad (mod stride), that is every (stride / gcd(stride, dilation))-th from the
// first that does, and output row (h + pad - r * dilation) / stride. No tap may meet the phase; its gradient
// is then zero.
__host__ __device__ constexpr ConvAxis gradient_axis(int phase, int inputs, int outputs, int taps, int stride,
                                                     int pad, int dilation) {
  const int common = greatest_common_divisor(stride, dilation);
  ConvAxis axis;
  axis.extent = outputs;
  axis.step = 1;
  axis.tap_step = -(dilation / common);
  axis.tap_stride = stride / common;
  axis.store_first = phase;
  axis.store_stride = stride;
  axis.position_count = phase < inputs ? (inputs - phase + stride - 1) / stride : 0;
  int first = 0;
  while (first < taps && (phase + pad - first * dilation) % stride != 0) ++first;
  axis.tap_first = first;
  axis.tap_count = first < taps ? (taps - first + axis.tap_stride - 1) / axis.tap_stride : 0;
  axis.origin = first < taps ? (phase + pad - first * dilation) / stride : 0;
  axis.positions = FastDivide(axis.position_count > 0 ? axis.position_count : 1);
  axis.taps = FastDivide(axis.tap_count > 0 ? axis.tap_count : 1);
  return axis;
}

// Tensors have at most this many elements, so that offsets, also those of corners a little outside, fit 32
// bits.
constexpr int64_t kMaxElements = 0x7F000000;

// Where the window of a position starts: its element offset in the whole tensor (which may lie outside) and
// its row and column in the image.
struct Corner {
  int offset;
  int row, column;
};

// What a tap adds to a corner.
struct Tap {
  int offset;
  int row, column;
};

// The gather of an image [N, extent, extent, pitch], of which this map sees `channels` channels from the
// start of a pixel. Position = (n * rows + p) * columns + q; tap = (r * taps + s) * channels + c.
struct PatchMap {
  ConvAxis vertical, horizontal;
  FastDivide channels;
  int pitch;  // channels of the image: elements between pixels

  __host__ __device__ constexpr Corner corner(int position) const {
    const int q = horizontal.positions.split(position);
    const int p = vertical.positions.split(position);
    const int row = p * vertical.step + vertical.origin;
    const int column = q * horizontal.step + horizontal.origin;
    return {((position * vertical.extent + row) * horizontal.extent + column) * pitch, row, column};
  }
  __host__ __device__ constexpr Tap tap(int index) const {
    const int c = channels.split(index);
    const int s = horizontal.taps.split(index);
    const int row = index * vertical.tap_step;
    const int column = s * horizontal.tap_step;
    return {(row * horizontal.extent + column) * pitch + c, row, column};
  }
  __host__ __device__ constexpr bool inside(const Corner& corner, const Tap& tap) const {
    return static_cast<unsigned>(corner.row + tap.row) < static_cast<unsigned>(vertical.extent) &&
           static_cast<unsigned>(corner.column + tap.column) < static_cast<unsigned>(horizontal.extent);
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
