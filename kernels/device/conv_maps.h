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

// Rows (columns) of an image with its border around it: which of its own each is.
struct BorderAxis {
  int pad = 0;               // rows in front
  int extent = 0, last = 0;  // rows of the image itself, and the last of them
  int fold = 0;              // all bits: what lies outside is reflected; none: the last row inside is repeated

  __host__ __device__ constexpr int own(int padded) const {
    const int i = padded - pad;
    const int before = i < 0 ? -i : 0, behind = i > last ? i - last : 0;
    return i + before - behind + (before & fold) - (behind & fold);
  }
};
constexpr BorderAxis border_axis(int extent, int pad, Padding border) { return {pad, extent, extent - 1, border == Padding::reflect ? -1 : 0}; }

// An image of so many rows and columns, and where a pixel inside lies, counted in pixels.
struct PlainPixels {
  int rows, columns;
  __host__ __device__ constexpr int64_t at(int image, int row, int column) const {
    return (int64_t{image} * rows + row) * columns + column;
  }
};
// The same of the image with its border around it.
struct BorderPixels {
  int rows, columns;
  BorderAxis down, across;
  __host__ __device__ constexpr int at(int image, int row, int column) const {
    return (image * down.extent + down.own(row)) * across.extent + across.own(column);
  }
};
constexpr BorderPixels border_pixels(const Conv2d& p) {
  return {p.h + 2 * p.pad_h, p.w + 2 * p.pad_w, border_axis(p.h, p.pad_h, p.border), border_axis(p.w, p.pad_w, p.border)};
}
// Of an image whose border is zeros, which nobody reads.
constexpr BorderPixels pixels_without_border(int rows, int columns) {
  return {rows, columns, border_axis(rows, 0, Padding::zero), border_axis(columns, 0, Padding::zero)};
}

// The channels of an image that lies in one tensor, or in two side by side in channels: where each is.
struct ImageChannels {
  int first = 0, rest = 0;  // channels of the first tensor (all, if it is the only one) and of the second: elements between their pixels
  int64_t second = 0;       // elements from the first tensor's beginning to the second's

  // A channel of pixel number i lies i * pitch + offset elements from the first tensor's beginning.
  struct Place {
    int64_t offset;
    int pitch;
  };
  __host__ __device__ constexpr Place of(int channel) const {
    return channel < first ? Place{channel, first} : Place{second + (channel - first), rest};
  }
  __host__ __device__ constexpr int64_t offset(int pixel, int channel) const {
    const Place place = of(channel);
    return pixel * place.pitch + place.offset;
  }
};
template <class T, class Void>
ImageChannels image_channels(const ImageData<Void>& image, int channels, int first) {
  if (first == 0) return {channels, 0, 0};
  const int64_t bytes = static_cast<int64_t>(reinterpret_cast<uintptr_t>(image.second) - reinterpret_cast<uintptr_t>(image.first));
  return {first, channels - first, bytes / static_cast<int64_t>(sizeof(T))};
}

// Pixels of an image that is read through its border, or lies in two tensors.
struct GatherPixels {
  int rows, columns;   // with the border
  BorderPixels inner;
  ImageChannels channels;
  __host__ __device__ constexpr int at(int image, int row, int column) const { return inner.at(image, row, column); }
};
template <class T, class Void>
GatherPixels gather_pixels(const BorderPixels& pixels, const ImageData<Void>& image, int channels, int first) {
  return {pixels.rows, pixels.columns, pixels, image_channels<T>(image, channels, first)};
}

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
  __host__ __device__ constexpr int offset(const Corner& corner, const Tap& tap) const { return corner.offset + tap.offset; }
};

// Of a problem whose border is zeros.
constexpr PatchMap patch_map(const Conv2d& p) {
  return {forward_axis(p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h), forward_axis(p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w),
          FastDivide(p.c / p.groups), p.c};
}

// The same of an image that is read through its border, or lies in two tensors: rows and columns are those of the image with its border
// around it. The offset of a corner is the first row of its image, that of a tap where its channel lies in a pixel: what lies where is
// known only when both have met.
struct GatherTap {
  int64_t offset;
  int pitch;  // of the tensor that its channel is in
  int row, column;
};
struct GatherMap {
  PatchMap padded;
  BorderPixels pixels;
  ImageChannels channels;

  __host__ __device__ constexpr Corner corner(int position) const {
    Corner corner = padded.corner(position);
    padded.horizontal.positions.split(position);
    padded.vertical.positions.split(position);
    corner.offset = position * pixels.down.extent;
    return corner;
  }
  __host__ __device__ constexpr GatherTap tap(int index) const {
    const Tap tap = padded.tap(index);
    const ImageChannels::Place place = channels.of(padded.channels.split(index));
    return {place.offset, place.pitch, tap.row, tap.column};
  }
  __host__ __device__ constexpr bool inside(const Corner& corner, const GatherTap& tap) const {
    return padded.inside(corner, {0, tap.row, tap.column});
  }
  __host__ __device__ constexpr int64_t offset(const Corner& corner, const GatherTap& tap) const {
    const int row = corner.offset + pixels.down.own(corner.row + tap.row);
    return (row * pixels.across.extent + pixels.across.own(corner.column + tap.column)) * tap.pitch + tap.offset;
  }
};
constexpr GatherMap gather_map(const Conv2d& p, const ImageChannels& channels) {
  return {patch_map(padded_problem(p)), p.border == Padding::zero ? pixels_without_border(p.h, p.w) : border_pixels(p), channels};
}
constexpr bool needs_gather(const Conv2d& p) { return p.border != Padding::zero || has_pair(p); }

}  // namespace ganymede::kernels::GANYMEDE_TARGET
